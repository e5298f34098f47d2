import { positive } from "../math/policyInputError.ts";
import { currentDrift } from "../strategy/drift.ts";
import { hasElapsed } from "../strategy/elapsed.ts";
import { ruleDecision } from "../strategy/ruleDecision.ts";
import type { Strategy } from "../strategy/types.ts";

export interface DeribitOptions {
  /** Between looks. */
  readonly seconds: number;
  /** |drift|, ETH. */
  readonly delta: number;
}

/**
 * To zero from a tenth of a coin on, looked at twice a minute, whatever the size of the book. (The delta hedgers that are published
 * for Deribit: 30 s, 0.10.)
 *
 * @throws {PolicyInputError} if a parameter is not above 0.
 */
export function deribit(options: DeribitOptions): Strategy {
  const seconds = positive("seconds", options.seconds);
  const delta = positive("delta", options.delta);
  return {
    name: "deribit",
    params: { seconds, delta },
    decide(input) {
      const drift = currentDrift(input);
      return ruleDecision(input, { drift, fires: Math.abs(drift) >= delta && hasElapsed(input, seconds) });
    },
  };
}
