import type { DecisionInput } from "../strategy/types.ts";
import type { RiskFacts, RiskMemory } from "./riskFacts.ts";
import { rankOf, type RiskLevel } from "./riskRules.ts";
import { nextState, type RiskPolicy, type RiskState } from "./riskState.ts";

/** One step of the risk state, with all that is needed to take it again. Plain JSON: it lies in the journal with the decision's input. */
export interface RiskRecord {
  /** By which the step was taken. */
  readonly policy: RiskPolicy;
  readonly before: RiskState;
  readonly facts: RiskFacts;
  /** With this block in it: a keeper that starts goes on from it. */
  readonly memory: RiskMemory;
  /** What came out, and why where it is not what it was. */
  readonly level: RiskLevel;
  readonly why?: string;
}

/** What a decision was made from, and the risk state that tightened its limits; a keeper without a risk manager has none. */
export interface RecordedInput extends DecisionInput {
  readonly risk?: RiskRecord;
}

/** Whether a trade takes margin along where a venue is short of it, though it does not call for it yet. */
export function putsMarginFirst({ risk }: RecordedInput): boolean {
  if (risk === undefined || rankOf(risk.level) < rankOf("defensive")) return false;
  return risk.facts.margin >= risk.policy.margin.cautious;
}

/** The state that a recorded step led to. */
export function stateAfter({
  before,
  facts,
  policy,
}: Pick<RiskRecord, "before" | "facts" | "policy">): RiskState {
  return nextState(before, facts, policy);
}

/** A recorded step at which the level changed. */
export interface RiskTransition {
  readonly from: RiskLevel;
  readonly to: RiskLevel;
  /** Unix seconds. */
  readonly at: number;
  readonly why: string;
}

/** The change of level that a step made; null for none. */
export function transitionOf(record: RiskRecord): RiskTransition | null {
  const { before, facts, level, why } = record;
  if (level === before.level) return null;
  return { from: before.level, to: level, at: facts.at, why: why ?? "" };
}
