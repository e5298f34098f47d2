import { linear, type Learned, type Learner } from "./learner.ts";
import { dayOfWeek } from "./season.ts";
import { lognormalForecast, type VarianceForecaster } from "./varianceForecast.ts";
import { outcome, trailingMean, type VarianceHistory } from "./varianceHistory.ts";

/** The row of features at the end of a day; undefined while there is too little past. */
export type Features = (day: number) => readonly number[] | undefined;

/** Days of the heterogeneous terms: a day, a week and a month. */
const TERMS = [1, 7, 30] as const;

/**
 * Log-HAR (Corsi 2009): ln of the mean variance over the horizon is linear in the ln of the means over the past day, week
 * and month, each horizon fit on its own. It forecasts exp(mean + residual variance/2).
 * @param horizon days.
 * @param learner what fits the terms; least squares by default.
 */
export function logHar(
  name: string,
  history: VarianceHistory,
  features: Features,
  horizon: number,
  learner: Learner = linear,
): VarianceForecaster<Learned> {
  return {
    name,
    fit(origins) {
      const rows: (readonly number[])[] = [];
      const targets: number[] = [];
      for (const day of origins) {
        const row = features(day);
        const variance = outcome(history, day, horizon);
        if (row === undefined || variance === undefined) continue;
        rows.push(row);
        targets.push(Math.log(variance));
      }
      return rows.length < 10 * (rows[0]?.length ?? 1) ? undefined : learner(rows, targets);
    },
    predict(fit, day) {
      const row = features(day);
      return row && lognormalForecast(fit.predict(row), fit.residualVariance);
    },
  };
}

/** 1 and the ln of the mean over the past day, week and month of one measure of variance. */
export function harFeatures(measure: Float64Array): Features {
  return (day) => {
    if (day + 1 < TERMS.at(-1)!) return undefined;
    return [1, ...TERMS.map((days) => Math.log(trailingMean(measure, day, days)!))];
  };
}

/**
 * The terms of several sampling frequencies: hourly returns and hourly ranges over day, week and month, 4-hour returns over
 * the week, the last six hours, the fall of the day and the week (a falling price raises volatility), and whether the coming
 * day is on a weekend (it is calmer).
 */
export function harManyFeatures(history: VarianceHistory): Features {
  const hourly = harFeatures(history.hourly);
  const range = harFeatures(history.range);
  return (day) => {
    const own = hourly(day);
    if (own === undefined) return undefined;
    let week = 0;
    for (let i = day - 6; i <= day; i++) week += history.returns[i]!;
    return [
      ...own,
      ...range(day)!.slice(1),
      Math.log(trailingMean(history.fourHourly, day, 7)!),
      Math.log(history.evening[day]!),
      Math.min(0, history.returns[day]!),
      Math.min(0, week),
      ...dayOfWeek(history.ends[day]!),
    ];
  };
}
