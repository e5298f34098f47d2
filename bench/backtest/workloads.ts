import { BookValuer, UNCAPPED } from "../../keeper/backtest/bookValuer.ts";
import { simulate } from "../../keeper/backtest/engine.ts";
import { pricePath } from "../../keeper/backtest/pricePath.ts";
import { ENGINE_VERSION, type BookEntry, type Scenario } from "../../keeper/backtest/scenario.ts";
import type { ValuedLegs } from "../../keeper/backtest/valuedLegs.ts";
import { constantSeries } from "../../keeper/backtest/seriesCursor.ts";
import { optimalImpulse } from "../../keeper/strategy/optimalImpulse.ts";
import type { Decision, DecisionInput, Strategy } from "../../keeper/strategy/types.ts";

export const WORKLOADS = ["mark", "threshold", "optimal-impulse"] as const;
export type WorkloadName = (typeof WORKLOADS)[number];

/** Vanilla options, of eight expiries. */
export const OPTIONS = 64;
const EXPIRIES = 8;
const STEP = 60;
const STEPS = 2_000;
const START = 1_735_689_600;
const SPOT = 3000;
const SIGMA = 0.6;
const RISK_AVERSION = 1e-4;
/** ETH. */
const THRESHOLD = 1;

const entries: readonly BookEntry[] = Array.from({ length: OPTIONS }, (_, index) => ({
  type: index % 2 === 0 ? "call" : "put",
  strike: SPOT * (0.8 + (0.4 * index) / OPTIONS),
  quantity: index % 3 === 0 ? 1 : -1,
  tau: (10 * (1 + (index % EXPIRIES))) / 365,
}));

function scenario(check: number): Scenario {
  return {
    version: ENGINE_VERSION,
    prices: {
      ...{ kind: "model", model: "gbm", start: START, seconds: STEPS * STEP, spot: SPOT, volatility: SIGMA },
    },
    ...{ step: STEP, check, seed: 1, riskAversion: RISK_AVERSION, startsHedged: true },
    book: { name: "bench", entries, rolls: false },
    implied: constantSeries(SIGMA),
    expected: null,
    costs: {
      ...{ gasUnits: 830_000, gasGwei: constantSeries(10), feeRate: 0.0005, kappa: 0.008, liquidity: null },
      ...{ fundingRate: 0, blockTime: 12 },
    },
    oracle: { deviation: 0.005, heartbeat: 3600 },
    margin: null,
    limits: { delta: null, minDrift: 0, maxAge: null, gamma: null, vega: null },
  };
}

/** What a simple rule costs: it reads the book's delta, and hedges all of it when it is too much. */
function decideByThreshold({ legs, spot, timestamp, hedgeDelta }: DecisionInput): Decision {
  const drift = (legs as ValuedLegs).valuer.deltaAt(spot, timestamp) + hedgeDelta;
  const isDue = Math.abs(drift) >= THRESHOLD;
  return {
    action: isDue ? "rebalance" : "hold",
    reason: isDue ? "rule" : "inside-band",
    ...{ drift, trade: isDue ? -drift : 0, band: null, gain: null, cost: null },
  };
}

/** A workload, ready to go: each call values the book at every step of a path. @returns Option-steps of a call. */
export function prepare(name: WorkloadName): () => number {
  const check = name === "optimal-impulse" ? 5 * STEP : STEP;
  const world = scenario(check);
  const path = pricePath(world.prices, STEP, 1, 0);
  if (name === "mark") {
    const valuer = new BookValuer(
      entries.map(({ type, strike, quantity, tau }) => ({
        ...{ type, strike: strike!, quantity, sigma: SIGMA, forwardRatio: 1 },
        ...{ cap: type === "call" ? UNCAPPED : 0, expiry: START + tau! * 365 * 86_400 },
      })),
    );
    return () => {
      const { prices } = path;
      let sum = 0;
      for (let index = 0; index < prices.length; index++) {
        valuer.mark(prices[index]!, START + index * STEP);
        sum += valuer.value + valuer.delta;
      }
      if (!Number.isFinite(sum)) throw new Error("The book has no value.");
      return prices.length * OPTIONS;
    };
  }
  const strategy: Strategy =
    name === "threshold"
      ? { name, params: {}, decide: decideByThreshold }
      : optimalImpulse({ riskAversion: RISK_AVERSION });
  return () => {
    simulate(world, path, strategy, { points: 0 });
    return path.prices.length * OPTIONS;
  };
}
