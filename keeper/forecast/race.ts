import { pickBySkill, pickFromPast } from "./pick.ts";
import { compare, type Scored, type Skill } from "./skill.ts";

/** One forecaster's forecasts by moment, each made from the past of that moment. */
export interface Entrant<Value> {
  readonly name: string;
  /** What anyone could say without a model: one of these is the measure of the others. */
  readonly naive?: true;
  /** A learned model: used only where it convincingly beats the best formula, not just the naive forecast. */
  readonly challenger?: true;
  readonly values: readonly (Value | undefined)[];
}

/** What came of a race at one horizon. */
export interface Race<Value> {
  readonly horizon: string;
  /** The naive forecast with the lowest loss: the harder one to beat. */
  readonly naive: string;
  /** Of every other entrant against it. */
  readonly skills: readonly Skill[];
  /** The entrant to use from now on: the best that convinced, else the naive one. */
  readonly pick: string;
  /** The same among those that are not challengers: for where a challenger that was picked has no forecast. */
  readonly formula: string;
  /** Of each challenger against the best of the others, which stands as `naive` in it. */
  readonly challenges: readonly Skill[];
  /** Of choosing again and again from the past alone; undefined when there is too little of it. */
  readonly picking: Skill | undefined;
  /** Each entrant's forecast at the last moment. */
  readonly next: Readonly<Record<string, Value>>;
}

export interface RaceTerms {
  readonly horizon: string;
  /** Moments that one outcome spans. */
  readonly steps: number;
  /** Moments between two choices, and fewest outcomes before the first. */
  readonly every: number;
  readonly minimum: number;
}

/** Makes an entrant a learned challenger. */
export function challenger<Value>(entrant: Entrant<Value>): Entrant<Value> {
  return { ...entrant, challenger: true };
}

/**
 * Compares forecasters on the moments all of them can be scored.
 * @param score undefined where a moment's outcome is unknown.
 * @returns undefined when fewer than 30 moments can be compared.
 */
export function race<Value>(
  entrants: readonly Entrant<Value>[],
  { horizon, steps, every, minimum }: RaceTerms,
  score: (value: Value, moment: number) => Scored | undefined,
): Race<Value> | undefined {
  const scored = onCommonMoments(
    entrants.map(({ values }) =>
      values.map((value, moment) => (value === undefined ? undefined : score(value, moment))),
    ),
  );
  const loss = (index: number): number =>
    scored[index]!.reduce((sum, moment) => sum + (moment?.loss ?? 0), 0);
  const naives = entrants.flatMap(({ naive }, index) => (naive ? [index] : []));
  const reference = naives.toSorted((a, b) => loss(a) - loss(b))[0];
  if (reference === undefined) throw new RangeError("a race needs a naive forecast");
  const naive = entrants[reference]!.name;

  const others = entrants.flatMap((_, index) => (index === reference ? [] : [index]));
  const against = (model: string, losses: readonly (Scored | undefined)[]): Skill | undefined =>
    compare({ model, naive, horizon }, losses, scored[reference]!, steps);
  const skills = others.flatMap((index) => against(entrants[index]!.name, scored[index]!) ?? []);
  if (skills.length === 0) return undefined;

  const formulas = others.filter((index) => entrants[index]!.challenger !== true);
  const candidates = formulas.map((index) => scored[index]!);
  const picks = pickFromPast(scored[reference]!, candidates, { horizon: steps, every, minimum });
  const first = nthKnown(scored[reference]!, minimum);
  const picked = scored[reference]!.map((own, moment) =>
    moment < first ? undefined : (candidates[picks[moment]!]?.[moment] ?? own),
  );
  const best = [reference, ...formulas].toSorted((a, b) => loss(a) - loss(b))[0]!;
  const challenges = others.flatMap((index) => {
    if (entrants[index]!.challenger !== true) return [];
    const names = { model: entrants[index]!.name, naive: entrants[best]!.name, horizon };
    return compare(names, scored[index]!, scored[best]!, steps) ?? [];
  });
  const challenged = pickBySkill(entrants[best]!.name, challenges);
  const formulaSkills = skills.filter(({ model }) =>
    formulas.some((index) => entrants[index]!.name === model),
  );
  const formula = pickBySkill(naive, formulaSkills);
  const last = entrants.map(({ name, values }) => [name, values.at(-1)] as const);
  return {
    ...{ horizon, naive, skills, challenges },
    pick: challenged === entrants[best]!.name ? formula : challenged,
    formula,
    picking: against("picked from the past", picked),
    next: Object.fromEntries(last.filter((entry): entry is [string, Value] => entry[1] !== undefined)),
  };
}

/**
 * The forecast to use from the last moment on: of the entrant that was picked, where it has none of the best formula, else of the
 * naive one; undefined without any.
 */
export function usedForecast<Value>({
  pick,
  formula,
  naive,
  next,
}: Pick<Race<Value>, "pick" | "formula" | "naive" | "next">):
  { readonly model: string; readonly value: Value } | undefined {
  for (const model of [pick, formula, naive]) {
    const value = next[model];
    if (value !== undefined) return { model, value };
  }
  return undefined;
}

function onCommonMoments(scored: (Scored | undefined)[][]): (Scored | undefined)[][] {
  const known = scored[0]!.map((_, moment) => scored.every((losses) => losses[moment] !== undefined));
  return scored.map((losses) => losses.map((loss, moment) => (known[moment] ? loss : undefined)));
}

function nthKnown(losses: readonly (Scored | undefined)[], count: number): number {
  let seen = 0;
  for (const [moment, loss] of losses.entries()) if (loss !== undefined && ++seen > count) return moment;
  return losses.length;
}
