import { deltaLimit } from "./deltaLimit.ts";
import { hasElapsed } from "./elapsed.ts";
import type { Decision, DecisionInput, DecisionReason, Strategy } from "./types.ts";

/**
 * A strategy kept to the hard limits of its input, whatever it says itself: at |drift| of the delta limit in force (`deltaLimit`:
 * gamma and vega tighten it) and, from `minDrift` on, after `maxAge` seconds it hedges to zero, whatever that costs. What the
 * chain would refuse it holds. What the strategy itself trades stands, if it brings drift inside the limit or has a band of its own:
 * a strategy that knows the limits (`optimalImpulse`) finds the better landing, and is told the limit in force.
 *
 * Where caution lets only less drift through, a trade ends at zero at the latest; one that leads away from it is held.
 *
 * The reason is "gamma-limit" or "vega-limit" where the delta limit would not have asked for it untightened.
 */
export function withLimits(strategy: Strategy): Strategy {
  return {
    name: strategy.name,
    params: strategy.params,
    decide(input) {
      const limit = deltaLimit(input);
      const kept =
        limit.delta === input.limits.delta
          ? input
          : { ...input, limits: { ...input.limits, delta: limit.delta } };
      const reasonAt = (drift: number) =>
        Math.abs(drift) >= input.limits.delta ? "delta-limit" : limit.reason;
      const decision = enforce(strategy.decide(kept), kept, reasonAt);
      return input.caution?.reduceOnly === true ? reduceOnly(decision) : decision;
    },
  };
}

function enforce(
  decision: Decision,
  input: DecisionInput,
  reasonAt: (drift: number) => DecisionReason,
): Decision {
  const { action, reason, drift, trade, band } = decision;
  const size = Math.abs(drift);
  const isPast = size >= input.limits.delta;
  if (reason === "delta-limit") return { ...decision, reason: reasonAt(drift) };

  const staysPast = isPast && Math.abs(drift + trade) >= input.limits.delta;
  if (action === "rebalance") {
    if (!staysPast || (band !== null && trade !== 0)) return decision;
    return { ...decision, reason: reason === "margin" ? reason : reasonAt(drift), trade: -drift };
  }
  const isOverdue = input.lastRebalanceAt !== null && hasElapsed(input, input.limits.maxAge);
  if (drift === 0 || !(isPast || (isOverdue && size >= input.limits.minDrift))) return decision;
  if (size < input.limits.minDrift) return { ...decision, reason: "below-trigger" };
  return { ...decision, action: "rebalance", reason: isPast ? reasonAt(drift) : "age", trade: -drift };
}

/** A trade that would cross zero ends there, one that would raise drift is not made; a margin call acts all the same. */
function reduceOnly(decision: Decision): Decision {
  const { drift, trade, reason } = decision;
  if (trade === 0) return decision;
  if (Math.sign(trade) === -Math.sign(drift))
    return Math.abs(trade) <= Math.abs(drift) ? decision : { ...decision, trade: -drift };
  if (reason === "margin") return { ...decision, trade: 0 };
  return { ...decision, action: "hold", reason: "reduce-only", trade: 0 };
}
