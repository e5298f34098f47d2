import { expect } from "chai";
import fc from "fast-check";

import { depthEntrants, depthRaces } from "../../../keeper/forecast/depthRace.ts";
import {
  impactCheck,
  isUnbroken,
  logVolatility,
  meanDepth,
  poolHistory,
} from "../../../keeper/forecast/poolHistory.ts";
import { priceOfTick, slippage } from "../../../keeper/forecast/slippage.ts";
import { CsvTable } from "../../../keeper/history/csv.ts";
import { readPoolSamples } from "../../../keeper/history/poolSamples.ts";
import { poolCost } from "../../../keeper/market/poolCost.ts";
import { Random } from "../../../keeper/math/random.ts";
import { recordedData } from "../../support/recordedData.ts";
import { expectNear } from "../../support/near.ts";

interface Sample {
  timestamp: number;
  tick: number;
  netEth: number;
  liquidity: number;
}

const START = Date.UTC(2023, 0, 2) / 1000;

/** Minutes of a pool whose log depth reverts to 40 with a half-life of 30 minutes and whose price only flow moves. */
function simulatedPool(minutes: number, seed: number): Sample[] {
  const random = new Random(seed);
  const decay = 2 ** (-1 / 30);
  let [deviation, log] = [0, Math.log(2000)];
  return Array.from({ length: minutes }, (_, minute) => {
    const before = deviation;
    deviation = decay * deviation + 0.3 * Math.sqrt(1 - decay ** 2) * random.normal();
    const netEth = 20 * random.normal();
    const liquidity = Math.exp(40 + (before + deviation) / 2) / 1e12;
    log += (-2 * netEth * Math.exp(log / 2)) / liquidity;
    const tick = (Math.log(1e12) - log) / Math.log(1.0001);
    return { timestamp: START + 60 * minute, tick, netEth, liquidity: Math.exp(40 + deviation) };
  });
}

describe("slippage", () => {
  const pool = { price: 2500, liquidity: 6e16, fee: 500 };

  it("is what the pool's own formula takes: the reserves' product stays", () => {
    // Virtual reserves of L = 6e16/1e12 in √(ETH·USDC).
    const [usdc, eth] = [6e4 * Math.sqrt(2500), 6e4 / Math.sqrt(2500)];
    const got = usdc - (usdc * eth) / (eth + 100);
    expectNear(1 - got / (100 * 2500), slippage(pool, -100).impact, 1e-12);
    const paid = (usdc * eth) / (eth - 100) - usdc;
    expectNear(paid / (100 * 2500) - 1, slippage(pool, 100).impact, 1e-12);
    expect(slippage(pool, 100).fee).to.equal(0.0005);
  });

  it("is kappa·w² for a small trade, more for buying than selling, and endless past the range", () => {
    const { kappa } = poolCost(pool);
    expectNear(slippage(pool, 0.01).impact / ((kappa * 0.01) / 2500), 1, 1e-4);
    fc.assert(
      fc.property(fc.double({ min: 1e-3, max: 1000, noNaN: true }), (eth) => {
        expect(slippage(pool, eth).impact).to.be.above(slippage(pool, -eth).impact);
        expect(slippage(pool, -2 * eth).impact).to.be.above(slippage(pool, -eth).impact);
      }),
    );
    expect(slippage(pool, 1300).impact).to.equal(Infinity);
  });

  it("starts from the price of the tick", () => {
    // A recorded minute of the pool: 1,576.14 USD at tick 202,693.
    expectNear(priceOfTick(202_693), 1576.1, 0.2);
  });
});

describe("the minutes of a pool", () => {
  it("have means, volatility and unbroken stretches", () => {
    const samples = simulatedPool(600, 41).map((sample, i) =>
      i < 300 ? sample : { ...sample, timestamp: sample.timestamp + 86_400 },
    );
    const history = poolHistory(samples);
    expect(isUnbroken(history, 0, 299)).to.equal(true);
    expect(isUnbroken(history, 200, 100)).to.equal(false);
    expect(isUnbroken(history, 500, 100)).to.equal(false);
    expect(isUnbroken(history, -1, 10)).to.equal(false);
    const logs = samples.map(({ liquidity }) => Math.log(liquidity));
    const mean = logs.slice(91, 101).reduce((sum, log) => sum + log, 0) / 10;
    expectNear(meanDepth(history, 100, 10), mean, 1e-9);
    const squares = samples
      .slice(91, 101)
      .map(({ tick }, i) => ((tick - samples[90 + i]!.tick) * Math.log(1.0001)) ** 2);
    const variance = squares.reduce((sum, square) => sum + square, 0) / 10;
    expectNear(logVolatility(history, 100, 10), Math.log(variance) / 2, 1e-6);
  });

  it("move by flow over depth, which the check finds", () => {
    const check = impactCheck(poolHistory(simulatedPool(2000, 42)))!;
    expectNear(check.slope, 1, 0.01);
    expect(check.r2).to.be.above(0.99);
    expect(check.minutes).to.equal(1999);
  });
});

describe("forecasts of depth", function () {
  this.timeout(30_000);

  it("do not change when what comes after them does", () => {
    const samples = simulatedPool(1440 * 9, 43);
    const cut = 1440 * 8;
    const changed = samples.map((sample, i) =>
      i <= cut
        ? sample
        : { ...sample, liquidity: sample.liquidity * (5 + Math.sin(i)), tick: sample.tick + (i % 7) },
    );
    for (const horizon of [5, 60]) {
      const [ours, theirs] = [samples, changed].map((series) =>
        depthEntrants(poolHistory(series), horizon, horizon === 60),
      );
      for (const [index, { name, values }] of ours!.entries()) {
        expect(values.slice(0, cut / 5 + 1), name).to.deep.equal(
          theirs![index]!.values.slice(0, cut / 5 + 1),
        );
        expect(values[cut / 5], name).to.be.a("number");
        expect(values[cut / 5 + 3], name).to.not.equal(theirs![index]!.values[cut / 5 + 3]);
      }
    }
  });

  it("are as good as a known reversion allows", () => {
    const races = depthRaces(poolHistory(simulatedPool(1440 * 20, 44)));
    expect(races.map(({ horizon }) => horizon)).to.deep.equal(["5 min", "1 h", "6 h"]);
    const decay = 2 ** (-1 / 30);
    for (const [i, minutes] of [5, 60, 360].entries()) {
      // The mean over n steps of an AR(1) given its present: Σⱼ (shock·(1 − φ^(n−j+1))/(1 − φ)/n)².
      let variance = 0;
      for (let j = 1; j <= minutes; j++)
        variance += ((1 - decay ** (minutes - j + 1)) / (1 - decay) / minutes) ** 2;
      const least = Math.sqrt(variance * 0.09 * (1 - decay ** 2));
      const { pick, skills } = races[i]!;
      // The level is not told, only past means: a little is lost to finding it.
      expect(skills.find(({ model }) => model === pick)!.rmse / least, pick).to.be.within(0.93, 1.25);
    }
  });

  it("beat the last value on a recorded pool, and its flow explains its price", function () {
    const file = recordedData(this, "polygon_univ3_usdc_weth_005_1m.csv.gz");
    const history = poolHistory(readPoolSamples(new CsvTable("--pool", file)));
    const check = impactCheck(history)!;
    expect(check.slope).to.be.within(0.85, 1.05);
    expect(check.r2).to.be.above(0.8);
    for (const { horizon, pick, naive, skills } of depthRaces(history)) {
      expect(pick, horizon).to.not.equal(naive);
      const { r2, t } = skills.find(({ model }) => model === pick)!;
      expect(r2, horizon).to.be.above(0.1);
      expect(t, horizon).to.be.above(2);
    }
  });
});
