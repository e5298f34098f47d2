import { readVolatilityRows } from "../../history/volatilityRows.ts";
import {
  annualisedVolatility,
  observePrice,
  type PriceObservation,
  type VolatilityState,
} from "../../market/realisedVolatility.ts";
import type { CandleColumns, Series } from "../scenario.ts";
import type { CandleFile } from "./candles.ts";

/** Seconds after which a return counts half: options of a month look back about as far as they look ahead. */
export const HALF_LIFE = 10 * 86_400;
/** A market that stood still says nothing of how it will move. */
const LEAST_VOLATILITY = 0.05;
/** Longer silences of a file are gaps. */
const MAX_SILENCE_SECONDS = 86_400;

/**
 * An implied volatility index: `ts, open, high, low, close` in annualised per cent. At any moment the open of the candle around it, the
 * last value known by then.
 * @param period Unix seconds the file must cover.
 * @throws InputError when the file or a row of it cannot be used, or does not cover the period.
 */
export function readImpliedVolatility(
  file: string,
  period: { readonly start: number; readonly end: number },
): Series {
  const { table, rows } = readVolatilityRows("--dvol", file, period, MAX_SILENCE_SECONDS);
  for (const { row, candle } of rows) {
    if (candle.open < 1 || candle.open > 500)
      throw table.error(
        `open ${String(candle.open)} is outside 1 to 500 per cent a year (54, not 0.54)`,
        row,
      );
  }
  return {
    times: rows.map(({ candle }) => candle.timestamp),
    values: rows.map(({ candle }) => candle.open / 100),
    between: "step",
  };
}

/**
 * The volatility the past has shown by each candle's start: exponentially weighted closes, half-life {@link HALF_LIFE}.
 * Where a file begins with the period, its first day stands for the past that is missing.
 */
export function trailingVolatility({ candles, history }: Pick<CandleFile, "candles" | "history">): Series {
  const times: number[] = [];
  const values: number[] = [];
  let state: VolatilityState | undefined;
  for (const observation of history) state = observePrice(state, observation, HALF_LIFE);
  const first = annualisedVolatility(state) ?? firstDay(candles);
  for (let index = 0; index < candles.open.length; index++) {
    const timestamp = candles.start + index * candles.seconds;
    times.push(timestamp);
    const known = index === 0 ? first : (annualisedVolatility(state) ?? first);
    values.push(Math.max(LEAST_VOLATILITY, known));
    state = observePrice(
      state,
      { timestamp: timestamp + candles.seconds, price: candles.close[index]! },
      HALF_LIFE,
    );
  }
  return { times, values, between: "step" };
}

function firstDay({ start, seconds, open, close }: CandleColumns): number {
  const day = close.slice(0, Math.max(1, Math.round(86_400 / seconds)));
  const observations: PriceObservation[] = [
    { timestamp: start, price: open[0]! },
    ...day.map((price, index) => ({ timestamp: start + (index + 1) * seconds, price })),
  ];
  let state: VolatilityState | undefined;
  for (const observation of observations) state = observePrice(state, observation, HALF_LIFE);
  return annualisedVolatility(state) ?? LEAST_VOLATILITY;
}
