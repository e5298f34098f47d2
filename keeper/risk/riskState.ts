import type { RiskSettings } from "../config/riskSettings.ts";
import type { RiskFacts } from "./riskFacts.ts";
import {
  demanded,
  explainEntry,
  explainExit,
  isCalm,
  rankOf,
  RISK_LEVELS,
  type RiskLevel,
  type RiskThresholds,
} from "./riskRules.ts";

/** How careful the keeper of a vault is, and why. Plain JSON. */
export interface RiskState {
  readonly level: RiskLevel;
  /** Unix seconds at which it came to this level; null where it never left normal. */
  readonly since: number | null;
  /** What brought it here; null likewise. */
  readonly why: string | null;
  /** Seconds for which it has been calm enough to relax; null while it is not. */
  readonly calm: number | null;
  /** The last facts; null before the first. */
  readonly facts: RiskFacts | null;
}

/** What the states are entered and left by. */
export type RiskPolicy = RiskThresholds & Pick<RiskSettings, "dwell">;

/** As a vault begins. */
export const AT_EASE: RiskState = { level: "normal", since: null, why: null, calm: null, facts: null };

/** Looks at calm facts that it takes at least to relax: one look after an outage shows a moment, not a calm. */
const LEAST_LOOKS = 3;

/**
 * The state after one more look at the facts: a pure fold, so that the facts of a journal give every state again.
 *
 * It tightens at once, as far as any fact asks. It relaxes one level at a time, and only after `dwell` seconds in which every fact
 * was below its leaving threshold at every look; then the wait for the next level begins. The time between two looks counts for at most
 * a third of the dwell. So in any T seconds there are at most T/dwell relaxations, and at most three tightenings more than that,
 * however noisy the facts.
 */
export function nextState(state: RiskState, facts: RiskFacts, policy: RiskPolicy): RiskState {
  const { level } = state;
  const wanted = demanded(facts, policy);
  if (wanted !== "normal" && rankOf(wanted) > rankOf(level)) {
    const why = explainEntry(facts, state.facts, wanted, policy);
    return { level: wanted, since: facts.at, why, calm: null, facts };
  }
  if (level === "normal" || !isCalm(facts, level, policy)) return { ...state, calm: null, facts };
  const elapsed = state.facts === null ? 0 : Math.max(0, facts.at - state.facts.at);
  const calm = state.calm === null ? 0 : state.calm + Math.min(elapsed, policy.dwell / LEAST_LOOKS);
  if (calm < policy.dwell) return { ...state, calm, facts };
  const relaxed = RISK_LEVELS[rankOf(level) - 1]!;
  return {
    level: relaxed,
    since: facts.at,
    why: explainExit(facts, level, policy),
    calm: null,
    facts,
  };
}
