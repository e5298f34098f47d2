import { DEFAULT } from "../optimum/verdict.ts";
import { percent, usd, usdWithError } from "./numbers.ts";
import type { BacktestResult, BacktestRun, BacktestTotals } from "./resultFile.ts";

/** All runs of one strategy, as it was asked for. */
export interface StrategySummary {
  readonly label: string;
  readonly name: string;
  readonly params: Readonly<Record<string, number>>;
  /** Its place among the strategies, which is its colour too. */
  readonly index: number;
  readonly runs: readonly BacktestRun[];
  /** Means over the paths; of drift and drawdown the worst. */
  readonly totals: BacktestTotals;
  /** Standard error of the mean friction, USD; null for a single path. */
  readonly frictionError: number | null;
}

const WORST: readonly (keyof BacktestTotals)[] = ["worstDrift", "maxDrawdownUsd"];

/** One for each label, in the file's order. */
export function summarise(runs: readonly BacktestRun[]): StrategySummary[] {
  const groups = Map.groupBy(runs, ({ label }) => label);
  return [...groups].map(([label, of], index) => {
    const { name, params } = of[0]!.strategy;
    const frictions = of.map(({ totals }) => totals.frictionUsd);
    return {
      ...{ label, name, params, index, runs: of },
      totals: totalsOf(of.map(({ totals }) => totals)),
      frictionError: of.length < 2 ? null : standardError(frictions),
    };
  });
}

/** The strategy the others are measured by: Keel's own, with nothing changed if it is there. */
export function defaultOf(strategies: readonly StrategySummary[]): StrategySummary | null {
  return (
    strategies.find(({ label }) => label === DEFAULT) ??
    strategies.find(({ name }) => name === DEFAULT) ??
    null
  );
}

/** What came out, in plain sentences. */
export function headline({ made, runs }: BacktestResult): string {
  const strategies = summarise(runs);
  const ranked = strategies.toSorted((a, b) => a.totals.frictionUsd - b.totals.frictionUsd);
  const [best, next] = ranked as [StrategySummary, StrategySummary | undefined];
  const { costUsd, riskUsd, frictionUsd, trades, liquidations } = best.totals;
  const many = best.runs.length > 1 ? ` on average over ${String(best.runs.length)} paths` : "";
  const sum = `${usd(frictionUsd)} USD${many}: ${usd(costUsd)} paid in ${tradesOf(trades)} and ${usd(riskUsd)} of risk`;
  const own = defaultOf(strategies);
  const sentences =
    next === undefined
      ? [`The friction of ${best.label} was ${sum}.`]
      : [`${best.label} had the least friction, ${sum}.`, `${behind(best, next)}.`];
  if (own !== null && own !== best && own !== next) sentences.push(`The default: ${behind(best, own)}.`);
  const { spot } = best.runs[0]!.series;
  if (made.paths === 1 && spot.length > 1) {
    const move = spot.at(-1)! / spot[0]! - 1;
    sentences.push(
      `ETH went from ${usd(spot[0]!)} to ${usd(spot.at(-1)!)} USD (${move > 0 ? "+" : ""}${percent(move)}).`,
    );
  }
  if (liquidations > 0) sentences.push(`${best.label} was liquidated.`);
  return sentences.join(" ");
}

/** How far one is behind, and how sure that is where there are paths to tell by. */
function behind(best: StrategySummary, other: StrategySummary): string {
  const gap = other.totals.frictionUsd - best.totals.frictionUsd;
  const base = `${other.label} came to ${usd(other.totals.frictionUsd)} USD, ${percent(gap / best.totals.frictionUsd)} more`;
  const error = pairedError(best, other);
  if (error === null) return base;
  const sure = gap > 2 * error ? "" : ", which is within the noise";
  return `${base} (${usdWithError(gap, error)} USD on the same paths${sure})`;
}

/** Standard error of the difference of two strategies on the same paths, USD; null when there is nothing to tell it by. */
function pairedError(one: StrategySummary, other: StrategySummary): number | null {
  const frictionOn = new Map(one.runs.map(({ path, totals }) => [path, totals.frictionUsd]));
  const gaps = other.runs.flatMap(({ path, totals }) =>
    frictionOn.has(path) ? [totals.frictionUsd - frictionOn.get(path)!] : [],
  );
  return gaps.length < 2 ? null : standardError(gaps);
}

function totalsOf(all: readonly BacktestTotals[]): BacktestTotals {
  const keys = Object.keys(all[0]!) as (keyof BacktestTotals)[];
  return Object.fromEntries(
    keys.map((key) => {
      const values = all.map((one) => one[key]);
      return [key, WORST.includes(key) ? Math.max(...values) : mean(values)];
    }),
  ) as unknown as BacktestTotals;
}

function tradesOf(trades: number): string {
  return trades === 1 ? "1 trade" : `${String(Number(trades.toFixed(1)))} trades`;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function standardError(values: readonly number[]): number {
  const middle = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1) / values.length);
}
