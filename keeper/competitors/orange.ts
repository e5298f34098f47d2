import { positive } from "../math/policyInputError.ts";
import { currentDrift } from "../strategy/drift.ts";
import { ruleDecision } from "../strategy/ruleDecision.ts";
import type { Strategy } from "../strategy/types.ts";
import { moveSinceLast } from "./priceMove.ts";

export interface OrangeOptions {
  /** Half-width of the range around the price of the last rebalance, as a fraction. */
  readonly range: number;
}

/**
 * To zero once the price and its mean are both out of the range that the last rebalance was made around; the first time at once.
 * (Orange Finance: current tick and 5-minute TWAP tick out of range, else the operator's discretion, which no rule can follow.)
 *
 * The range is the operator's there and not published: the default of 5 % is ours. The mean is that of 7 minutes; without it spot
 * stands for it. Where nobody recorded the last price it never acts again.
 *
 * @throws {PolicyInputError} if the range is not above 0.
 */
export function orange(options: OrangeOptions): Strategy {
  const range = positive("range", options.range);
  return {
    name: "orange",
    params: { range },
    decide(input) {
      const isOut = moveSinceLast(input) >= range && moveSinceLast(input, input.observed?.twap420) >= range;
      return ruleDecision(input, {
        drift: currentDrift(input),
        fires: isOut || input.lastRebalanceAt === null,
      });
    },
  };
}
