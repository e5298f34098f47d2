import { positive } from "../math/policyInputError.ts";
import { bookRisk } from "./bookRisk.ts";
import type { DecisionInput } from "./types.ts";

/** To what part of itself a gamma or vega past its limit can bring the delta limit: that to which the vault lowers its own trigger. */
const TIGHTEST = 0.5;

/** The delta limit in force. */
export interface DeltaLimit {
  /** |drift| in ETH at which to act whatever it costs. */
  readonly delta: number;
  /** What has made it what it is. */
  readonly reason: "delta-limit" | "gamma-limit" | "vega-limit";
}

/**
 * The delta limit, tightened while the book has more gamma or vega than the operator wants.
 *
 * What hedges is linear in spot and has neither, so no trade of the keeper's cures them. What it can do is keep the drift they make
 * smaller: the limit is `delta · max(½, min(1, gamma limit/|gamma|, vega limit/|vega|))`, continuous, and at twice a limit half of
 * itself. The vault does the same, at once: past `maxGamma` or `maxVega` its `minDrift` is half (`HedgeGate`).
 *
 * @throws {PolicyInputError} if a limit of gamma or vega is not above 0.
 */
export function deltaLimit({ limits, legs, spot, timestamp }: DecisionInput): DeltaLimit {
  const { delta, gamma, vega } = limits;
  if (gamma === undefined && vega === undefined) return { delta, reason: "delta-limit" };
  const risk = bookRisk(legs, spot, timestamp);
  const byGamma = gamma === undefined ? Infinity : positive("limits.gamma", gamma) / Math.abs(risk.gamma);
  const byVega = vega === undefined ? Infinity : positive("limits.vega", vega) / Math.abs(risk.vega);
  const part = Math.min(byGamma, byVega);
  if (!(part < 1)) return { delta, reason: "delta-limit" };
  return {
    delta: delta * Math.max(TIGHTEST, part),
    reason: byGamma <= byVega ? "gamma-limit" : "vega-limit",
  };
}
