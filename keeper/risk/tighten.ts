import type { RiskSettings } from "../config/riskSettings.ts";
import type { Caution, DecisionInput, HardLimits } from "../strategy/types.ts";
import { rankOf, type RiskLevel } from "./riskRules.ts";

/** What the states do. */
export type Tightening = RiskSettings["tighten"];

/**
 * An input as the keeper decides on it at a level. Never looser than the operator's own: every factor is at most 1, what is not named
 * stays, and the vault keeps its own gate in any case.
 *
 * - normal: as the operator has set it.
 * - cautious: acts at a smaller drift, and sooner after the last rebalance. Smaller trades made earlier cost less in a pool that is thin:
 *   impact grows with the square of a trade.
 * - defensive: more of both, and a strategy that weighs gain against cost counts risk for more.
 * - halt: the same, and only trades that bring drift nearer to zero without crossing it. De-risking never stops.
 *
 * The delta limit does not fall below the drift from which the vault accepts a rebalance: between the two it would ask for what is refused.
 */
export function tighten(input: DecisionInput, level: RiskLevel, tightening: Tightening): DecisionInput {
  if (level === "normal") return input;
  const { delta, age } = level === "cautious" ? tightening.cautious : tightening.defensive;
  const caution = cautionAt(level, tightening);
  return {
    ...input,
    limits: { ...input.limits, delta: shrink(input.limits, delta), maxAge: input.limits.maxAge * age },
    ...(caution === null ? {} : { caution }),
  };
}

function shrink({ delta, minDrift }: HardLimits, part: number): number {
  return Math.max(delta * part, Math.min(delta, minDrift));
}

function cautionAt(level: RiskLevel, { defensive }: Tightening): Caution | null {
  if (rankOf(level) < rankOf("defensive")) return null;
  return { riskAversion: defensive.riskAversion, reduceOnly: level === "halt" };
}
