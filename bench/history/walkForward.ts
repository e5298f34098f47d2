import { scenarioKey } from "../../keeper/backtest/job.ts";
import type { RunTotals } from "../../keeper/backtest/result.ts";
import type { Scenario } from "../../keeper/backtest/scenario.ts";
import type { WorkerPool } from "../../keeper/backtest/workerPool.ts";
import { CATALOGUE, type CatalogueEntry } from "../../keeper/competitors/catalogue.ts";
import { tune } from "../../keeper/optimum/tune.ts";
import { INCUMBENTS } from "../../keeper/optimum/benchmarkCases.ts";
import { DEFAULT } from "../../keeper/optimum/verdict.ts";
import { costAtRisk, type Outcome } from "./frontier.ts";
import type { Fold } from "./periods.ts";
import { calibratedOn, worldOf, type HistoryFiles } from "./world.ts";

/** Values of a parameter that are looked at over its range, evenly in the logarithm. */
const VALUES = 13;
/** Ways of filling the hours in, over which a stress window is averaged. */
const PATHS = 5;
/** Seconds between prices: of the past, and of what is judged. */
const COARSE = 300;
const FINE = 60;

export interface Measured {
  readonly costUsd: number;
  readonly riskUsd: number;
  readonly frictionUsd: number;
  readonly trades: number;
}

/** A rule in one fold. */
export interface RuleResult {
  readonly name: string;
  readonly title: string;
  readonly published: Measured;
  /** With what had the least friction on the past. */
  readonly tuned: Measured & { readonly params: Readonly<Record<string, number>> };
  /**
   * What it would have cost at the default's risk with the parameter chosen afterwards, over the default's cost; null where no
   * parameter came to that risk.
   */
  readonly costAtOurRisk: number | null;
}

export interface FoldResult extends Fold {
  readonly book: string;
  readonly level: string;
  readonly riskAversion: number;
  readonly ours: Measured;
  readonly rules: readonly RuleResult[];
}

export interface WalkOptions {
  readonly files: HistoryFiles;
  readonly level: string;
  readonly book: string;
  /** Days that its options live. */
  readonly days: number;
  readonly pool: Pick<WorkerPool, "run">;
}

/** Plays one fold: everything that is chosen is chosen on the past. */
export async function playFold(
  fold: Fold,
  { files, level, book, days, pool }: WalkOptions,
): Promise<FoldResult> {
  const past = worldOf(fold.train, { files, book, step: COARSE });
  const riskAversion = calibratedOn(past, days);
  const train: Scenario = { ...past, riskAversion };
  const test: Scenario = { ...worldOf(fold.test, { files, book, step: FINE }), riskAversion };
  const paths = fold.kind === "stress" ? PATHS : 1;
  const trainKey = scenarioKey(train);
  const testKey = scenarioKey(test);

  const onPast = (name: string, params: Readonly<Record<string, number>>): Promise<Measured> =>
    play(pool, trainKey, train, name, params, 1);
  const inTest = (name: string, params: Readonly<Record<string, number>>): Promise<Measured> =>
    play(pool, testKey, test, name, params, paths);

  const ours = await inTest(DEFAULT, {});
  const entries = CATALOGUE.filter(({ name }) => INCUMBENTS.includes(name));
  const rules = await Promise.all(entries.map((entry) => playRule(entry, ours, onPast, inTest)));
  return { ...fold, book, level, riskAversion, ours, rules };
}

type Play = (name: string, params: Readonly<Record<string, number>>) => Promise<Measured>;

async function playRule(
  { name, title, defaults, tunable }: CatalogueEntry,
  ours: Measured,
  onPast: Play,
  inTest: Play,
): Promise<RuleResult> {
  const ranges = tunable.filter(({ key }) => key !== "riskAversion");
  const params = await tune(defaults, ranges, async (tried) => (await onPast(name, tried)).frictionUsd);
  const [published, tuned, ...outcomes] = await Promise.all([
    inTest(name, defaults),
    inTest(name, params),
    ...ranges.flatMap(({ key, from, to }) =>
      valuesOf(from, to).map(async (value) => ({
        key,
        value,
        ...(await inTest(name, { ...params, [key]: value })),
      })),
    ),
  ]);
  const costs = ranges.flatMap(({ key }) => {
    const along = outcomes.filter(
      (outcome): outcome is Measured & Outcome & { key: string } => outcome.key === key,
    );
    const cost = costAtRisk(along, ours.riskUsd);
    return cost === null ? [] : [cost];
  });
  return {
    name,
    title,
    published,
    tuned: { ...tuned, params },
    costAtOurRisk: costs.length === 0 ? null : Math.min(...costs) / ours.costUsd,
  };
}

function valuesOf(from: number, to: number): number[] {
  return Array.from({ length: VALUES }, (_, i) => Math.min(to, from * (to / from) ** (i / (VALUES - 1))));
}

async function play(
  pool: Pick<WorkerPool, "run">,
  key: string,
  scenario: Scenario,
  name: string,
  params: Readonly<Record<string, number>>,
  paths: number,
): Promise<Measured> {
  const runs = await Promise.all(
    Array.from({ length: paths }, (_, path) =>
      pool.run(key, scenario, { strategy: { label: name, name, params }, path, points: 2 }),
    ),
  );
  const mean = (of: (totals: RunTotals) => number): number =>
    runs.reduce((sum, { totals }) => sum + of(totals), 0) / paths;
  return {
    costUsd: mean((totals) => totals.costUsd),
    riskUsd: mean((totals) => totals.riskUsd),
    frictionUsd: mean((totals) => totals.frictionUsd),
    trades: mean((totals) => totals.trades),
  };
}
