import { recentMean, type FeeHistory } from "./feeHistory.ts";
import { boosted, linear, type Learned, type Learner } from "./learner.ts";
import { filterLogOu, fitLogOu, halfLifeHours, seasonAt, type LogOu, type SeasonTerms } from "./logOu.ts";
import { challenger, race, type Entrant, type Race } from "./race.ts";
import { dayOfWeek, hourOfWeek } from "./season.ts";
import { walkForward, type Forecaster, type Walk } from "./walkForward.ts";

/** ln(gwei) that is expected. */
type LogForecaster<Fit> = Forecaster<Fit, number>;

const HOUR_SECONDS = 3600;
const WEEK_HOURS = 168;
/** Hours over which the autocovariances tell how fast a wait is rewarded. */
const WAIT_LAGS = 12;

/** What differs between a grid of hours and one of days, in steps. */
interface Terms {
  readonly horizons: readonly number[];
  readonly unit: string;
  readonly season: SeasonTerms;
  /** Steps of the mean that is one of the naive forecasts. */
  readonly mean: number;
  /** Steps of the means that a regression looks at. */
  readonly means: readonly number[];
  /** The period of the season. */
  readonly cycle: number;
  readonly lags: number;
  readonly refit: number;
  readonly window: number;
  readonly warmUp: number;
}

function termsOf({ step, start }: FeeHistory): Terms {
  const at = (moment: number): number => start + moment * step;
  return step === HOUR_SECONDS
    ? {
        ...{ horizons: [1, 4, 12, 24], unit: "h", season: (moment) => hourOfWeek(at(moment)) },
        ...{ mean: 720, means: [4, 24, 168], cycle: 24, lags: 24, refit: 168, window: 2160, warmUp: 1440 },
      }
    : {
        ...{ horizons: [1, 7, 30], unit: "d", season: (moment) => dayOfWeek(at(moment)) },
        ...{ mean: 365, means: [3, 7, 30], cycle: 7, lags: 14, refit: 30, window: 730, warmUp: 365 },
      };
}

/**
 * The gas price ahead: hours ahead of hourly readings, days ahead of daily ones. Loss: squared error of the logarithm.
 * @param learned whether boosted trees take part; they are slow to fit.
 */
export function baseFeeRaces(history: FeeHistory, learned = false): Race<number>[] {
  const terms = termsOf(history);
  return terms.horizons.flatMap((horizon) => {
    const steps = { horizon: `${String(horizon)} ${terms.unit}`, steps: horizon };
    const schedule = { every: terms.refit, minimum: 4 * terms.refit };
    return (
      race(baseFeeEntrants(history, horizon, learned), { ...steps, ...schedule }, (forecast, moment) => {
        const error = forecast - (history.logs[moment + horizon] ?? NaN);
        return Number.isNaN(error) ? undefined : { loss: error ** 2, error };
      }) ?? []
    );
  });
}

/** Every forecaster's ln(gwei), `horizon` steps ahead of every moment that has a reading. */
export function baseFeeEntrants(history: FeeHistory, horizon: number, learned = false): Entrant<number>[] {
  const { logs } = history;
  const terms = termsOf(history);
  const walk = { length: logs.length, horizon, ...terms };
  const none: SeasonTerms = () => [];
  const mean = terms.unit === "h" ? "mean of 30 d" : "mean of 365 d";
  return [
    entrant(
      walk,
      atPresent("current", (moment) => logs[moment]),
      true,
    ),
    entrant(
      walk,
      atPresent(mean, (moment) => recentMean(history, moment, terms.mean)),
      true,
    ),
    entrant(walk, logOu("reverting", history, horizon, none, terms.lags)),
    entrant(walk, logOu("reverting, time of week", history, horizon, terms.season, terms.lags)),
    entrant(walk, regression("regression, time of week", history, horizon, terms, linear)),
    ...(learned
      ? [challenger(entrant(walk, regression("regression, boosted trees", history, horizon, terms, boosted)))]
      : []),
  ];
}

/** How a gas price moves around its level: what the wait rule needs. */
export interface FeeProcess {
  /** The level: the geometric mean of the past week, corrected by how far the price is from it on average. */
  readonly medianGwei: number;
  readonly halfLifeHours: number;
  /** Stationary standard deviation of the logarithm. */
  readonly logDeviation: number;
}

/**
 * Fits a reverting process to the deviations from the mean of the week that ends with them, over the newest window of hourly readings:
 * slower moves are of no use to who waits for hours. undefined for daily readings, too few of them, or ones that are all the same.
 */
export function presentProcess(history: FeeHistory): FeeProcess | undefined {
  const { step, logs } = history;
  if (step !== HOUR_SECONDS) return undefined;
  const levels = Float64Array.from(logs, (_, moment) => recentMean(history, moment, WEEK_HOURS) ?? NaN);
  const deviations = logs.map((log, moment) => log - levels[moment]!);
  const first = Math.max(0, logs.length - termsOf(history).window);
  const moments = Array.from({ length: logs.length - first }, (_, i) => first + i);
  const fit = fitLogOu(deviations, moments, () => [], WAIT_LAGS);
  // A price that never left its level says nothing of how it comes back.
  return fit === undefined || fit.variance === 0
    ? undefined
    : {
        medianGwei: Math.exp(levels.findLast((level) => !Number.isNaN(level))! + fit.mean),
        halfLifeHours: halfLifeHours(fit, step),
        logDeviation: Math.sqrt(fit.variance),
      };
}

function entrant<Fit>(walk: Walk, forecaster: LogForecaster<Fit>, naive = false): Entrant<number> {
  return { name: forecaster.name, values: walkForward(forecaster, walk), ...(naive ? { naive } : {}) };
}

function atPresent(name: string, value: (moment: number) => number | undefined): LogForecaster<true> {
  return {
    name,
    fit: () => true,
    predict(_, moment) {
      const log = value(moment);
      return log === undefined || Number.isNaN(log) ? undefined : log;
    },
  };
}

/** A log Ornstein–Uhlenbeck process around a season, its state filtered from the readings so far. */
function logOu(
  name: string,
  { logs }: FeeHistory,
  horizon: number,
  terms: SeasonTerms,
  lags: number,
): LogForecaster<{ readonly ou: LogOu; readonly filtered: Float64Array }> {
  return {
    name,
    fit(origins) {
      if (origins.length === 0) return undefined;
      // All readings until now are known, beyond the last whose outcome is.
      const known = Array.from({ length: origins.length + horizon }, (_, i) => origins[0]! + i);
      const ou = fitLogOu(logs, known, terms, lags);
      return ou && { ou, filtered: filterLogOu(ou, logs, terms, origins[0]) };
    },
    predict: ({ ou, filtered }, moment) =>
      ou.mean + seasonAt(ou.season, terms(moment + horizon)) + ou.decay ** horizon * filtered[moment]!,
  };
}

/** Linear in the reading, the means before it, the reading one cycle before the outcome, and the outcome's season. */
function regression(
  name: string,
  history: FeeHistory,
  horizon: number,
  { means, cycle, season }: Terms,
  learner: Learner,
): LogForecaster<Learned> {
  const rowAt = (moment: number): number[] | undefined => {
    const now = history.logs[moment]!;
    if (Number.isNaN(now)) return undefined;
    const row = [1, now];
    for (const steps of means) row.push(recentMean(history, moment, steps) ?? row.at(-1)!);
    const before = moment + horizon - cycle * Math.ceil(horizon / cycle);
    row.push(before < 0 ? NaN : history.logs[before]!);
    if (Number.isNaN(row.at(-1)!)) row[row.length - 1] = row[3]!;
    return [...row, ...season(moment + horizon)];
  };
  return {
    name,
    fit(origins) {
      const rows: number[][] = [];
      const targets: number[] = [];
      for (const moment of origins) {
        const target = history.logs[moment + horizon]!;
        const row = Number.isNaN(target) ? undefined : rowAt(moment);
        if (row === undefined) continue;
        rows.push(row);
        targets.push(target);
      }
      return rows.length < 200 ? undefined : learner(rows, targets);
    },
    predict(fit, moment) {
      const row = rowAt(moment);
      return row && fit.predict(row);
    },
  };
}
