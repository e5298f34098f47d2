import { expectWithin, VOLATILITY_BOUNDS } from "./bounds.ts";
import { checkHourly, HOUR_SECONDS, readCandleRows } from "../../keeper/history/candle.ts";
import { CsvTable } from "../../keeper/history/csv.ts";
import { InputError } from "../../keeper/history/inputError.ts";
import { formatInstant } from "../../keeper/history/instant.ts";

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
  const table = new CsvTable("--dvol", file);
  const rows = readCandleRows(table);
  const fileStart = rows[0]!.candle.timestamp;
  const fileEnd = rows.at(-1)!.candle.timestamp + HOUR_SECONDS;
  if (period.start < fileStart || period.end > fileEnd) {
    throw new InputError(
      `--dvol ${file} has ${formatInstant(fileStart)} to ${formatInstant(fileEnd)}, ` +
        `needed are ${formatInstant(period.start)} to ${formatInstant(period.end)}`,
    );
  }
  const needed = rows.filter(
    ({ candle }) => candle.timestamp > period.start - HOUR_SECONDS && candle.timestamp < period.end,
  );
  const first = needed[0];
  if (first === undefined || first.candle.timestamp > period.start) {
    throw table.error(`a gap: no hour holds ${formatInstant(period.start)}`, first?.row);
  }
  checkHourly(table, needed);
  for (const { row, candle } of needed) expectWithin(table, row, "open", candle.open, VOLATILITY_BOUNDS);
  const start = first.candle.timestamp;
  return {
    source: file,
    at(timestamp) {
      const row = needed[Math.floor((timestamp - start) / HOUR_SECONDS)];
      if (row === undefined) throw new RangeError(`no implied volatility for ${formatInstant(timestamp)}`);
      return row.candle.open / 100;
    },
  };
}
