import { expect } from "chai";
import fc from "fast-check";

import { impulseBand, marketModel, tradeCost, type MarketModel } from "../../keeper/math/impulseBand.ts";
import { PolicyInputError } from "../../keeper/math/policyInputError.ts";
import { optimalImpulse } from "../../keeper/strategy/optimalImpulse.ts";
import {
  expectedStretchGain,
  stepGain,
  stretchOf,
  sumGains,
  type EndedGain,
} from "../../keeper/strategy/realisedGain.ts";
import { time } from "../../keeper/strategy/time.ts";
import type { DecisionInput } from "../../keeper/strategy/types.ts";
import { expectNear } from "../support/near.ts";

const DAY = 86_400;
const YEAR = 365 * DAY;
/** Of a walk seen now and then over a level, in standard deviations of a step. */
const OVERSHOOT = 0.5826;

/** Seeded standard normal numbers (Mulberry and Box–Muller). */
function seeded(seed: number): () => number {
  let state = seed;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

describe("the realised gain of a rebalance", () => {
  it("is what a path computed by hand gives", () => {
    // A = 0.0002. Drift was 8 and is 2 after selling 6; the book's gamma is −0.1, spot moves by −20, 10 and 50.
    // 0.0001·(8² − 2²)·400, then 2 + 2 = 4: 0.0001·(10² − 4²)·100, then 4 − 1 = 3: 0.0001·(9² − 3²)·2500.
    const steps = [
      { drift: 2, move: -20, gain: 2.4 },
      { drift: 4, move: 10, gain: 0.84 },
      { drift: 3, move: 50, gain: 18 },
    ];
    for (const { drift, move, gain } of steps) {
      expectNear(stepGain(0.0002, { drift, move, traded: -6 }), gain, 1e-12);
    }
    // A move that would have closed the gap by itself: from −1, held it would be 5, from −4 it would be 2.
    expectNear(stepGain(0.0002, { drift: -1, traded: -6, move: 10 }), 0.0001 * 24 * 100, 1e-12);
    expectNear(stepGain(0.0002, { drift: -4, traded: -6, move: 10 }), 0.0001 * (4 - 16) * 100, 1e-12);
  });

  it("is nothing where nothing was traded or nothing moved", () => {
    expect(stepGain(1, { drift: 5, traded: 0, move: 9 })).to.equal(0);
    expect(stepGain(1, { drift: 5, traded: 3, move: 0 })).to.equal(0);
  });
});

describe("the expected gain of a rebalance", () => {
  const market = fc.record({
    S: fc.double({ min: 500, max: 8000, noNaN: true }),
    sigma: fc.double({ min: 0.2, max: 2, noNaN: true }),
    gamma: fc.double({ min: 1e-3, max: 1, noNaN: true }),
    riskAversion: fc.double({ min: 1e-6, max: 1e-2, noNaN: true }),
    gasUsd: fc.double({ min: 0.01, max: 300, noNaN: true }),
    feeRate: fc.double({ min: 0, max: 0.003, noNaN: true }),
    kappa: fc.double({ min: 0, max: 0.2, noNaN: true }),
  });

  it("of the optimal band is 4(G − kappa·w²)(1 + m/w), on either side", () => {
    fc.assert(
      fc.property(market, fc.constantFrom(1, -1), (conditions, side) => {
        const { b, t, m, w } = impulseBand(marketModel(conditions));
        const { riskAversion, gamma, gasUsd, kappa } = conditions;
        const gain = expectedStretchGain({
          ...{ riskAversion, gamma: side * gamma, b, centre: 0 },
          ...{ drift: side * t, traded: -side * w },
        });
        const closed = 4 * (gasUsd - kappa * w * w) * (1 + m / w);
        // The difference in G − kappa·w² loses digits where the impact is nearly all of the cost.
        expect(Math.abs(gain - closed)).to.be.at.most(1e-6 * (4 * gasUsd * (1 + m / w)));
      }),
    );
  });

  it("is six times the cost where that is gas alone", () => {
    const conditions = {
      S: 3000,
      sigma: 0.6,
      gamma: 0.05,
      riskAversion: 1e-4,
      gasUsd: 20,
      feeRate: 0,
      kappa: 0,
    };
    const { b, t, w } = impulseBand(marketModel(conditions));
    expectNear(
      expectedStretchGain({ riskAversion: 1e-4, gamma: 0.05, b, centre: 0, drift: t, traded: -w }),
      120,
      1e-9,
    );
  });

  it("grows with the distance of its band from 0, where drift is held and kept", () => {
    const stretch = { riskAversion: 1e-4, gamma: 0.05, b: 8, centre: 0, drift: 2, traded: -6 };
    const shifted = expectedStretchGain({ ...stretch, centre: 1, drift: 3 });
    // E[T] = 60/a² stays; held and kept are both 1 further out: ½A/Γ²·60·2·6·1 more.
    expectNear(shifted - expectedStretchGain(stretch), (0.5e-4 / 0.0025) * 60 * 12, 1e-9);
  });

  it("is nothing when the next trade is due already, and is refused without gamma", () => {
    const stretch = { riskAversion: 1e-4, gamma: 0.05, b: 8, centre: 0, drift: 9, traded: -6 };
    expect(Math.abs(expectedStretchGain(stretch))).to.equal(0);
    expect(() => expectedStretchGain({ ...stretch, gamma: 0 })).to.throw(PolicyInputError);
    expect(() => expectedStretchGain({ ...stretch, riskAversion: 0 })).to.throw(PolicyInputError);
    expect(() => expectedStretchGain({ ...stretch, traded: NaN, drift: 1 })).to.throw(PolicyInputError);
  });
});

describe("the sums of gains", () => {
  it("have the error of independent differences", () => {
    const gains = [
      { expected: 10, realised: 14, cost: 2 },
      { expected: 10, realised: 4, cost: 3 },
      { expected: 20, realised: 25, cost: 4 },
    ];
    // Differences 4, −6, 5: mean 1, squared deviations 9 + 49 + 16, by 3/2.
    expect(sumGains(gains)).to.deep.equal({
      ...{ expected: 40, realised: 43, cost: 9, net: 34, count: 3 },
      error: Math.sqrt(111),
    });
    expect(sumGains([]).error).to.equal(Infinity);
    expect(sumGains(gains.slice(1, 2))).to.include({ count: 1, realised: 4, error: Infinity });
  });
});

describe("the realised gain of the optimal policy", function () {
  this.timeout(60_000);

  /** The gains of `count` trades under the optimal band of constant conditions, looked at 400 times a crossing. */
  function simulate(conditions: MarketModel, count: number, seed: number): EndedGain[] {
    const normal = seeded(seed);
    const model = marketModel(conditions);
    const { b, t, w } = impulseBand(model);
    const { riskAversion, gamma } = conditions;
    const dt = w ** 2 / model.a2 / 400;
    const deviation = Math.sqrt(model.a2 * dt);
    const seen = b + OVERSHOOT * deviation;
    let drift = b;
    return Array.from({ length: count }, () => {
      const traded = Math.sign(drift) * t - drift;
      drift += traded;
      const expected = expectedStretchGain({ riskAversion, gamma, b: seen, centre: 0, drift, traded });
      let realised = 0;
      while (Math.abs(drift) < b) {
        const move = (deviation / gamma) * normal();
        realised += stepGain(riskAversion, { drift, traded, move });
        drift += gamma * move;
      }
      return { expected, realised, cost: tradeCost(model, Math.abs(traded)) };
    });
  }

  const shared = { S: 3000, sigma: 0.6, gamma: 0.05, riskAversion: 1e-4 };
  for (const [name, costs] of [
    ["gas alone", { gasUsd: 20, feeRate: 0, kappa: 0 }],
    ["mainnet", { gasUsd: 5, feeRate: 0.0005, kappa: 0.008 }],
    ["an L2", { gasUsd: 0.05, feeRate: 0.0005, kappa: 0.008 }],
  ] as const) {
    it(`is on average what was expected, as exactly as its error says: ${name}`, () => {
      const scores = Array.from({ length: 30 }, (_, batch) => {
        const { expected, realised, error } = sumGains(simulate({ ...shared, ...costs }, 150, batch + 1));
        return (realised - expected) / error;
      });
      const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
      const variance = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / (scores.length - 1);
      // 30 batches: the mean of the scores is known to 0.18, their deviation to 0.13.
      expect(mean).to.be.within(-0.5, 0.5);
      expect(Math.sqrt(variance)).to.be.within(0.7, 1.3);
    });
  }

  for (const gasUsd of [8, 40])
    it(`is, with a book of options and gas of ${gasUsd} USD, within two errors of the expected one, which no decision's own gain is`, () => {
      const SIGMA = 0.7;
      const STEP = 3600;
      const riskAversion = 1e-4;
      const legs = [
        {
          type: "call",
          strike: 3000,
          cap: 9000,
          expiry: 120 * DAY,
          quantity: -60,
          sigma: SIGMA,
          forwardRatio: 1,
        },
      ] as const;
      const strategy = optimalImpulse({ riskAversion });
      const gains: EndedGain[] = [];
      let marginal = 0;
      for (let path = 1; path <= 120; path++) {
        const normal = seeded(path);
        const deviation = SIGMA * Math.sqrt(STEP / YEAR);
        let [spot, hedgeDelta, timestamp] = [3000, 0, 0];
        let open: { expected: number; realised: number; cost: number; traded: number; gain: number } | null =
          null;
        // The first trade hedges the book from nothing; the three after it are the band's.
        for (let ended = -1; ended < 3; timestamp += STEP) {
          const input: DecisionInput = {
            ...{ timestamp, spot, legs, hedgeDelta, sigma: SIGMA, gasUsd, feeRate: 0.0005, kappa: 0.008 },
            ...{ checkInterval: STEP, lastRebalanceAt: null, marginCall: false },
            limits: { delta: Infinity, minDrift: 1e-6, maxAge: Infinity },
          };
          const decision = strategy.decide(input);
          if (decision.action === "rebalance") {
            if (open !== null && ended >= 0) {
              gains.push(open);
              marginal += open.gain;
            }
            if (open !== null) ended += 1;
            const expected = expectedStretchGain(stretchOf(input, decision, riskAversion)!);
            open = {
              expected,
              realised: 0,
              cost: decision.cost!,
              traded: decision.trade,
              gain: decision.gain!,
            };
            hedgeDelta += decision.trade;
          }
          const next = spot * Math.exp(deviation * normal() - deviation ** 2 / 2);
          if (open !== null) {
            const drift = decision.drift + decision.trade;
            open.realised += stepGain(riskAversion, { drift, traded: open.traded, move: next - spot });
          }
          spot = next;
        }
      }
      const { expected, realised, error, net, count } = sumGains(gains);
      expect(count).to.equal(360);
      expect(error).to.be.below(0.1 * expected);
      expect(Math.abs(realised - expected)).to.be.below(2 * error);
      expect(net).to.be.above(0);
      expect(realised - marginal, "what the trade saves at once").to.be.above(10 * error);
    });

  it("is not foreseen for rules without a band, for holding, or for a book without gamma", () => {
    const input: DecisionInput = {
      ...{
        timestamp: 0,
        spot: 3000,
        legs: [],
        hedgeDelta: 5,
        sigma: 0.7,
        gasUsd: 8,
        feeRate: 0.0005,
        kappa: 0,
      },
      ...{ checkInterval: 12, lastRebalanceAt: null, marginCall: false },
      limits: { delta: Infinity, minDrift: 1e-6, maxAge: Infinity },
    };
    const closing = optimalImpulse({ riskAversion: 1e-4 }).decide(input);
    expect(closing.action).to.equal("rebalance");
    expect(stretchOf(input, closing, 1e-4)).to.equal(null);
    const ruled = time({ seconds: 60 }).decide(input);
    expect(ruled.action).to.equal("rebalance");
    expect(stretchOf(input, ruled, 1e-4)).to.equal(null);
    const held = { ...closing, action: "hold" } as const;
    expect(stretchOf(input, held, 1e-4)).to.equal(null);
  });
});
