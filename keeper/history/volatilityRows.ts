import { HOUR_SECONDS, readCandleRows, type CandleRow } from "./candle.ts";
import { checkCovered } from "./checkCovered.ts";
import { CsvTable } from "./csv.ts";

/** An implied volatility index over a period. */
export interface VolatilityRows {
  readonly table: CsvTable;
  /** From the last that begins by the period's start to the last before its end. At any moment the open of the one around it is known. */
  readonly rows: readonly CandleRow[];
}

/**
 * Reads `ts, open, high, low, close` in annualised per cent.
 * @param flag The option that named the file, for messages.
 * @param period Unix seconds the file must cover. @param maxSilence Seconds between two rows from which it is a gap.
 * @throws InputError when the file or a row of it cannot be used, has a gap in the period or does not cover it.
 */
export function readVolatilityRows(
  flag: string,
  file: string,
  period: { readonly start: number; readonly end: number },
  maxSilence: number,
): VolatilityRows {
  const table = new CsvTable(flag, file);
  const all = readCandleRows(table);
  const last = all.at(-1)!.candle.timestamp;
  const spacing = Math.min(maxSilence, all.length > 1 ? last - all.at(-2)!.candle.timestamp : HOUR_SECONDS);
  const covered = { start: all[0]!.candle.timestamp, end: last + spacing };
  checkCovered(flag, file, covered, period);
  const from = all.findLastIndex(({ candle }) => candle.timestamp <= period.start);
  const after = all.findIndex(({ candle }) => candle.timestamp >= period.end);
  const end = after < 0 ? all.length : after;
  // The one after the period as well: what is known in it must not be older.
  for (let index = from + 1; index <= Math.min(end, all.length - 1); index++) {
    const silence = all[index]!.candle.timestamp - all[index - 1]!.candle.timestamp;
    if (silence > maxSilence)
      throw table.error(
        `a gap: ts is ${String(silence)} s after the row above, at most ${String(maxSilence)} are bridged`,
        all[index]!.row,
      );
  }
  return { table, rows: all.slice(from, Math.max(from + 1, end)) };
}
