import { expect } from "chai";

import { filterGarch, fitGarch, garchForecast } from "../../../keeper/forecast/garch.ts";
import { harFeatures, logHar } from "../../../keeper/forecast/har.ts";
import { impliedVariance } from "../../../keeper/forecast/implied.ts";
import { leastSquares } from "../../../keeper/forecast/leastSquares.ts";
import { nelderMead } from "../../../keeper/forecast/nelderMead.ts";
import {
  outcome,
  trailingMean,
  varianceHistory,
  type VarianceHistory,
} from "../../../keeper/forecast/varianceHistory.ts";
import { volatilityEntrants, volatilityRaces } from "../../../keeper/forecast/volatilityRace.ts";
import { readCandleRows, type Candle } from "../../../keeper/history/candle.ts";
import { CsvTable } from "../../../keeper/history/csv.ts";
import { Random } from "../../../keeper/math/random.ts";
import { recordedData } from "../../support/recordedData.ts";
import { expectNear } from "../../support/near.ts";

const DAY = 86_400;

/** Hourly candles whose daily log variance wanders (an AR(1) around a volatility of 60 % a year). */
function wanderingCandles(days: number, seed: number): Candle[] {
  const random = new Random(seed);
  const candles: Candle[] = [];
  let deviation = 0;
  let price = 2000;
  for (let hour = -5; hour < days * 24; hour++) {
    if (hour % 24 === 0) deviation = 0.95 * deviation + 0.25 * random.normal();
    const step = 0.6 * Math.exp(deviation) * Math.sqrt(1 / (365 * 24 * 4));
    const walk = [price];
    for (let i = 0; i < 4; i++) walk.push(walk[i]! * Math.exp(step * random.normal()));
    const open = price;
    price = walk.at(-1)!;
    const timestamp = 1_600_041_600 + hour * 3600;
    candles.push({ timestamp, open, high: Math.max(...walk), low: Math.min(...walk), close: price });
  }
  return candles;
}

function candlesOf(file: string): Candle[] {
  return readCandleRows(new CsvTable("--prices", file)).map(({ candle }) => candle);
}

describe("fitting", () => {
  it("solves least squares exactly, a repeated column included", () => {
    const rows = Array.from({ length: 50 }, (_, i) => [1, i, i, Math.sin(i)]);
    const fit = leastSquares(
      rows,
      rows.map(([one, x, , y]) => 3 * one! - 2 * x! + 0.5 * y!),
    );
    expectNear(fit.coefficients[1]! + fit.coefficients[2]!, -2, 1e-5);
    expectNear(fit.coefficients[3], 0.5, 1e-4);
    expect(fit.residualVariance).to.be.lessThan(1e-6);
    expect(() => leastSquares([[1, 2]], [1])).to.throw(RangeError);
  });

  it("finds the floor of Rosenbrock's valley", () => {
    const [x, y] = nelderMead(([a, b]) => (1 - a!) ** 2 + 100 * (b! - a! ** 2) ** 2, [-1.2, 1], {
      iterations: 500,
      tolerance: 1e-14,
    });
    expectNear(x, 1, 1e-3);
    expectNear(y, 1, 1e-3);
  });
});

describe("GARCH(1,1)", () => {
  const truth = { mean: 1e-3, persistence: 0.96, share: 0.1 };

  it("finds the parameters of a simulated series", () => {
    const random = new Random(11);
    const x: number[] = [];
    let h = truth.mean;
    for (let i = 0; i < 30_000; i++) {
      x.push(h * random.normal() ** 2);
      h =
        truth.mean * (1 - truth.persistence) +
        truth.persistence * (truth.share * x[i]! + (1 - truth.share) * h);
    }
    const fit = fitGarch(x);
    expectNear(fit.mean / truth.mean, 1, 0.12);
    expectNear(fit.persistence, truth.persistence, 0.012);
    expectNear(fit.share, truth.share, 0.015);
    // The filter at the true parameters is the true variance.
    expectNear(filterGarch(truth, x).at(-1)! / h, 1, 1e-9);
  });

  it("forecasts the mean of the expected path", () => {
    let h = 3e-3;
    let sum = 0;
    for (let step = 0; step < 30; step++) {
      sum += h;
      h = truth.mean + truth.persistence * (h - truth.mean);
    }
    expectNear(garchForecast(truth, 3e-3, 30), sum / 30, 1e-15);
    expectNear(garchForecast(truth, 3e-3, 1), 3e-3, 1e-15);
  });
});

describe("HAR", () => {
  it("finds the coefficients of a simulated series, and the expectation of what follows", () => {
    const random = new Random(12);
    const truth = [-1, 0.35, 0.3, 0.2];
    const noise = 0.4;
    const measure = new Float64Array(12_000).fill(Math.exp(-1 / 0.15));
    const features = harFeatures(measure);
    for (let day = 30; day < measure.length; day++) {
      const row = features(day - 1)!;
      measure[day] = Math.exp(row.reduce((sum, x, i) => sum + truth[i]! * x, 0) + noise * random.normal());
    }
    const history = { hourly: measure, ends: [...measure] } as unknown as VarianceHistory;
    const model = logHar("", history, features, 1);
    const days = Array.from({ length: 11_000 }, (_, i) => i);
    const fit = model.fit(days)!;
    for (const [i, coefficient] of truth.entries()) {
      const unit = truth.map((_, j) => (j === i ? 1 : 0));
      if (i > 0) expectNear(fit.predict(unit), coefficient, 0.05);
    }
    expectNear(Math.sqrt(fit.residualVariance), noise, 0.01);
    let ratio = 0;
    for (let day = 11_000; day < 11_999; day++) {
      ratio += outcome(history, day, 1)! / model.predict(fit, day)!.variance / 999;
    }
    expectNear(ratio, 1, 0.06);
  });
});

describe("the days of a price", () => {
  it("have the same variance at every sampling frequency when the price is a random walk", () => {
    const random = new Random(13);
    let price = 2000;
    const candles = Array.from({ length: 24 * 3000 + 6 }, (_, i): Candle => {
      const open = price;
      price *= Math.exp(0.01 * random.normal());
      const [low, high] = [Math.min(open, price), Math.max(open, price)];
      return { timestamp: 1_600_041_600 + i * 3600, open, high, low, close: price };
    });
    const history = varianceHistory(candles);
    for (const key of ["hourly", "fourHourly", "daily", "evening"] as const) {
      const mean = trailingMean(history[key], 2998, 2999)!;
      expectNear(mean / (24 * 0.01 ** 2), 1, 0.08, key);
    }
    expect(history.ends[0]! % DAY).to.equal(0);
  });

  it("are two at least", () => {
    expect(() => varianceHistory(wanderingCandles(1, 1))).to.throw(RangeError);
  });
});

describe("forecasts of volatility", function () {
  this.timeout(30_000);

  it("do not change when what comes after them does", () => {
    const candles = wanderingCandles(620, 21);
    // Just after a refit: a fit that looks ahead by one day sees the change.
    const cut = 365 + 6 * 30 + 1;
    const changed = candles.map((candle, i) => {
      if (i < cut * 24 + 5) return candle;
      const factor = 3 + Math.sin(i);
      const { timestamp, open, high, low, close } = candle;
      return {
        timestamp,
        open: open * factor,
        high: high * 2 * factor,
        low: low * factor,
        close: close * factor,
      };
    });
    const [ours, theirs] = [candles, changed].map((series) => {
      const history = varianceHistory(series);
      const implied = Array.from(history.hourly, (_, day) => trailingMean(history.hourly, day, 5));
      return [1, 7, 30].map((horizon) =>
        volatilityEntrants(history, horizon, { implied, learned: horizon === 7 }),
      );
    });
    for (const [h, entrants] of ours!.entries()) {
      for (const [index, { name, values }] of entrants.entries()) {
        const other = theirs![h]![index]!.values;
        expect(values.slice(0, cut), name).to.deep.equal(other.slice(0, cut));
        expect(values[cut - 1], name).to.not.equal(undefined);
        // The test would not see a change that does not reach the forecasts.
        expect(values[cut + 20], name).to.not.deep.equal(other[cut + 20]);
      }
    }
  });

  it("fall back to the past month where nothing can be known: a constant volatility", () => {
    const random = new Random(22);
    let price = 2000;
    const candles = Array.from({ length: 24 * 900 }, (_, i): Candle => {
      const open = price;
      const middle = open * Math.exp(0.005 * random.normal());
      price = middle * Math.exp(0.005 * random.normal());
      const [low, high] = [Math.min(open, middle, price), Math.max(open, middle, price)];
      return { timestamp: 1_600_041_600 + i * 3600, open, high, low, close: price };
    });
    for (const { horizon, naive, next } of volatilityRaces(varianceHistory(candles))) {
      expect(naive, horizon).to.equal("last 30 d");
      for (const [name, { variance }] of Object.entries(next)) {
        if (name.startsWith("last") || name.includes("daily")) continue;
        expect(variance / (48 * 0.005 ** 2), `${name}, ${horizon}`).to.be.within(0.7, 1.4);
      }
    }
  });

  it("beat the naive ones on ETH 2018–2025 at every horizon, and HAR does it convincingly", function () {
    const candles = candlesOf(recordedData(this, "eth_usd_1h.csv.gz"));
    const races = volatilityRaces(varianceHistory(candles));
    expect(races.map(({ horizon }) => horizon)).to.deep.equal(["1 d", "7 d", "30 d"]);
    for (const { horizon, pick, skills, picking } of races) {
      expect(pick, horizon).to.match(/^HAR/);
      const har = skills.find(({ model }) => model === "HAR, hourly ranges")!;
      expect(har.r2, horizon).to.be.above(0.15);
      expect(har.t, horizon).to.be.above(2);
      expect(picking!.gain, horizon).to.be.above(0);
    }
  });

  it("take implied volatility where it helps, a month ahead", function () {
    const history = varianceHistory(candlesOf(recordedData(this, "eth_usd_1h.csv.gz")));
    const implied = impliedVariance(history, candlesOf(recordedData(this, "eth_dvol_1h.csv.gz")));
    expect(implied[0]).to.equal(undefined);
    const month = volatilityRaces(history, { implied }).at(-1)!;
    expect(month.skills.find(({ model }) => model === "implied")!.t).to.be.above(1.645);
  });
});
