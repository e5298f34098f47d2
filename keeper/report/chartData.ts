import { InputError } from "../history/inputError.ts";
import type { BacktestRun } from "./resultFile.ts";
import type { StrategySummary } from "./summary.ts";

/** Numbers the page may carry for its lines, and trades marked: each some half a megabyte. */
const BUDGET = 80_000;
const MARKS_BUDGET = 15_000;
/** Series each run has: equity, drift and the band's two edges. */
const SERIES = 4;
/** A chart with fewer points than this tells little, so rather fewer paths are drawn. */
const LEAST_POINTS = 400;
/** Of one run. */
const MOST_MARKS = 1000;
const MOST_STRATEGIES = 24;

/** What the page's charts are drawn from. */
export interface ChartData {
  readonly strategies: readonly string[];
  readonly paths: readonly PathData[];
}

export interface PathData {
  readonly path: number;
  readonly time: readonly number[];
  readonly spot: readonly number[];
  readonly gas: readonly number[];
  readonly runs: readonly RunData[];
}

export interface RunData {
  /** Index in `strategies`. */
  readonly strategy: number;
  readonly equity: readonly number[];
  readonly drift: readonly number[];
  /** Empty for rules without a band. */
  readonly low: readonly (number | null)[];
  readonly high: readonly (number | null)[];
  /** Trades: unix seconds, drift before and after. */
  readonly marks: readonly (readonly [number, number, number])[];
}

/** Chart data that fits, and what had to be left out of it, in words. */
export interface ChartSelection {
  readonly data: ChartData;
  readonly notes: readonly string[];
}

/** Picks what of the series can be drawn. @throws InputError when runs of one path have different times. */
export function chartData(strategies: readonly StrategySummary[]): ChartSelection | null {
  const notes: string[] = [];
  const shown = strategies.slice(0, MOST_STRATEGIES);
  const byPath = Map.groupBy(
    shown
      .flatMap(({ runs, index }) => runs.map((run) => ({ run, index })))
      .filter(({ run }) => run.series.time.length > 1),
    ({ run }) => run.path,
  );
  if (byPath.size === 0) return null;
  if (shown.length < strategies.length)
    notes.push(
      `The charts show the first ${String(shown.length)} of ${String(strategies.length)} strategies.`,
    );
  const most = Math.max(1, Math.floor(BUDGET / (SERIES * LEAST_POINTS * shown.length)));
  const paths = [...byPath].toSorted(([a], [b]) => a - b).slice(0, most);
  if (paths.length < byPath.size)
    notes.push(`They show the first ${String(paths.length)} of ${String(byPath.size)} recorded paths.`);
  const points = Math.floor(BUDGET / (SERIES * shown.length * paths.length));
  const drawn = paths.reduce((sum, [, runs]) => sum + runs.length, 0);
  const marks = Math.min(MOST_MARKS, Math.floor(MARKS_BUDGET / drawn));
  let widest = 1;
  let cut = 0;
  const data = paths.map(([path, runs]): PathData => {
    const { time, spot, gasGwei } = runs[0]!.run.series;
    if (runs.some(({ run }) => !isSame(run.series.time, time)))
      throw new InputError(`the runs of path ${String(path)} were sampled at different times`);
    const stride = Math.max(1, Math.ceil((time.length - 1) / (points - 1)));
    widest = Math.max(widest, stride);
    const thin = <T>(values: readonly T[]): T[] =>
      values.filter((_, index) => index % stride === 0 || index === values.length - 1);
    return {
      path,
      time: thin(time),
      spot: thin(spot).map(short),
      gas: thin(gasGwei).map(short),
      runs: runs.map(({ run, index }) => {
        cut += Math.max(0, run.totals.trades - marks);
        return runData(run, index, marks, thin);
      }),
    };
  });
  if (widest > 1)
    notes.push(`Lines are drawn from every ${ordinal(widest)} sample; the totals are of the whole run.`);
  if (cut > 0) notes.push(`The first ${String(marks)} trades of a run are marked.`);
  return { data: { strategies: shown.map(({ label }) => label), paths: data }, notes };
}

function runData(
  { series, trades }: BacktestRun,
  strategy: number,
  most: number,
  thin: <T>(values: readonly T[]) => T[],
): RunData {
  const hasBand = series.high.some((edge) => edge !== null);
  const edge = (values: readonly (number | null)[]) =>
    hasBand ? thin(values).map((value) => (value === null ? null : short(value))) : [];
  return {
    strategy,
    equity: thin(series.equity).map(short),
    drift: thin(series.drift).map(short),
    low: edge(series.low),
    high: edge(series.high),
    marks: trades
      .slice(0, most)
      .map(({ time, before, after }) => [time, short(before), short(after)] as const),
  };
}

function isSame(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((value, index) => value === other[index]);
}

/** To five digits: a chart has no room for more. */
function short(value: number): number {
  return Number(value.toPrecision(5));
}

function ordinal(value: number): string {
  return value === 2 ? "second" : value === 3 ? "third" : `${String(value)}th`;
}
