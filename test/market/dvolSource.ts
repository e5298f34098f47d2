import { expect } from "chai";

import { readImpliedVolatility } from "../../scripts/market/dvolSource.ts";
import { InputError } from "../../keeper/history/inputError.ts";
import { recordedData } from "../support/recordedData.ts";
import { writeTable } from "./support/tableFile.ts";

const START = Date.UTC(2024, 0, 1) / 1000;
const HEADER = "ts,open,high,low,close";
const LINES = [60, 62, 58, 55].map((open, hour) => `${String(START + hour * 3600)},${String(open)},70,50,61`);

describe("implied volatility", () => {
  it("is the open of the hour around the moment, the last value known then", () => {
    const file = writeTable([HEADER, ...LINES]);
    const implied = readImpliedVolatility(file, { start: START + 600, end: START + 3 * 3600 });
    expect(implied.at(START + 600)).to.equal(0.6);
    expect(implied.at(START + 3599)).to.equal(0.6);
    expect(implied.at(START + 3600)).to.equal(0.62);
    expect(implied.at(START + 2 * 3600 + 1)).to.equal(0.58);
    expect(() => implied.at(START + 4 * 3600)).to.throw(RangeError);
  });

  it("names the row or the period at fault", () => {
    const refusal = (lines: readonly string[], period: { start: number; end: number }): string => {
      try {
        readImpliedVolatility(writeTable(lines), period);
      } catch (error) {
        expect(error).to.be.instanceOf(InputError);
        return (error as InputError).message;
      }
      throw new Error("nothing was refused");
    };
    const all = { start: START, end: START + 4 * 3600 };
    expect(refusal([HEADER, LINES[0]!, LINES[2]!, LINES[3]!], all)).to.match(/^--dvol .* row 3: a gap/);
    expect(refusal([HEADER, LINES[0]!, `${String(START + 3600)},0,1,1,1`], all)).to.match(/row 3: open 0/);
    expect(refusal([HEADER, ...LINES], { start: START - 1, end: START })).to.match(
      /needed are 2023-12-31T23:59:59Z/,
    );
    expect(refusal([HEADER, LINES[0]!, LINES[3]!], { start: START + 3600, end: START + 7200 })).to.match(
      /a gap/,
    );
  });

  it("refuses what the volatility oracle does not take, in the hours it is asked for", () => {
    const whole = { start: START, end: START + 4 * 3600 };
    const levels = (...opens: readonly number[]) =>
      writeTable([
        HEADER,
        ...opens.map((open, hour) => `${String(START + hour * 3600)},${String(open)},4000,0.1,54`),
      ]);
    const read = (...opens: readonly number[]) => readImpliedVolatility(levels(...opens), whole);
    for (const wrong of [0.54, 9.99, 400.1, 540, 1800]) {
      expect(() => read(54, 54, wrong, 54), String(wrong)).to.throw(
        InputError,
        new RegExp(
          `^--dvol \\S+ row 4: open ${String(wrong)} is outside 10 to 400 per cent a year \\(54, not 0.54\\), `,
        ),
      );
    }
    // However it jumps.
    expect(read(10, 400, 10, 400).at(START + 3600)).to.equal(4);
    const later = { start: START + 3600, end: START + 3 * 3600 };
    expect(readImpliedVolatility(levels(0.54, 54, 54, 0.54), later).at(START + 3600)).to.equal(0.54);
  });

  it("reads the recorded index", function () {
    const file = recordedData(this, "eth_dvol_1h.csv.gz");
    const start = Date.UTC(2024, 7, 3) / 1000;
    const implied = readImpliedVolatility(file, { start, end: start + 5 * 86_400 });
    expect(implied.at(start)).to.be.within(0.4, 0.8);
    expect(implied.at(start + 2.5 * 86_400)).to.be.greaterThan(implied.at(start));
  });
});
