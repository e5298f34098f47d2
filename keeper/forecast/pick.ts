import { standardError, type Scored, type Skill } from "./skill.ts";

/** A gain this many standard errors above 0 is taken for real: one-sided 5 %. */
const CONVINCING = 1.645;

/**
 * The name of the forecaster to use at one horizon: of those whose gain over the naive forecast is convincing the one
 * that gained most, else the naive one.
 * @param skills of one horizon, all against the same naive forecast and preferably over the same stretch.
 */
export function pickBySkill(naive: string, skills: readonly Skill[]): string {
  let best: Skill | undefined;
  for (const skill of skills) {
    if (skill.t < CONVINCING || skill.naive !== naive) continue;
    if (best === undefined || skill.gain > best.gain) best = skill;
  }
  return best?.model ?? naive;
}

/** How often and on how much past a choice is made; all in moments. */
export interface PickRule {
  /** After which an outcome is known. */
  readonly horizon: number;
  /** Between two choices. */
  readonly every: number;
  /** Fewest compared before anything but the naive forecast is chosen. */
  readonly minimum: number;
  /** Newest that count. */
  readonly memory?: number;
}

/**
 * The same choice made at every moment from what was known then: a model's losses up to `horizon` moments before.
 * It shows what picking itself is worth out of sample.
 * @param scored losses of each candidate by moment, undefined where it had no forecast or the outcome is unknown.
 * @returns by moment the candidate's index, -1 for the naive one.
 */
export function pickFromPast(
  naive: readonly (Scored | undefined)[],
  scored: readonly (readonly (Scored | undefined)[])[],
  { horizon, every, minimum, memory = 1000 }: PickRule,
): Int32Array {
  const picks = new Int32Array(naive.length).fill(-1);
  let current = -1;
  for (let origin = 0; origin < naive.length; origin++) {
    if (origin % every === 0) {
      current = -1;
      let bestGain = 0;
      for (const [index, losses] of scored.entries()) {
        const gains = gainsUntil(naive, losses, origin - horizon).slice(-memory);
        if (gains.length < minimum) continue;
        const gain = gains.reduce((sum, value) => sum + value, 0) / gains.length;
        if (gain > bestGain && gain > CONVINCING * standardError(gains, horizon)) {
          bestGain = gain;
          current = index;
        }
      }
    }
    picks[origin] = current;
  }
  return picks;
}

function gainsUntil(
  naive: readonly (Scored | undefined)[],
  losses: readonly (Scored | undefined)[],
  last: number,
): number[] {
  const gains: number[] = [];
  for (let i = 0; i <= last; i++) {
    const [ours, theirs] = [losses[i], naive[i]];
    if (ours !== undefined && theirs !== undefined) gains.push(theirs.loss - ours.loss);
  }
  return gains;
}
