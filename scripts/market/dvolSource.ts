import { expectWithin, VOLATILITY_BOUNDS } from "./bounds.ts";
import { HOUR_SECONDS } from "../../keeper/history/candle.ts";
import { formatInstant } from "../../keeper/history/instant.ts";
import { readVolatilityRows } from "../../keeper/history/volatilityRows.ts";

export interface ImpliedVolatilitySource {
  /** What the volatility is, for the report. */
  readonly source: string;
  /** @param timestamp unix seconds. @returns annualised implied volatility as a fraction. */
  at(timestamp: number): number;
}

/**
 * An implied volatility index: `ts, open, high, low, close` in annualised per cent, hourly. At any moment it answers with
 * the open of the hour around it, the last value known by then.
 * @param period unix seconds the file must cover.
 * @throws InputError when the file or a row of it cannot be used or played, or does not cover the period.
 */
export function readImpliedVolatility(
  file: string,
  period: { readonly start: number; readonly end: number },
): ImpliedVolatilitySource {
  const { table, rows } = readVolatilityRows("--dvol", file, period, HOUR_SECONDS);
  for (const { row, candle } of rows) expectWithin(table, row, "open", candle.open, VOLATILITY_BOUNDS);
  return {
    source: file,
    at(timestamp) {
      const row = rows.findLast(({ candle }) => candle.timestamp <= timestamp);
      if (row === undefined || timestamp >= row.candle.timestamp + HOUR_SECONDS)
        throw new RangeError(`no implied volatility for ${formatInstant(timestamp)}`);
      return row.candle.open / 100;
    },
  };
}
