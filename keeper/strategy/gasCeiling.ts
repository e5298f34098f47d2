import type { DecisionInput, Strategy } from "./types.ts";

/** Relative width at which the search ends: far finer than a node's least replacement, 10 %. */
const PRECISION = 1.01;
/** Part of the most that counts as nothing: gas spans orders of magnitude, and their geometric mean needs a lower end. */
const NOTHING = 1e-9;

/**
 * The most that the gas of this trade is worth: the highest cost of gas, USD, at which the strategy would still trade now.
 * For a band that is where its edge, which gas pushes outwards, reaches the drift: there the gain is the cost. A rule or a limit that
 * acts whatever gas costs is worth `most`. A trade that only jitter makes is worth the gas it was decided with.
 *
 * @param input Of a decision to trade.
 * @param most USD: what the operator lets one transaction cost.
 * @returns At most `most`; else at least the gas the decision was made with.
 */
export function gasCeiling(strategy: Strategy, input: DecisionInput, most: number): number {
  // Jitter that acts at a drift which gains less than it costs would act on it at many times the gas too: an edge moves with gas^¼.
  const { unjittered } = strategy;
  const priced = unjittered !== undefined && unjittered.decide(input).band !== null ? unjittered : strategy;
  const trades = (gasUsd: number) => priced.decide({ ...input, gasUsd }).action === "rebalance";
  if (most <= input.gasUsd || trades(most)) return most;
  let low = Math.max(input.gasUsd, most * NOTHING);
  let high = most;
  while (high > low * PRECISION) {
    const middle = Math.sqrt(low * high);
    if (trades(middle)) low = middle;
    else high = middle;
  }
  return low;
}
