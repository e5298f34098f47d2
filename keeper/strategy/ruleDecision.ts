import type { Decision, DecisionInput, DecisionReason } from "./types.ts";

/** Part of drift that is not worth a trade: what rounding leaves of a landing on the edge of a band. */
const DUST = 1e-9;

/** What a rule without a price makes of a moment. */
export interface Verdict {
  /** ETH: the book's delta plus the hedge. */
  readonly drift: number;
  readonly fires: boolean;
  /** ETH of drift to land at; 0 when absent. */
  readonly target?: number;
  /** "rule" when absent. */
  readonly reason?: DecisionReason;
}

/**
 * The decision of a rule without a price: trade to the target if it fires, or if a venue wants margin; hold what the chain would
 * refuse. Hard limits of delta and age are not applied: `withLimits` does that for what runs live.
 */
export function ruleDecision(input: DecisionInput, verdict: Verdict): Decision {
  const { drift, fires, target = 0, reason = "rule" } = verdict;
  const shared = { drift, band: null, gain: null, cost: null };
  const distance = target - drift;
  const isWanted = fires && Math.abs(distance) > DUST * Math.abs(drift);
  if (input.marginCall) {
    return { action: "rebalance", reason: "margin", trade: isWanted ? distance : 0, ...shared };
  }
  if (isWanted && Math.max(Math.abs(drift), Math.abs(distance)) >= input.limits.minDrift) {
    return { action: "rebalance", reason, trade: distance, ...shared };
  }
  if (input.legs.length === 0 && drift === 0) return { action: "hold", reason: "flat", trade: 0, ...shared };
  return { action: "hold", reason: isWanted ? "below-trigger" : "inside-band", trade: 0, ...shared };
}
