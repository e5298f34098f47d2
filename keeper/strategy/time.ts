import { positive } from "../math/policyInputError.ts";
import { currentDrift } from "./drift.ts";
import { hasElapsed } from "./elapsed.ts";
import { ruleDecision } from "./ruleDecision.ts";
import type { Strategy } from "./types.ts";

export interface TimeOptions {
  /** Since the last rebalance. */
  readonly seconds: number;
}

/**
 * Hedges to zero whenever so many seconds have passed since the last rebalance, whatever it costs; the first time at once.
 *
 * @throws {PolicyInputError} if the seconds are not above 0.
 */
export function time(options: TimeOptions): Strategy {
  const seconds = positive("seconds", options.seconds);
  return {
    name: "time",
    params: { seconds },
    decide: (input) => ruleDecision(input, { drift: currentDrift(input), fires: hasElapsed(input, seconds) }),
  };
}
