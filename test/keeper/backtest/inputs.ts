import { expect } from "chai";

import { readBook } from "../../../keeper/backtest/inputs/bookFile.ts";
import { readCandles } from "../../../keeper/backtest/inputs/candles.ts";
import { readGasPrices } from "../../../keeper/backtest/inputs/gasPrices.ts";
import { readImpliedVolatility, trailingVolatility } from "../../../keeper/backtest/inputs/volatility.ts";
import { pricePath } from "../../../keeper/backtest/pricePath.ts";
import { SeriesCursor } from "../../../keeper/backtest/seriesCursor.ts";
import { InputError } from "../../../keeper/history/inputError.ts";
import { recordedData } from "../../support/recordedData.ts";
import { expectNear } from "../../support/near.ts";
import { DAY, START } from "../utils/backtestScenarios.ts";
import { scratch } from "../utils/scratch.ts";

const HEAD = "ts,open,high,low,close";

/** Candles of so many seconds that close where the next opens. */
function candles(count: number, seconds: number, start = START): string {
  const rows = Array.from({ length: count }, (_, index) => {
    const open = 2000 + 10 * index;
    return [start + index * seconds, open, open + 15, open - 5, open + 10].join(",");
  });
  return `${[HEAD, ...rows].join("\n")}\n`;
}

describe("the inputs of a backtest", () => {
  const files = scratch();

  describe("candles", () => {
    it("of any length are taken for the period that is asked for, with what came before", () => {
      const prices = files.write("m15.csv", candles(8 * 96, 900));
      const {
        candles: taken,
        history,
        source,
      } = readCandles({ prices, from: "2025-01-03", to: "2025-01-04" });
      expect([taken.start, taken.seconds, taken.open.length]).to.deep.equal([START + 2 * DAY, 900, 192]);
      expect(taken.open[0]).to.equal(2000 + 10 * 192);
      expect(history).to.have.length(192);
      expect(history.at(-1)).to.deep.equal({ timestamp: START + 2 * DAY, price: taken.open[0] });
      expect(source).to.contain("2025-01-03T00:00:00Z to 2025-01-05T00:00:00Z, candles of 900 s");
    });

    it("are walked through so that each open, and the extremes, are met", () => {
      const { candles: taken } = readCandles({ prices: files.write("h.csv", candles(5, 3600)) });
      for (const step of [60, 300, 1200]) {
        const { prices, start } = pricePath(taken, step, 1, 0);
        const each = 3600 / step;
        expect([start, prices.length]).to.deep.equal([START, 5 * each + 1]);
        for (let index = 0; index < 5; index++) {
          const walked = prices.slice(index * each, (index + 1) * each);
          expect(walked[0]).to.equal(taken.open[index]);
          expect(Math.min(...walked)).to.equal(taken.low[index]);
          expect(Math.max(...walked)).to.equal(taken.high[index]);
        }
        expect(prices.at(-1)).to.equal(taken.close[4]);
        expect(pricePath(taken, step, 1, 1).prices).to.not.deep.equal(prices);
      }
      // As long as a candle: nothing is left to walk.
      expect([...pricePath(taken, 3600, 1, 0).prices]).to.deep.equal([...taken.open, taken.close[4]]);
    });

    for (const [what, text, period, message] of [
      [
        "a gap",
        candles(3, 3600) + candles(2, 3600, START + 4 * 3600).replace(`${HEAD}\n`, ""),
        {},
        /row 5: a gap: ts is 7200 s/,
      ],
      [
        "a period before the file",
        candles(3, 3600),
        { from: "2024-12-31" },
        /--from 2024-12-31 is outside the file/,
      ],
      [
        "a period after the file",
        candles(3, 3600),
        { to: "2025-01-02" },
        /--to 2025-01-02 is outside the file/,
      ],
      [
        "a period the wrong way round",
        candles(3, 3600),
        { from: "2025-01-02", to: "2025-01-01" },
        /is not after --from/,
      ],
      [
        "a period shorter than a candle",
        candles(3, 3600),
        { from: "2025-01-01T00:10", to: "2025-01-01T00:50" },
        /no whole candle/,
      ],
      ["no prices", `${HEAD}\n`, {}, /no rows/],
      ["another file", "a,b\n1,2\n", {}, /has no column ts/],
    ] as const)
      it(`with ${what} are refused in one line`, () => {
        const prices = files.write("p.csv", text);
        expect(() => readCandles({ prices, ...period })).to.throw(InputError, message);
      });
  });

  describe("gas prices", () => {
    const period = { start: START, end: START + 2 * DAY };

    it("by the day count at noon, and move evenly in logarithm between", () => {
      const rows = ["2024-12-31,10", "2025-01-01,20", "2025-01-02,40", "2025-01-03,40"];
      const series = readGasPrices(
        files.write("g.csv", `date,avg_gas_price_gwei\n${rows.join("\n")}\n`),
        period,
      );
      const gas = new SeriesCursor(series);
      expectNear(gas.at(START), 10 * Math.SQRT2, 1e-9);
      expectNear(gas.at(START + DAY / 2), 20, 1e-9);
      expectNear(gas.at(START + DAY), 20 * Math.SQRT2, 1e-9);
      expectNear(gas.at(START + 9 * DAY), 40, 1e-9);
    });

    it("at moments come under several names", () => {
      for (const name of ["average_gwei", "base_fee_gwei", "gwei"]) {
        const text = `ts,${name}\n${String(START)},5\n${String(START + DAY)},6\n${String(START + 2 * DAY)},7\n`;
        expect(readGasPrices(files.write("g.csv", text), period).values).to.deep.equal([5, 6, 7]);
      }
    });

    for (const [what, text, message] of [
      ["other columns", "ts,price\n1,2\n", /has neither the columns date, avg_gas_price_gwei nor ts/],
      ["too short a time", `ts,gwei\n${String(START)},5\n`, /needed are 2025-01-01T00:00:00Z to 2025-01-03/],
      ["a gap", `ts,gwei\n${String(START)},5\n${String(START + 3 * DAY)},5\n`, /row 3: a gap/],
      [
        "no price",
        `ts,gwei\n${String(START)},0\n${String(START + 2 * DAY)},5\n`,
        /row 2: gas price 0 is not above 0/,
      ],
    ] as const)
      it(`with ${what} are refused in one line`, () => {
        expect(() => readGasPrices(files.write("g.csv", text), period)).to.throw(InputError, message);
      });
  });

  describe("volatility", () => {
    it("implied is the last that was known", () => {
      const rows = [60, 61, 62].map((open, hour) => [START + hour * 3600, open, 99, 1, 50].join(","));
      const file = files.write("v.csv", `${[HEAD, ...rows].join("\n")}\n`);
      const series = readImpliedVolatility(file, { start: START, end: START + 3 * 3600 });
      const volatility = new SeriesCursor(series);
      expect([0, 3599, 3600, 9000].map((after) => volatility.at(START + after))).to.deep.equal([
        0.6, 0.6, 0.61, 0.62,
      ]);
      expect(() => readImpliedVolatility(file, { start: START - 1, end: START })).to.throw(
        InputError,
        /needed are/,
      );
    });

    it("implied is refused where what was known is older than a day, also by a gap around the whole period", () => {
      const rows = [0, 1, 10, 11].map((day) => [START + day * DAY, 60, 99, 1, 50].join(","));
      const file = files.write("v.csv", `${[HEAD, ...rows].join("\n")}\n`);
      const read = (from: number, to: number) => () =>
        readImpliedVolatility(file, { start: START + from * DAY, end: START + to * DAY });
      expect(read(0, 1)().values).to.deep.equal([0.6]);
      for (const [from, to] of [
        [2, 3],
        [0, 11],
        [1, 2],
      ] as const)
        expect(read(from, to)).to.throw(InputError, /row 4: a gap: ts is 777600 s after the row above/);
      expect(read(10, 12)().values).to.deep.equal([0.6, 0.6]);
    });

    it("that the past has shown knows nothing of what comes", () => {
      const prices = files.write("h.csv", candles(240, 3600));
      const early = readCandles({ prices, from: "2025-01-04", to: "2025-01-06" });
      const late = readCandles({ prices, from: "2025-01-04", to: "2025-01-05" });
      const [long, short] = [trailingVolatility(early), trailingVolatility(late)];
      expect(long.values.slice(0, short.values.length)).to.deep.equal(short.values);
      const spike = {
        ...late,
        candles: { ...late.candles, close: late.candles.close.map((price) => 2 * price) },
      };
      expect(trailingVolatility(spike).values[0]).to.equal(short.values[0]);
      expect(trailingVolatility(spike).values[1]).to.be.greaterThan(2 * short.values[1]!);
    });
  });

  describe("books", () => {
    it("are arrays of options, or roll", () => {
      const options = [
        { type: "call", strike: 3000, cap: 3500, quantity: -10, expiry: "2025-01-31T08:00:00Z", sigma: 0.7 },
        { type: "put", strikeRatio: 0.9, quantity: 5, tau: 0.1 },
      ];
      expect(readBook(files.write("b.json", options))).to.deep.include({
        rolls: false,
        entries: [{ ...options[0], expiry: 1_738_310_400 }, options[1]],
      });
      const rolling = { options: [options[1]], roll: true };
      expect(readBook(files.write("b.json", rolling)).rolls).to.equal(true);
    });

    const option = { type: "call", strike: 3000, quantity: -1, tau: 0.1 };
    for (const [what, content, message] of [
      ["no JSON", "{", /cannot be read/],
      ["no options", [], /has no options/],
      ["something else", { legs: [] }, /is neither an array of options/],
      [
        "an option without a strike",
        [option, { ...option, strike: undefined }],
        /option 1: strike: Either strike/,
      ],
      ["an unknown field", [{ ...option, delta: 1 }], /option 0: delta: Unrecognized key/],
      ["a cap below the strike", [{ ...option, cap: 2000 }], /option 0: cap: The cap of a call/],
      ["two expiries", [{ ...option, expiry: 2e9 }], /option 0: tau: Either tau/],
      [
        "fixed strikes that roll",
        { options: [option], roll: true },
        /rolls: each of its options needs strikeRatio/,
      ],
    ] as const)
      it(`with ${what} are refused in one line`, () => {
        expect(() => readBook(files.write("b.json", content))).to.throw(InputError, message);
      });
  });

  it("are read from recorded files", function () {
    const prices = recordedData(this, "eth_usd_1h.csv.gz");
    const { candles: taken, history } = readCandles({ prices, from: "2022-11-07", to: "2022-11-11" });
    expect([taken.open.length, history.length]).to.deep.equal([120, 720]);
    const period = { start: taken.start, end: taken.start + 120 * 3600 };
    const dvol = readImpliedVolatility(recordedData(this, "eth_dvol_1h.csv.gz"), period);
    expect(Math.max(...dvol.values)).to.be.within(1.2, 2);
    const gas = readGasPrices(recordedData(this, "gas_daily_etherscan.csv.gz"), period);
    expect(Math.max(...gas.values)).to.be.within(20, 100);
    expect(trailingVolatility({ candles: taken, history }).values.at(-1)).to.be.within(0.8, 2);
  });
});
