import { SIGMA } from "./book.ts";
import type { PathRecord } from "./simulate.ts";

const HOURS_PER_MONTH = 730;
const HOURLY_SIGMA = SIGMA / Math.sqrt(8_760);

/** Of one path. NaN where it says nothing: of a path that broke, and of an event that did not happen. */
export interface PathMeasures {
  /** Deviation of hourly returns over that of the fundamental's. */
  readonly volatilityRatio: number;
  /** The same of daily returns. */
  readonly dailyVolatilityRatio: number;
  readonly kurtosis: number;
  /** Hours a month with a return past five of the usual hourly deviations. */
  readonly fiveSigmaHours: number;
  /** The same past five of the path's own. */
  readonly fiveOwnSigmaHours: number;
  readonly largestFlow: number;
  readonly maxDrawdown: number;
  /** A month, of 100 agents. */
  readonly liquidations: number;
  /** Of 100 agents, in the whole time that was measured. */
  readonly closed: number;
  readonly tradesPerDay: number;
  readonly rmsDrift: number;
  readonly leastDepth: number;
  /** How far hedging pushed the price down after a shock, at worst and a day later, fractions. */
  readonly overshoot: number;
  readonly lasting: number;
  readonly recoveryHours: number;
  /** 1 if the path broke. */
  readonly broke: number;
}

export type MeasureName = keyof PathMeasures;

/** Mean over the paths, its standard error, and of how many paths. */
export interface Estimate {
  readonly mean: number | null;
  readonly se: number | null;
  readonly paths: number;
}

/** What a path says of its herd. @param agents who hedged; 0 for nobody. */
export function measuresOf(record: PathRecord, agents: number): PathMeasures {
  const returns = differences(record.hours);
  const { broke, push } = record;
  const ofWhole = (value: number): number => (broke ? NaN : value);
  const deviation = Math.sqrt(moment(returns, 2));
  const usual = Math.sqrt(moment(differences(record.fundamental), 2));
  const month = returns.length / HOURS_PER_MONTH;
  const past = (limit: number): number => returns.filter((r) => Math.abs(r) > limit).length / month;
  return {
    volatilityRatio: ofWhole(deviation / usual),
    dailyVolatilityRatio: ofWhole(dailyDeviation(record.hours) / dailyDeviation(record.fundamental)),
    kurtosis: ofWhole(moment(returns, 4) / deviation ** 4),
    fiveSigmaHours: ofWhole(past(5 * HOURLY_SIGMA)),
    fiveOwnSigmaHours: ofWhole(past(5 * deviation)),
    largestFlow: ofWhole(record.largestFlow),
    maxDrawdown: ofWhole(record.maxDrawdown),
    liquidations: ofWhole(agents === 0 ? 0 : (100 * record.liquidations) / agents / month),
    closed: ofWhole(agents === 0 ? 0 : (100 * record.liquidations) / agents),
    tradesPerDay: ofWhole(agents === 0 ? 0 : (24 * record.trades) / agents / returns.length),
    rmsDrift: ofWhole(record.rmsDrift),
    leastDepth: record.leastDepth,
    overshoot: ofWhole(push === null ? NaN : -Math.expm1(push.lowest)),
    lasting: ofWhole(push === null ? NaN : -Math.expm1(push.lasting)),
    recoveryHours: ofWhole(push === null || push.lowest === 0 ? NaN : (push.recoveryHours ?? NaN)),
    broke: broke ? 1 : 0,
  };
}

/** Each measure over the paths that have it. */
export function estimate(paths: readonly PathMeasures[]): Record<MeasureName, Estimate> {
  const names = Object.keys(paths[0]!) as MeasureName[];
  return Object.fromEntries(
    names.map((name) => [name, estimateOf(paths.map((measures) => measures[name]))]),
  ) as Record<MeasureName, Estimate>;
}

/** Mean and standard error of what is not NaN. */
export function estimateOf(all: readonly number[]): Estimate {
  const values = all.filter((value) => !Number.isNaN(value));
  const paths = values.length;
  if (paths === 0) return { mean: null, se: null, paths };
  const mean = values.reduce((sum, value) => sum + value, 0) / paths;
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, se: paths < 2 ? null : Math.sqrt(square / (paths - 1) / paths), paths };
}

function dailyDeviation(hours: readonly number[]): number {
  return Math.sqrt(moment(differences(hours.filter((_, hour) => hour % 24 === 0)), 2));
}

function differences(values: readonly number[]): number[] {
  return values.slice(1).map((value, i) => value - values[i]!);
}

/** About 0: an hour's drift is far below its deviation. */
function moment(values: readonly number[], power: number): number {
  return values.reduce((sum, value) => sum + value ** power, 0) / values.length;
}
