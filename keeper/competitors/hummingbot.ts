import { nonNegative, positive } from "../math/policyInputError.ts";
import { currentDrift } from "../strategy/drift.ts";
import { hasElapsed } from "../strategy/elapsed.ts";
import { ruleDecision } from "../strategy/ruleDecision.ts";
import type { Strategy } from "../strategy/types.ts";

export interface HummingbotOptions {
  /** Since the last trade. */
  readonly seconds: number;
  /** Least value of a trade, USD. */
  readonly leastUsd: number;
}

/**
 * To zero every minute if that is worth more than a minimum. (Hummingbot's hedge strategy: interval 60 s, ratio 1; the minimum is
 * 0 unless it is set.)
 *
 * @throws {PolicyInputError} if the seconds are not above 0 or the minimum negative.
 */
export function hummingbot(options: HummingbotOptions): Strategy {
  const seconds = positive("seconds", options.seconds);
  const leastUsd = nonNegative("leastUsd", options.leastUsd);
  return {
    name: "hummingbot",
    params: { seconds, leastUsd },
    decide(input) {
      const drift = currentDrift(input);
      const isWorth = Math.abs(drift) * input.spot > leastUsd;
      return ruleDecision(input, { drift, fires: isWorth && hasElapsed(input, seconds) });
    },
  };
}
