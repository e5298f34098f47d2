import { expect } from "chai";
import fc from "fast-check";

import { HOUR_SECONDS } from "../../keeper/history/candle.ts";
import { InputError } from "../../keeper/history/inputError.ts";
import { generatePricePath, readPricePath } from "../../scripts/market/priceSource.ts";
import { recordedData } from "../support/recordedData.ts";
import { writeTable } from "./support/tableFile.ts";

const HEADER = "ts,open,high,low,close,volume";
const START = Date.UTC(2024, 0, 1) / 1000;

function rows(count: number): string[] {
  return Array.from({ length: count }, (_, hour) => {
    const open = 2000 + hour;
    return `${String(START + hour * HOUR_SECONDS)},${String(open)},${String(open + 5)},${String(open - 5)},${String(open + 1)},7`;
  });
}

function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    expect(error).to.be.instanceOf(InputError);
    return (error as InputError).message;
  }
  throw new Error("nothing was refused");
}

describe("recorded prices", () => {
  it("plays whole UTC days, the last one included, with the hours before them as history", () => {
    const prices = writeTable([HEADER, ...rows(96)]);
    const path = readPricePath({ prices, from: "2024-01-02", to: "2024-01-03" });
    expect(path.candles.length).to.equal(48);
    expect(path.candles[0]).to.deep.equal({
      timestamp: START + 86_400,
      open: 2024,
      high: 2029,
      low: 2019,
      close: 2025,
    });
    expect(path.candles.at(-1)!.timestamp).to.equal(START + 3 * 86_400 - HOUR_SECONDS);
    expect(path.history.length).to.equal(24);
    expect(path.source).to.contain("2024-01-02T00:00:00Z to 2024-01-04T00:00:00Z");
  });

  it("takes ISO datetimes, as UTC unless they say otherwise, and the whole file by default", () => {
    const prices = writeTable([HEADER, ...rows(48)], { gzip: true });
    const utc = readPricePath({ prices, from: "2024-01-01T05:00", to: "2024-01-01T09:00Z" });
    expect(utc.candles.map(({ timestamp }) => (timestamp - START) / HOUR_SECONDS)).to.deep.equal([
      5, 6, 7, 8,
    ]);
    const offset = readPricePath({ prices, from: "2024-01-01T05:00+02:00", to: "2024-01-01T06:30+02:00" });
    expect(offset.candles.map(({ timestamp }) => (timestamp - START) / HOUR_SECONDS)).to.deep.equal([3]);
    expect(readPricePath({ prices }).candles.length).to.equal(48);
  });

  it("keeps thirty days of history at most, and none from before a gap", () => {
    const long = writeTable([HEADER, ...rows(800)]);
    expect(readPricePath({ prices: long, from: "2024-02-02", to: "2024-02-02" }).history.length).to.equal(
      720,
    );
    const holed = rows(96);
    holed.splice(10, 1);
    const gap = writeTable([HEADER, ...holed]);
    expect(readPricePath({ prices: gap, from: "2024-01-02", to: "2024-01-02" }).history.length).to.equal(13);
  });

  it("names the row at fault, counting the header as row 1", () => {
    const faults: readonly [cells: (row: string[]) => string[], message: RegExp][] = [
      [([ts, , ...rest]) => [ts!, "abc", ...rest], /open "abc" is not a number/],
      [([ts, , ...rest]) => [ts!, "", ...rest], /open "" is not a number/],
      [([ts, , ...rest]) => [ts!, "0", ...rest], /open 0 is not above 0/],
      [([ts, open, high, , ...rest]) => [ts!, open!, high!, "-3", ...rest], /low -3 is not above 0/],
      [([ts, open, , ...rest]) => [ts!, open!, open!, ...rest], /high .* is below/],
      [([ts, open, high, , ...rest]) => [ts!, open!, high!, high!, ...rest], /low .* is above/],
      [([, ...rest]) => [String(START - 1), ...rest], /not after the row above/],
      [([ts, ...rest]) => [`${ts!}.5`, ...rest], /not a whole number of seconds/],
    ];
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 47 }), fc.constantFrom(...faults), (at, [spoil, message]) => {
        const lines = rows(48);
        lines[at] = spoil(lines[at]!.split(",")).join(",");
        const prices = writeTable([HEADER, ...lines]);
        const text = refusal(() => readPricePath({ prices }));
        // A first row can only be out of order before the second.
        const isOrder = message.source.includes("row above");
        if (isOrder && at === 0) return;
        expect(text).to.match(message);
        expect(text).to.contain(`--prices ${prices} row ${String(at + 2)}:`);
        expect(text).not.to.contain("\n");
      }),
      { numRuns: 60 },
    );
  });

  it("refuses prices at which the book cannot be written, and says which row", () => {
    const scaled = (factor: number) =>
      writeTable([
        HEADER,
        ...rows(8).map((line) => {
          const [ts, ...prices] = line.split(",");
          return [ts, ...prices.map((price) => Number(price) * factor)].join(",");
        }),
      ]);
    const read = (factor: number) => readPricePath({ prices: scaled(factor) });
    for (const factor of [1e-5, 0.004, 51, 1e6, 1e8]) {
      expect(refusal(() => read(factor))).to.match(
        /^--prices \S+ row 2: \w+ \S+ is outside 10 to 100,000 USD, at which the book of the demo can be written$/,
      );
    }
    for (const factor of [0.00502, 49]) expect(read(factor).candles.length).to.equal(8);
  });

  it("plays a jump, unless it leads out of the pool's liquidity", () => {
    const jump = (to: number) => {
      const lines = rows(8).map((line) => line.split(",").slice(0, 5).join(","));
      const [high, low] = [Math.max(2000, to), Math.min(2000, to)].map(String);
      lines[5] = `${String(START + 5 * HOUR_SECONDS)},2000,${high!},${low!},${String(to)}`;
      return () => readPricePath({ prices: writeTable([HEADER.replace(",volume", ""), ...lines]) });
    };
    for (const far of [18_000, 223]) expect(jump(far)().candles[5]!.close).to.equal(far);
    expect(refusal(jump(18_001))).to.match(
      /^--prices \S+ row 7: high 18001 is more than 9 times from the path's first price 2000, further than /,
    );
    expect(refusal(jump(222))).to.match(
      /row 7: low 222 is more than 9 times from the path's first price 2000/,
    );
  });

  it("refuses a gap in the period and says where", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 46 }), (missing) => {
        const lines = rows(48);
        lines.splice(missing, 1);
        const prices = writeTable([HEADER, ...lines]);
        expect(refusal(() => readPricePath({ prices }))).to.contain(`row ${String(missing + 2)}: a gap`);
      }),
      { numRuns: 20 },
    );
  });

  it("refuses a gap at the period's edge", () => {
    const lines = rows(96);
    lines.splice(24, 2);
    const prices = writeTable([HEADER, ...lines]);
    expect(refusal(() => readPricePath({ prices, from: "2024-01-02", to: "2024-01-03" }))).to.match(
      /row 26: a gap/,
    );
    expect(refusal(() => readPricePath({ prices, from: "2024-01-01", to: "2024-01-02T02:00" }))).to.match(
      /row 25: a gap/,
    );
  });

  it("refuses files it cannot use", () => {
    expect(refusal(() => readPricePath({ prices: "/nowhere/x.csv" }))).to.equal(
      "--prices /nowhere/x.csv does not exist",
    );
    expect(refusal(() => readPricePath({ prices: writeTable(["time,price", "1,2"]) }))).to.match(
      /has no column ts; its columns are time, price$/,
    );
    expect(refusal(() => readPricePath({ prices: writeTable([HEADER]) }))).to.match(/no rows/);
    expect(refusal(() => readPricePath({ prices: writeTable([HEADER, "1,2"]) }))).to.match(
      /not a CSV: .*line 2/,
    );
    expect(refusal(() => readPricePath({ prices: "/tmp" }))).to.match(/cannot be read/);
  });

  it("refuses periods outside the file or upside down", () => {
    const prices = writeTable([HEADER, ...rows(48)]);
    const period = (from?: string, to?: string): string => refusal(() => readPricePath({ prices, from, to }));
    expect(period("2023-12-31")).to.match(
      /^--from 2023-12-31 is outside the file: .* 2024-01-01T00:00:00Z to 2024-01-03/,
    );
    expect(period("2024-01-03")).to.match(/^--from 2024-01-03 is outside/);
    expect(period("2024-01-01", "2024-01-03")).to.match(/^--to 2024-01-03 is outside/);
    expect(period("2024-01-02", "2024-01-01")).to.match(/^--to 2024-01-01 is not after --from 2024-01-02$/);
    expect(period("2024-01-01T01:10", "2024-01-01T01:50")).to.match(/no whole candle of/);
    for (const date of ["yesterday", "2024-02-30", "2024-13-01", "03/01/2024", "2024-01-01T25:00"]) {
      expect(period(date)).to.equal(`--from ${date}: expected a day YYYY-MM-DD or an ISO datetime`);
    }
  });

  it("reads the recorded years", function () {
    const prices = recordedData(this, "eth_usd_1h.csv.gz");
    const path = readPricePath({ prices, from: "2024-08-03", to: "2024-08-07" });
    expect(path.candles.length).to.equal(120);
    expect(path.history.length).to.equal(720);
    expect(Math.min(...path.candles.map(({ low }) => low))).to.be.within(2000, 2200);
  });
});

describe("generated prices", () => {
  const options = { seed: 7, start: START, hours: 240, spot: 3210.5 };

  it("repeat for a seed, differ between seeds", () => {
    expect(generatePricePath(options)).to.deep.equal(generatePricePath(options));
    const other = generatePricePath({ ...options, seed: 8 });
    expect(other.candles[5]!.close).not.to.equal(generatePricePath(options).candles[5]!.close);
  });

  it("start at the spot asked for, each candle opening where the last closed", () => {
    const { history, candles } = generatePricePath(options);
    expect(candles[0]!.open).to.equal(3210.5);
    expect(candles[0]!.timestamp).to.equal(START);
    expect(candles.length).to.equal(240);
    const all = [...history, ...candles];
    for (const [index, { timestamp, open, high, low, close }] of all.entries()) {
      expect(low <= Math.min(open, close) && high >= Math.max(open, close)).to.equal(true);
      const next = all[index + 1];
      if (next !== undefined)
        expect([next.open, next.timestamp]).to.deep.equal([close, timestamp + HOUR_SECONDS]);
    }
  });

  it("swing about the volatility they state", () => {
    const { candles } = generatePricePath({ ...options, hours: 24 * 365 });
    const squares = candles.reduce((sum, { open, close }) => sum + Math.log(close / open) ** 2, 0);
    // 65 % and the jumps' 26·(1 % ² + 3 % ²) a year.
    expect(Math.sqrt(squares)).to.be.within(0.5, 0.85);
  });
});
