import { HOUR_SECONDS, type Candle } from "../history/candle.ts";

const HOURS = 24;
const DAY_SECONDS = HOURS * HOUR_SECONDS;
/** Below it a day's variance is taken for a frozen price: a volatility of 0.2 % a year. */
const LEAST = 1e-8;

/**
 * Variance of the log price day by day (UTC), measured at several sampling frequencies of hourly candles. Every array has one
 * entry a whole day; entry i uses nothing after the end of day i. Units: variance a day.
 */
export interface VarianceHistory {
  /** Unix seconds of each day's end: the moment a forecast can be made. */
  readonly ends: readonly number[];
  /** Σ of squared hourly returns: what the forecasts are of. */
  readonly hourly: Float64Array;
  /** Σ of squared 4-hour returns over all four offsets, divided by 4. */
  readonly fourHourly: Float64Array;
  /** The squared return of the day. */
  readonly daily: Float64Array;
  /** Parkinson (1980) over each hour's range: ln²(high/low) / (4 ln 2). */
  readonly range: Float64Array;
  /** Σ of squared hourly returns of the last six hours, times 4. */
  readonly evening: Float64Array;
  /** Log return of the day. */
  readonly returns: Float64Array;
  /** Log prices at the end of every hour of these days, 24 a day, and the one before them. */
  readonly logPrices: Float64Array;
}

/**
 * @param candles hourly and without gaps. What precedes the first midnight and follows the last is left out.
 * @throws RangeError when they hold no two whole days, or the price never moves.
 */
export function varianceHistory(candles: readonly Candle[]): VarianceHistory {
  // The day's first return starts from the close before it, and 4-hour returns reach 3 hours further back.
  const start = candles.findIndex(({ timestamp }, index) => index >= 4 && timestamp % DAY_SECONDS === 0);
  const days = start < 0 ? 0 : Math.floor((candles.length - start) / HOURS);
  if (days < 2) throw new RangeError("two whole days of hourly prices, from a midnight (UTC) on, are needed");
  const close = (hour: number): number => Math.log(candles[start + hour]!.close);

  const empty = (): Float64Array => new Float64Array(days);
  const history = {
    ends: new Array<number>(days),
    ...{ hourly: empty(), fourHourly: empty(), daily: empty(), range: empty(), evening: empty() },
    returns: empty(),
    logPrices: Float64Array.from({ length: days * HOURS + 1 }, (_, hour) => close(hour - 1)),
  };
  for (let day = 0; day < days; day++) {
    const first = day * HOURS;
    history.ends[day] = candles[start + first]!.timestamp + DAY_SECONDS;
    for (let hour = first; hour < first + HOURS; hour++) {
      const { high, low } = candles[start + hour]!;
      const square = (close(hour) - close(hour - 1)) ** 2;
      history.hourly[day]! += square;
      history.fourHourly[day]! += (close(hour) - close(hour - 4)) ** 2 / 4;
      history.range[day]! += Math.log(high / low) ** 2 / (4 * Math.LN2);
      if (hour >= first + 18) history.evening[day]! += 4 * square;
    }
    history.returns[day] = close(first + HOURS - 1) - close(first - 1);
    history.daily[day] = history.returns[day]! ** 2;
    for (const key of ["hourly", "fourHourly", "range", "evening"] as const) {
      history[key][day] = Math.max(LEAST, history[key][day]!);
    }
  }
  if (history.hourly.every((variance) => variance === LEAST)) throw new RangeError("the price never moves");
  return history;
}

/** Mean of `series` over the `days` up to and including `day`; undefined when they are not all there. */
export function trailingMean(series: Float64Array, day: number, days: number): number | undefined {
  if (day + 1 < days) return undefined;
  let sum = 0;
  for (let i = day + 1 - days; i <= day; i++) sum += series[i]!;
  return sum / days;
}

/** Mean variance a day over the `days` after `day`: what a forecast made at its end turns out to be. */
export function outcome(history: VarianceHistory, day: number, days: number): number | undefined {
  return day + days < history.ends.length ? trailingMean(history.hourly, day + days, days) : undefined;
}
