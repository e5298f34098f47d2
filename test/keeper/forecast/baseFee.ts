import { expect } from "chai";

import { baseFeeEntrants, baseFeeRaces, presentProcess } from "../../../keeper/forecast/baseFeeRace.ts";
import { feeHistory, recentMean } from "../../../keeper/forecast/feeHistory.ts";
import { filterLogOu, fitLogOu, halfLifeHours } from "../../../keeper/forecast/logOu.ts";
import { dayOfWeek, hourOfWeek } from "../../../keeper/forecast/season.ts";
import { CsvTable } from "../../../keeper/history/csv.ts";
import { readGasSamples } from "../../../keeper/history/gasSamples.ts";
import { Random } from "../../../keeper/math/random.ts";
import { recordedData } from "../../support/recordedData.ts";
import { expectNear } from "../../support/near.ts";

const HOUR = 3600;
const START = Date.UTC(2021, 0, 4) / 1000;

/** Hourly log gas: a process of half-life 4 h and deviation 0.5 around 40 gwei, a day of ± 30 %, and noise. */
function simulatedLogs(hours: number, seed: number, noise = 0.1): number[] {
  const random = new Random(seed);
  const decay = 2 ** (-1 / 4);
  let r = 0.5 * random.normal();
  return Array.from({ length: hours }, (_, hour) => {
    r = decay * r + 0.5 * Math.sqrt(1 - decay ** 2) * random.normal();
    return Math.log(40) + 0.3 * Math.sin((2 * Math.PI * hour) / 24) + r + noise * random.normal();
  });
}

function readingsOf(logs: readonly number[]): { timestamp: number; gwei: number }[] {
  return logs.map((log, hour) => ({ timestamp: START + hour * HOUR, gwei: Math.exp(log) }));
}

describe("the hour of the week", () => {
  it("comes back after a week and tells a Saturday night from a Friday night", () => {
    const friday = Date.UTC(2024, 2, 1, 22) / 1000;
    for (const [i, term] of hourOfWeek(friday).entries()) {
      expectNear(term, hourOfWeek(friday + 7 * 24 * HOUR)[i]!, 1e-9);
    }
    expect(hourOfWeek(friday)).to.not.deep.equal(hourOfWeek(friday + 24 * HOUR));
    expect([0, 1, 2, 3].map((day) => dayOfWeek(friday + day * 24 * HOUR))).to.deep.equal([
      [0, 0],
      [1, 0],
      [1, 1],
      [0, 0],
    ]);
  });
});

describe("recorded gas prices", () => {
  it("stand on a grid of hours, without faults and with what is missing left out", () => {
    const readings = readingsOf(Array.from({ length: 60 }, () => Math.log(40)))
      .map((reading, i) =>
        i === 40 ? { ...reading, gwei: 0.03 } : i === 41 ? { ...reading, gwei: 0 } : reading,
      )
      .map((reading, i) => ({ ...reading, timestamp: reading.timestamp + (i % 3) * 20 }))
      .filter((_, i) => i !== 50);
    const history = feeHistory(readings);
    expect(history).to.include({ step: HOUR, start: START, faults: 2 });
    expect([...history.logs].flatMap((log, i) => (Number.isNaN(log) ? [i] : []))).to.deep.equal([40, 41, 50]);
    expectNear(recentMean(history, 59, 24), Math.log(40), 1e-12);
    expect(recentMean(history, 5, 24)).to.equal(undefined);
  });

  it("stand on a grid of days when there is one a day", () => {
    const readings = Array.from({ length: 10 }, (_, day) => ({
      timestamp: START + (day + 0.5) * 86_400,
      gwei: 9,
    }));
    expect(feeHistory(readings)).to.include({ step: 86_400, start: START + 43_200 });
    expect(() => feeHistory([])).to.throw(RangeError);
  });
});

describe("a reverting gas price", () => {
  it("is found with its season, speed, deviation and noise", () => {
    const { logs, start } = feeHistory(readingsOf(simulatedLogs(20_000, 31, 0.2)));
    const moments = Array.from({ length: logs.length }, (_, i) => i);
    const terms = (moment: number): number[] => hourOfWeek(start + moment * HOUR);
    const fit = fitLogOu(logs, moments, terms, 12)!;
    expectNear(halfLifeHours(fit, HOUR), 4, 0.6);
    expectNear(Math.sqrt(fit.variance), 0.5, 0.03);
    expectNear(Math.sqrt(fit.noise), 0.2, 0.03);
    expectNear(Math.exp(fit.mean), 40, 2);
    expectNear(fit.season[0], 0.3, 0.04);
    // The filtered state explains the next reading better than the raw one does.
    const filtered = filterLogOu(fit, logs, terms);
    const season = moments.map(
      (moment) => fit.mean + terms(moment).reduce((sum, x, i) => sum + x * fit.season[i]!, 0),
    );
    let [ours, raw] = [0, 0];
    for (let i = 1; i < logs.length; i++) {
      ours += (logs[i]! - season[i]! - fit.decay * filtered[i - 1]!) ** 2;
      raw += (logs[i]! - season[i]! - fit.decay * (logs[i - 1]! - season[i - 1]!)) ** 2;
    }
    expect(ours).to.be.below(0.99 * raw);
  });
});

describe("forecasts of the gas price", function () {
  this.timeout(30_000);

  it("do not change when what comes after them does", () => {
    const logs = simulatedLogs(2400, 32);
    // Just after a refit: a fit that looks ahead by one hour sees the change.
    const cut = 1440 + 4 * 168 + 1;
    const changed = logs.map((log, i) => (i < cut ? log : log + 1 + Math.sin(i)));
    for (const horizon of [1, 24]) {
      const [ours, theirs] = [logs, changed].map((series) =>
        baseFeeEntrants(feeHistory(readingsOf(series)), horizon, horizon === 24),
      );
      for (const [index, { name, values }] of ours!.entries()) {
        expect(values.slice(0, cut), name).to.deep.equal(theirs![index]!.values.slice(0, cut));
        expect(values[cut + 10], name).to.not.equal(theirs![index]!.values[cut + 10]);
      }
    }
  });

  it("are as good as the process allows: the best beats both naive ones at every horizon", () => {
    const races = baseFeeRaces(feeHistory(readingsOf(simulatedLogs(5000, 33))));
    expect(races.map(({ horizon }) => horizon)).to.deep.equal(["1 h", "4 h", "12 h", "24 h"]);
    for (const { horizon, pick, skills } of races) {
      expect(pick, horizon).to.match(/time of week/);
      const hours = Number.parseInt(horizon, 10);
      // Var of r ahead given the state, and of the noise of the reading.
      const least = Math.sqrt(0.25 * (1 - 2 ** (-hours / 2)) + 0.01);
      const best = skills.find(({ model }) => model === pick)!;
      expect(best.rmse / least, horizon).to.be.within(0.95, 1.12);
    }
  });

  it("find the process that a wait can use", () => {
    const process = presentProcess(feeHistory(readingsOf(simulatedLogs(5000, 34))))!;
    expect(process.halfLifeHours).to.be.within(3, 6);
    expect(process.logDeviation).to.be.within(0.4, 0.65);
    expect(process.medianGwei).to.be.within(30, 53);
  });

  it("beat the current price and the mean in 2021–22, by mean reversion and the time of day", function () {
    const file = recordedData(this, "gas_hourly_ethgasstation_2021-06_2022-05.csv.gz");
    for (const { horizon, pick, skills } of baseFeeRaces(
      feeHistory(readGasSamples(new CsvTable("--gas", file))),
    )) {
      expect(pick, horizon).to.equal("regression, time of week");
      const { r2, t } = skills.find(({ model }) => model === pick)!;
      expect(r2, horizon).to.be.above(0.15);
      expect(t, horizon).to.be.above(3);
    }
  });

  it("fall back to the current price a month ahead of daily averages, where no model helps", function () {
    const file = recordedData(this, "gas_daily_etherscan.csv.gz");
    const races = baseFeeRaces(feeHistory(readGasSamples(new CsvTable("--gas", file))));
    expect(races.map(({ horizon, pick }) => [horizon, pick])).to.deep.equal([
      ["1 d", "regression, time of week"],
      ["7 d", "regression, time of week"],
      ["30 d", "current"],
    ]);
  });
});
