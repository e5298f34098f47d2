import type { PricePath } from "../../../keeper/backtest/pricePath.ts";
import { ENGINE_VERSION, type Scenario } from "../../../keeper/backtest/scenario.ts";
import { constantSeries } from "../../../keeper/backtest/seriesCursor.ts";
import type { Decision, DecisionInput, Strategy } from "../../../keeper/strategy/types.ts";

export const START = 1_735_689_600;
export const DAY = 86_400;
export const SIGMA = 0.6;

/** A month of a short at-the-money call on made-up prices, free of cost and of an oracle; with what is given instead. */
export function scenario(changes: Partial<Scenario> = {}): Scenario {
  return {
    version: ENGINE_VERSION,
    prices: {
      ...{ kind: "model", model: "gbm", start: START, seconds: 30 * DAY, spot: 3000, volatility: SIGMA },
    },
    ...{ step: 600, check: 600, seed: 1, riskAversion: 1e-4, startsHedged: true },
    book: {
      name: "one call",
      entries: [{ type: "call", strikeRatio: 1, tau: 30 / 365, quantity: -1 }],
      rolls: false,
    },
    implied: constantSeries(SIGMA),
    expected: null,
    costs: costs(),
    oracle: null,
    margin: null,
    limits: { delta: null, minDrift: 0, maxAge: null, gamma: null, vega: null },
    ...changes,
  };
}

/** No cost at all, and no delay; with what is given instead. */
export function costs(changes: Partial<Scenario["costs"]> = {}): Scenario["costs"] {
  return {
    ...{ gasUnits: 0, gasGwei: constantSeries(10), feeRate: 0, kappa: 0, liquidity: null },
    ...{ fundingRate: 0, blockTime: 0, ...changes },
  };
}

/** Prices that are said, one each `step` seconds. */
export function said(prices: readonly number[], step = 60): PricePath {
  return { start: START, step, prices: Float64Array.from(prices) };
}

export function holding(input: DecisionInput, changes: Partial<Decision> = {}): Decision {
  return {
    ...{ action: "hold", reason: "inside-band", drift: input.hedgeDelta, trade: 0, band: null },
    ...{ gain: null, cost: null, ...changes },
  };
}

/** A rule made for one test. */
export function rule(decide: (input: DecisionInput) => Decision): Strategy {
  return { name: "of-a-test", params: {}, decide };
}

export const never = rule((input) => holding(input));

/** Trades so much whenever it is asked. */
export function trading(trade: number): Strategy {
  return rule((input) => holding(input, { action: "rebalance", reason: "rule", trade }));
}
