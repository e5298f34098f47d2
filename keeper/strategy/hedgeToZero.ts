import type { Decision, DecisionInput } from "./types.ts";

/**
 * The decision of a rule without a price: hedge all of `drift` if `fires`, or if a venue wants margin; hold what the chain would
 * refuse. Hard limits of delta and age are not applied: the rule is compared as its users run it.
 */
export function hedgeToZero(input: DecisionInput, drift: number, fires: boolean): Decision {
  const shared = { drift, band: null, gain: null, cost: null };
  if (input.marginCall) {
    return { action: "rebalance", reason: "margin", trade: fires && drift !== 0 ? -drift : 0, ...shared };
  }
  if (fires && drift !== 0 && Math.abs(drift) >= input.limits.minDrift) {
    return { action: "rebalance", reason: "rule", trade: -drift, ...shared };
  }
  if (input.legs.length === 0 && drift === 0) return { action: "hold", reason: "flat", trade: 0, ...shared };
  return {
    action: "hold",
    reason: fires && drift !== 0 ? "below-trigger" : "inside-band",
    trade: 0,
    ...shared,
  };
}
