import { deltaLimit } from "./deltaLimit.ts";
import { isOverdue } from "./elapsed.ts";
import type { Decision, DecisionInput, DecisionReason, Strategy } from "./types.ts";

/**
 * A strategy kept to the hard limits of its input, whatever it says itself: at |drift| of the delta limit in force (`deltaLimit`:
 * gamma and vega tighten it) and, from `minDrift` on, after `maxAge` seconds it hedges to zero, whatever that costs. What the
 * chain would refuse it holds. What the strategy itself trades stands, if it brings drift inside the limit: one that knows the limits
 * (`optimalImpulse`) finds the better landing, and is told the limit in force. One that ends past it would ask for another at the next
 * look: it goes to zero instead.
 *
 * Where caution lets only less drift through, a trade ends at zero at the latest; one that leads away from it is held.
 *
 * The reason is "gamma-limit" or "vega-limit" where the delta limit would not have asked for it untightened.
 */
export function withLimits(strategy: Strategy): Strategy {
  return {
    name: strategy.name,
    params: strategy.params,
    ...(strategy.unjittered === undefined ? {} : { unjittered: withLimits(strategy.unjittered) }),
    isLimited: true,
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
  const { action, reason, drift, trade } = decision;
  const size = Math.abs(drift);
  const isPast = size >= input.limits.delta;
  if (action === "rebalance") {
    const staysPast = isPast && Math.abs(drift + trade) >= input.limits.delta;
    const made = staysPast ? { ...decision, trade: -drift } : decision;
    const isLimit = reason === "delta-limit" || (staysPast && reason !== "margin");
    return isLimit ? { ...made, reason: reasonAt(drift) } : made;
  }
  if (drift === 0 || !(isPast || (isOverdue(input) && size >= input.limits.minDrift))) return decision;
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
