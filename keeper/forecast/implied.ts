import { HOUR_SECONDS, type Candle } from "../history/candle.ts";
import type { Features } from "./har.ts";
import { plainForecast, type VarianceForecaster } from "./varianceForecast.ts";
import type { VarianceHistory } from "./varianceHistory.ts";

const DAYS_PER_YEAR = 365;

/**
 * Variance a day that option prices imply at each day's end; undefined where the index has no close in the hour before.
 * @param index hourly candles of an implied volatility, annualised per cent.
 */
export function impliedVariance(history: VarianceHistory, index: readonly Candle[]): (number | undefined)[] {
  const closes = new Map(index.map(({ timestamp, close }) => [timestamp + HOUR_SECONDS, close]));
  return history.ends.map((end) => {
    const percent = closes.get(end);
    return percent === undefined ? undefined : (percent / 100) ** 2 / DAYS_PER_YEAR;
  });
}

/** The implied variance as it stands, whatever the horizon. It holds a premium for risk. */
export function impliedForecaster(implied: readonly (number | undefined)[]): VarianceForecaster<true> {
  return {
    name: "implied",
    fit: () => true,
    predict(_, day) {
      const variance = implied[day];
      return variance === undefined ? undefined : plainForecast(variance);
    },
  };
}

/** Features with ln of the implied variance beside them: what realised and implied volatility say together. */
export function withImplied(features: Features, implied: readonly (number | undefined)[]): Features {
  return (day) => {
    const row = features(day);
    const variance = implied[day];
    return row === undefined || variance === undefined ? undefined : [...row, Math.log(variance)];
  };
}
