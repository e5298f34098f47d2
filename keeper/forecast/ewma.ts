import { annualisedVolatility, observePrice, type VolatilityState } from "../market/realisedVolatility.ts";
import { qlike } from "./skill.ts";
import { plainForecast, type VarianceForecaster } from "./varianceForecast.ts";
import { outcome, type VarianceHistory } from "./varianceHistory.ts";

/** Half-lives that are tried, days. */
export const HALF_LIVES = [0.25, 0.5, 1, 2, 4, 8, 16, 32] as const;
const DAYS_PER_YEAR = 365;
const HOURS = 24;

/** Variance a day at each day's end, of hourly prices weighted by a half-life in days: the estimate the keeper runs live. */
export function ewmaVariance(history: VarianceHistory, halfLife: number): Float64Array {
  const variances = new Float64Array(history.ends.length);
  const start = history.ends[0]! - HOURS * 3600;
  let state: VolatilityState | undefined;
  for (const [hour, logPrice] of history.logPrices.entries()) {
    const observation = { timestamp: start + hour * 3600, price: Math.exp(logPrice) };
    state = observePrice(state, observation, halfLife * 86_400);
    if (hour > 0 && hour % HOURS === 0) {
      variances[hour / HOURS - 1] = Math.max(1e-8, annualisedVolatility(state)! ** 2 / DAYS_PER_YEAR);
    }
  }
  return variances;
}

/** Exponentially weighted variance with the half-life that had the lowest QLIKE so far. @param horizon days. */
export function ewma(
  history: VarianceHistory,
  horizon: number,
  candidates: readonly Float64Array[] = HALF_LIVES.map((halfLife) => ewmaVariance(history, halfLife)),
): VarianceForecaster<Float64Array> {
  return {
    name: "EWMA",
    fit(origins) {
      const losses = candidates.map((candidate) => {
        let sum = 0;
        for (const day of origins) {
          const variance = day < 30 ? undefined : outcome(history, day, horizon);
          if (variance !== undefined) sum += qlike(variance, candidate[day]!);
        }
        return sum;
      });
      return candidates[losses.indexOf(Math.min(...losses))];
    },
    predict: (candidate, day) => plainForecast(candidate[day]!),
  };
}
