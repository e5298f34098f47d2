import { positive } from "../math/policyInputError.ts";
import { bookSize } from "../strategy/bookRisk.ts";
import { currentDrift } from "../strategy/drift.ts";
import { ruleDecision } from "../strategy/ruleDecision.ts";
import type { Strategy } from "../strategy/types.ts";

export interface ZenBullOptions {
  /** How far delta may be from its target, as a fraction of the position. */
  readonly tolerance: number;
}

/**
 * To the target whenever delta is out of its bounds. (Opyn's Zen Bull: delta of a share's ETH between 0.9 and 1.1.)
 *
 * There the bounds are a condition on the state after a trade that the operator may make at any time; nothing says when. The rule
 * here is the least that it forces: act when the condition is broken. Its bounds on the collateral ratio have no counterpart.
 *
 * @throws {PolicyInputError} if the tolerance is not above 0.
 */
export function zenBull(options: ZenBullOptions): Strategy {
  const tolerance = positive("tolerance", options.tolerance);
  return {
    name: "zen-bull",
    params: { tolerance },
    decide(input) {
      const drift = currentDrift(input);
      const bound = tolerance * bookSize(input.legs, input.timestamp);
      return ruleDecision(input, { drift, fires: Math.abs(drift) > bound });
    },
  };
}
