import { expect } from "chai";
import { fixedBand } from "../../keeper/strategy/fixedBand.ts";
import { optimalImpulse } from "../../keeper/strategy/optimalImpulse.ts";
import { time } from "../../keeper/strategy/time.ts";
import type { DecisionInput, OptionLeg, Strategy } from "../../keeper/strategy/types.ts";

const DAY = 86_400;
const YEAR = 365 * DAY;
const SIGMA = 0.7;
const FEE_RATE = 0.0005;
const KAPPA = 0.008;
const STEP = 3600;
const PATHS = 60;

const legs: readonly OptionLeg[] = [
  { type: "call", strike: 3000, cap: 4500, expiry: 30 * DAY, quantity: -60, sigma: SIGMA, forwardRatio: 1 },
  { type: "put", strike: 2800, cap: 1500, expiry: 14 * DAY, quantity: -40, sigma: SIGMA, forwardRatio: 1 },
];

/** A seeded 32-bit generator (Mulberry), uniform in [0, 1). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Hourly prices of 30 days, the same for every strategy. */
const paths = Array.from({ length: PATHS }, (_, path) => {
  const uniform = seeded(path + 1);
  const prices = [3000];
  const sd = SIGMA * Math.sqrt(STEP / YEAR);
  for (let i = 0; i < (30 * DAY) / STEP; i++) {
    const normal = Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
    prices.push(prices[i]! * Math.exp(sd * normal - (sd * sd) / 2));
  }
  return prices;
});

/** Mean cost of hedging a path, USD, and the standard deviation of P&L that the unhedged rest leaves, USD. */
function play(strategy: Strategy, gasUsd: number): { cost: number; risk: number } {
  let cost = 0;
  let variance = 0;
  for (const prices of paths) {
    let hedgeDelta = 0;
    let lastRebalanceAt: number | null = null;
    for (const [step, spot] of prices.entries()) {
      const timestamp = step * STEP;
      const input: DecisionInput = {
        timestamp,
        spot,
        legs: legs.filter(({ expiry }) => expiry > timestamp),
        hedgeDelta,
        sigma: SIGMA,
        gasUsd,
        feeRate: FEE_RATE,
        kappa: KAPPA,
        checkInterval: STEP,
        lastRebalanceAt,
        marginCall: false,
        limits: { delta: Infinity, minDrift: 1e-6, maxAge: Infinity },
      };
      const { action, drift, trade } = strategy.decide(input);
      if (action === "rebalance") {
        cost += gasUsd + FEE_RATE * spot * Math.abs(trade) + KAPPA * trade * trade;
        hedgeDelta += trade;
        lastRebalanceAt = timestamp;
      }
      variance += (SIGMA * spot * (drift + trade)) ** 2 * (STEP / YEAR);
    }
  }
  return { cost: cost / PATHS, risk: Math.sqrt(variance / PATHS) };
}

describe("the policy against the rules in use", function () {
  this.timeout(30_000);

  for (const gasUsd of [8, 40]) {
    it(`costs less at equal risk than any fixed band and any clock, gas ${gasUsd} USD`, () => {
      const ours = play(optimalImpulse({ riskAversion: 1e-4 }), gasUsd);
      const rivals = [
        ...[0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.13].map((fraction) => fixedBand({ fraction })),
        ...[3, 6, 9, 12, 18, 24, 36, 48].map((hours) => time({ seconds: hours * 3600 })),
      ];
      for (const name of ["fixed-band", "time"]) {
        const played = rivals.filter((rival) => rival.name === name).map((rival) => play(rival, gasUsd));
        // The frontier of the rule, interpolated in logarithms at our risk.
        const right = played.findIndex(({ risk }) => risk > ours.risk);
        expect(right, `${name}: our risk ${ours.risk} is within its parameters`).to.be.above(0);
        const [low, high] = [played[right - 1]!, played[right]!];
        const weight = Math.log(ours.risk / low.risk) / Math.log(high.risk / low.risk);
        const cost = low.cost * (high.cost / low.cost) ** weight;
        expect(cost / ours.cost, `${name} over ours at equal risk`).to.be.above(name === "time" ? 2 : 1.2);
      }
    });
  }

  it("trades less when gas is dear and carries more risk for it", () => {
    const strategy = optimalImpulse({ riskAversion: 1e-4 });
    expect(play(strategy, 40).risk).to.be.above(1.1 * play(strategy, 8).risk);
  });
});
