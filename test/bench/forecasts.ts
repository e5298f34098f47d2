import { expect } from "chai";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import {
  decidingBy,
  medianGas,
  waitingGas,
  weeklyProcesses,
  type WeeklyProcess,
} from "../../bench/forecasts/gas.ts";
import { runForecastBench } from "../../bench/forecasts/run.ts";
import { renderForecasts } from "../../bench/forecasts/report.ts";
import { expectedVolatilities } from "../../bench/forecasts/volatility.ts";
import { Random } from "../../keeper/math/random.ts";
import { bookDelta } from "../../keeper/strategy/bookRisk.ts";
import { optimalImpulse } from "../../keeper/strategy/optimalImpulse.ts";
import type { DecisionInput, OptionLeg } from "../../keeper/strategy/types.ts";
import { expectNear } from "../support/near.ts";

const NOW = 1_722_643_200;
const HOUR = 3600;
const DAY = 24 * HOUR;

describe("a volatility to expect", () => {
  it("is told at the end of a day: a forecast by the days before it, what came by the seven after it", () => {
    const directory = mkdtempSync(join(tmpdir(), "keel-forecasts-"));
    try {
      // Calm for 400 days, and then four times as wild.
      const random = new Random(1, "forecasts");
      let price = 3000;
      const rows = Array.from({ length: 440 * 24 }, (_, hour) => {
        const [time, open] = [NOW - 400 * DAY - 4 * HOUR + hour * HOUR, price];
        price *= Math.exp((time < NOW ? 0.004 : 0.016) * random.normal());
        return [time, open, Math.max(open, price), Math.min(open, price), price].join(",");
      });
      const file = join(directory, "prices.csv");
      writeFileSync(file, ["ts,open,high,low,close", ...rows].join("\n"));
      const forecasts = expectedVolatilities(file);
      const at = (name: string, time: number): number => {
        const { times, values } = forecasts.find((each) => each.name === name)!.expected;
        return values[times.indexOf(time)]!;
      };
      const calm = 0.004 * Math.sqrt(24 * 365);
      expectNear(at("the week as it came", NOW) / (4 * calm), 1, 0.15);
      expectNear(at("the week as it came", NOW - 7 * DAY) / calm, 1, 0.15);
      for (const { name } of forecasts.filter((each) => each.name !== "the week as it came")) {
        expect(at(name, NOW), name).to.be.within(0.3 * calm, 1.3 * calm);
        expect(at(name, NOW + 36 * DAY), name).to.be.above(1.5 * at(name, NOW));
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe("a gas to decide by", () => {
  const riskAversion = 1e-4;
  const own = optimalImpulse({ riskAversion });
  const leg: OptionLeg = {
    ...{ type: "call", strike: 3000, cap: 9000, expiry: NOW + 7 * DAY, quantity: -100, sigma: 0.7 },
    forwardRatio: 1,
  };
  const input: DecisionInput = {
    ...{ timestamp: NOW, spot: 3000, legs: [leg], hedgeDelta: -bookDelta([leg], 3000, NOW), sigma: 0.7 },
    ...{ gasUsd: 20, feeRate: 0.0005, kappa: 0, checkInterval: 12, lastRebalanceAt: NOW - HOUR },
    marginCall: false,
    limits: { delta: Infinity, minDrift: 0.01, maxAge: Infinity },
  };
  const gasGwei = (gwei: number) => ({ times: [0], values: [gwei], between: "step" as const });
  const process = { medianGwei: 20, halfLifeHours: 1, logDeviation: 0.5 };
  const known = { start: NOW - DAY, weeks: [process] };
  const width = (rule: typeof medianGas, gwei: number, weeks: WeeklyProcess = known): number => {
    const strategy = decidingBy(rule, own, gasGwei(gwei), weeks);
    return strategy.decide({ ...input, gasUsd: gwei }).band!.b;
  };

  it("is the median, whatever gas costs now", () => {
    const median = own.decide(input).band!.b;
    for (const gwei of [10, 20, 80]) expectNear(width(medianGas, gwei), median, 1e-9);
  });

  it("makes the wait rule wait longer than by the current one where it is dear, and less where it is cheap", () => {
    const current = (gasUsd: number): number => own.decide({ ...input, gasUsd }).band!.b;
    const waiting = waitingGas(riskAversion);
    expect(width(waiting, 80)).to.be.above(1.02 * current(80));
    expect(width(waiting, 5)).to.be.below(0.98 * current(5));
  });

  it("is the current one until there is a past to learn from, and then of that past alone", () => {
    const random = new Random(2, "gas");
    const logs = Float64Array.from({ length: 4000 }, () => Math.log(20) + 0.3 * random.normal());
    const history = { step: HOUR, start: NOW, logs, faults: 0 };
    const end = NOW + 4000 * HOUR;
    const whole = weeklyProcesses(history, NOW, end);
    expect(whole.weeks[0]).to.equal(undefined);
    expectNear(width(medianGas, 80, whole), own.decide({ ...input, gasUsd: 80 }).band!.b, 1e-12);
    const changed = { ...history, logs: logs.map((log, hour) => (hour < 2016 ? log : log + 1)) };
    const other = weeklyProcesses(changed, NOW, end);
    expect(other.weeks.slice(0, 13)).to.deep.equal(whole.weeks.slice(0, 13));
    expect(other.weeks[14]!.medianGwei).to.be.above(1.5 * whole.weeks[14]!.medianGwei);
  });
});

describe("bench forecasts", () => {
  it("refuses in one line, before it begins, what it cannot read or write", () => {
    const directory = mkdtempSync(join(tmpdir(), "keel-forecasts-"));
    const { error } = console;
    const told: unknown[] = [];
    console.error = (text: unknown) => told.push(text);
    try {
      expect(runForecastBench({ data: directory })).to.equal(2);
      for (const name of ["eth_usd_1h", "gas_daily_etherscan", "eth_dvol_1h"])
        writeFileSync(join(directory, `${name}.csv.gz`), gzipSync(""));
      const hourly = "gas_hourly_ethgasstation_2021-06_2022-05.csv.gz";
      writeFileSync(join(directory, hourly), gzipSync(""));
      expect(runForecastBench({ data: directory, json: join(directory, hourly, "out.json") })).to.equal(2);
      expect(runForecastBench({ data: directory })).to.equal(2);
    } finally {
      console.error = error;
      rmSync(directory, { recursive: true });
    }
    expect(told).to.have.lengthOf(3);
    for (const [i, words] of [/does not exist$/, /cannot be written/, /is empty$/].entries())
      expect(told[i])
        .to.match(/^bench forecasts: /)
        .and.to.match(words);
  });
});

describe("the report of what forecasts are worth", () => {
  it("shows friction over that of the default as it is, and its geometric mean", () => {
    const worth = [0.5, 2].map((ratio, i) => {
      return {
        period: `p${String(i)}`,
        frictionUsd: 1000,
        frictions: [{ name: "f", frictionUsd: 1000 * ratio }],
      };
    });
    const text = renderForecasts({ trailing: worth, implied: worth, gas: worth });
    expect(text.match(/│ f +│ 0\.500 │ 2\.000 │ 1\.000 │/g)).to.have.lengthOf(3);
  });
});
