import { describeError } from "../log/describeError.ts";
import { PolicyInputError } from "../math/policyInputError.ts";
import { stateAfter, transitionOf, type RiskRecord, type RiskTransition } from "../risk/riskRecord.ts";
import type { RiskLevel } from "../risk/riskRules.ts";
import type { StoredDecision } from "../store/journal.ts";
import type { Decision, Strategy } from "../strategy/types.ts";

/** A decision that comes out otherwise than it was recorded. */
export interface Difference {
  readonly id: bigint;
  readonly block: bigint;
  readonly recorded: Decision;
  /** What the strategy decides now, or why it does not. */
  readonly now: Decision | { readonly error: string };
  /** The risk state that came out then and that comes out now, where they differ, or why none does. */
  readonly risk?: { readonly recorded: RiskOutcome; readonly now: RiskOutcome | { readonly error: string } };
}

/** What a step of the risk state led to. */
export interface RiskOutcome {
  readonly level: RiskLevel;
  /** Why the level changed; null where it stayed. */
  readonly why: string | null;
}

export interface ReplayTotals {
  readonly decisions: number;
  readonly same: number;
  readonly different: number;
}

export interface ReplayOptions {
  readonly records: AsyncIterable<StoredDecision>;
  /** The strategy to decide a record again. What it throws ends the replay. */
  strategyFor(record: StoredDecision): Strategy | Promise<Strategy>;
  onDifference(difference: Difference): void;
  /** Told every change of the risk state that is on record, in their order. */
  onTransition?(transition: RiskTransition, record: StoredDecision): void;
}

/** Another processor may round the last digits otherwise; a relative difference of this is no change of mind. */
const ROUNDING = 1e-9;
/** ETH, USD: as good as zero. */
const NOTHING = 1e-12;

/** Decides every record again from the input it was decided on, in the order given. Reads nothing but the records. */
export async function replay({
  records,
  strategyFor,
  onDifference,
  onTransition,
}: ReplayOptions): Promise<ReplayTotals> {
  let decisions = 0;
  let different = 0;
  for await (const record of records) {
    decisions += 1;
    const now = decideAgain(await strategyFor(record), record);
    const step = record.input.risk;
    const transition = step === undefined ? null : transitionOf(step);
    if (transition !== null) onTransition?.(transition, record);
    const risk = step === undefined ? null : riskDifference(step);
    if ("action" in now && isSame(record.decision, now) && risk === null) continue;
    different += 1;
    const difference = { id: record.id, block: record.block.number, recorded: record.decision, now };
    onDifference(risk === null ? difference : { ...difference, risk });
  }
  return { decisions, same: decisions - different, different };
}

function decideAgain(strategy: Strategy, { input }: StoredDecision): Difference["now"] {
  try {
    return strategy.decide(input);
  } catch (error) {
    const where = error instanceof PolicyInputError ? `${error.path} ` : "";
    return { error: `${where}${describeError(error)}` };
  }
}

/** Takes a recorded step of the risk state again. What it explains is text that this build makes: another may word it otherwise. */
function riskDifference(step: RiskRecord): Difference["risk"] | null {
  const recorded = { level: step.level, why: step.why ?? null };
  try {
    const { level, why } = stateAfter(step);
    return level === step.level
      ? null
      : { recorded, now: { level, why: level === step.before.level ? null : why } };
  } catch (error) {
    return { recorded, now: { error: describeError(error) } };
  }
}

/** Whether two decisions are the same but for rounding. */
export function isSame(one: Decision, other: Decision): boolean {
  return changes(one, other).length === 0;
}

const BAND = ["b", "t", "c", "centre", "lean"] as const;
const NUMBERS = ["drift", "trade", "gain", "cost"] as const;

/** The fields in which two decisions differ, dotted. */
export function changes(one: Decision, other: Decision): string[] {
  const fields: string[] = [];
  for (const field of ["action", "reason"] as const) if (one[field] !== other[field]) fields.push(field);
  for (const field of NUMBERS) if (!isNear(one[field], other[field])) fields.push(field);
  if (one.band === null || other.band === null) {
    if (one.band !== other.band) fields.push("band");
    return fields;
  }
  for (const field of BAND)
    if (!isNear(one.band[field] ?? 0, other.band[field] ?? 0)) fields.push(`band.${field}`);
  return fields;
}

function isNear(one: number | null, other: number | null): boolean {
  if (one === null || other === null || Object.is(one, other)) return one === other || Object.is(one, other);
  return Math.abs(one - other) <= Math.max(NOTHING, ROUNDING * Math.min(Math.abs(one), Math.abs(other)));
}
