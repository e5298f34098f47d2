import { expect } from "chai";

import { generateBaseFee, readBaseFee } from "../../scripts/market/gasSource.ts";
import { InputError } from "../../keeper/history/inputError.ts";
import { recordedData } from "../support/recordedData.ts";
import { writeTable } from "./support/tableFile.ts";

const DAY = 86_400;
const START = Date.UTC(2024, 0, 1) / 1000;
const DAILY = ["date,avg_gas_price_gwei,gas_used", "2024-01-01,10,1", "2024-01-02,40,1", "2024-01-03,20,1"];

const refusal = (lines: readonly string[], end = START + DAY): string => {
  try {
    readBaseFee(writeTable(lines), { start: START, end });
  } catch (error) {
    expect(error).to.be.instanceOf(InputError);
    return (error as InputError).message;
  }
  throw new Error("nothing was refused");
};

describe("recorded gas prices", () => {
  it("puts a day's average at its noon and moves evenly in logarithm between", () => {
    const fee = readBaseFee(writeTable(DAILY), { start: START, end: START + 3 * DAY });
    expect(fee.at(START + DAY / 2)).to.equal(10_000_000_000n);
    expect(fee.at(START + DAY)).to.equal(20_000_000_000n);
    expect(fee.at(START + 1.5 * DAY)).to.equal(40_000_000_000n);
    expect(fee.at(START)).to.equal(10_000_000_000n);
    expect(fee.at(START + 3 * DAY)).to.equal(20_000_000_000n);
  });

  it("takes samples at their own seconds", () => {
    const file = writeTable([
      "ts,safe_low_gwei,average_gwei",
      `${String(START)},1,8`,
      `${String(START + 3000)},1,2`,
    ]);
    const fee = readBaseFee(file, { start: START, end: START + 3000 });
    expect(fee.at(START)).to.equal(8_000_000_000n);
    expect(fee.at(START + 1500)).to.equal(4_000_000_000n);
    expect(fee.at(START + 3000)).to.equal(2_000_000_000n);
  });

  it("names the row or the period at fault", () => {
    expect(refusal(["ts,price", "1,2"])).to.match(/^--gas .* has neither the columns/);
    expect(refusal([DAILY[0]!, "2024-01-01,10,1", "2024-01-02,0,1"])).to.match(
      /row 3: gas price 0 is not above 0/,
    );
    expect(refusal([DAILY[0]!, "2024-01-01,10,1", "2024-01-01,9,1"])).to.match(/row 3: is not after/);
    expect(refusal([DAILY[0]!, "1 Jan,10,1"])).to.match(/row 2: date "1 Jan"/);
    expect(refusal(DAILY, START + 4 * DAY)).to.match(
      /2024-01-01T00:00:00Z to 2024-01-04T00:00:00Z, needed are/,
    );
    expect(refusal([DAILY[0]!, "2024-01-01,10,1", "2024-01-09,1,1"])).to.match(/row 3: a gap/);
  });

  it("refuses a fee that the accounts could not pay", () => {
    expect(refusal(["ts,average_gwei", `${String(START)},10000`, `${String(START + DAY)},10001`])).to.match(
      /^--gas \S+ row 3: average_gwei 10001 is outside 1e-9 to 10,000 gwei, which the accounts can pay$/,
    );
    expect(refusal([DAILY[0]!, "2024-01-01,1000000000,1", ...DAILY.slice(2)])).to.match(
      /row 2: avg_gas_price_gwei 1000000000 is outside/,
    );
    const highest = writeTable(["ts,average_gwei", `${String(START)},0.001`, `${String(START + DAY)},10000`]);
    expect(readBaseFee(highest, { start: START, end: START + DAY }).at(START + DAY)).to.equal(10n ** 13n);
  });

  it("ignores what is wrong outside the period", () => {
    const file = writeTable([
      "date,avg_gas_price_gwei",
      "2023-01-01,0",
      "2023-12-31,9",
      "2024-01-01,9",
      "2024-01-02,9",
    ]);
    expect(readBaseFee(file, { start: START, end: START + DAY }).at(START)).to.equal(9_000_000_000n);
  });

  it("reads both recorded files", function () {
    const daily = recordedData(this, "gas_daily_etherscan.csv.gz");
    const hourly = recordedData(this, "gas_hourly_ethgasstation_2021-06_2022-05.csv.gz");
    const crash = Date.UTC(2024, 7, 5) / 1000;
    const day = readBaseFee(daily, { start: crash, end: crash + DAY });
    expect(Number(day.at(crash + DAY / 2)) / 1e9).to.be.within(5, 100);
    const may = Date.UTC(2022, 4, 1) / 1000;
    expect(Number(readBaseFee(hourly, { start: may, end: may + DAY }).at(may)) / 1e9).to.be.within(5, 2000);
  });
});

describe("generated base fees", () => {
  it("repeat for a seed, whatever the order of questions", () => {
    const asked = [7200, 60, 0, 3600];
    const first = generateBaseFee({ seed: 5, start: START });
    const second = generateBaseFee({ seed: 5, start: START });
    const forwards = asked.toSorted((a, b) => a - b).map((offset) => second.at(START + offset));
    expect(asked.map((offset) => first.at(START + offset)).toSorted()).to.deep.equal(forwards.toSorted());
    expect(generateBaseFee({ seed: 6, start: START }).at(START)).not.to.equal(first.at(START));
    expect(() => first.at(START - 1)).to.throw(RangeError);
  });

  it("have the median, spread and half-life they state", () => {
    const fee = generateBaseFee({ seed: 1, start: START });
    const hours = 24 * 365;
    const logs = Array.from({ length: hours }, (_, hour) =>
      Math.log(Number(fee.at(START + hour * 3600)) / 8e9),
    );
    const mean = logs.reduce((sum, value) => sum + value, 0) / hours;
    const variance = logs.reduce((sum, value) => sum + (value - mean) ** 2, 0) / hours;
    const lagged =
      logs.slice(4).reduce((sum, value, hour) => sum + (value - mean) * (logs[hour]! - mean), 0) / hours;
    expect(mean).to.be.within(-0.1, 0.1);
    expect(Math.sqrt(variance)).to.be.within(0.45, 0.55);
    expect(lagged / variance).to.be.within(0.4, 0.6);
  });
});
