import { HOUR_SECONDS, readCandleRows, type CandleRow } from "./candle.ts";
import { CsvTable } from "./csv.ts";
import { InputError } from "./inputError.ts";
import { formatInstant, parseFrom, parseTo } from "./instant.ts";

/** Thirty days: what is known of prices before the first that is played. */
const HISTORY_SECONDS = 30 * 86_400;

export interface CandlePeriodOptions {
  /** CSV, gzipped when its name ends in `.gz`: ts (unix seconds), open, high, low, close; candles of any one length. */
  readonly prices: string;
  /** Day (UTC) or ISO datetime, from whose next whole candle on is taken; the file's start by default. */
  readonly from?: string | undefined;
  /** Day (UTC, taken to its end) or ISO datetime; the file's end by default. */
  readonly to?: string | undefined;
  /** Seconds a candle must have; by default the least between two of the file. */
  readonly seconds?: number;
}

/** The candles of a period, without a gap. */
export interface CandlePeriod {
  readonly table: CsvTable;
  /** File and period in words. */
  readonly source: string;
  /** Of each candle. */
  readonly seconds: number;
  /** At least one. */
  readonly played: readonly CandleRow[];
  /** Those before, without a gap up to the first; thirty days at most, may be none. */
  readonly before: readonly CandleRow[];
}

/** @throws InputError when the file, a row of it or the period cannot be used. */
export function readCandlePeriod({ prices, from, to, ...options }: CandlePeriodOptions): CandlePeriod {
  const start = from === undefined ? -Infinity : parseFrom("--from", from);
  const end = to === undefined ? Infinity : parseTo("--to", to);
  if (end <= start) throw new InputError(`--to ${to!} is not after --from ${from!}`);
  const table = new CsvTable("--prices", prices);
  const rows = readCandleRows(table);
  const seconds = options.seconds ?? candleLength(rows);
  const fileStart = rows[0]!.candle.timestamp;
  const fileEnd = rows.at(-1)!.candle.timestamp + seconds;
  const extent = `${prices} has ${formatInstant(fileStart)} to ${formatInstant(fileEnd)}`;
  if (start >= fileEnd || (from !== undefined && start < fileStart))
    throw new InputError(`--from ${from!} is outside the file: ${extent}`);
  if (end <= fileStart || (to !== undefined && end > fileEnd))
    throw new InputError(`--to ${to!} is outside the file: ${extent}`);

  const isPlayed = ({ candle }: CandleRow) => candle.timestamp >= start && candle.timestamp + seconds <= end;
  const first = rows.findIndex(isPlayed);
  const played = rows.filter(isPlayed);
  if (first < 0)
    throw new InputError(
      `--from ${from ?? ""} --to ${to ?? ""}: no whole candle of ${prices} lies between, they take ${String(seconds)} s`,
    );
  for (let index = 1; index < played.length; index++) {
    const gap = played[index]!.candle.timestamp - played[index - 1]!.candle.timestamp;
    if (gap === seconds) continue;
    const message = `a gap: ts is ${String(gap)} s after the row above, expected ${String(seconds)}`;
    throw table.error(message, played[index]!.row);
  }
  // A hole at either edge of the period is a gap as well.
  if (played[0]!.candle.timestamp - start >= seconds && start > fileStart)
    throw table.error(`a gap: the first candle since --from ${from!}`, played[0]!.row);
  if (end - played.at(-1)!.candle.timestamp >= 2 * seconds && end < fileEnd)
    throw table.error(`a gap: the last candle before --to ${to!}`, played.at(-1)!.row);

  const begin = formatInstant(played[0]!.candle.timestamp);
  const finish = formatInstant(played.at(-1)!.candle.timestamp + seconds);
  const source = `${prices}, ${begin} to ${finish}`;
  return { table, source, seconds, played, before: contiguousBefore(rows, first, seconds) };
}

/** The least spacing there is: gaps are wider. */
function candleLength(rows: readonly CandleRow[]): number {
  let least = Infinity;
  for (let index = 1; index < rows.length; index++)
    least = Math.min(least, rows[index]!.candle.timestamp - rows[index - 1]!.candle.timestamp);
  return Number.isFinite(least) ? least : HOUR_SECONDS;
}

function contiguousBefore(rows: readonly CandleRow[], first: number, seconds: number): CandleRow[] {
  let from = first;
  while (
    from > 0 &&
    (first - from) * seconds < HISTORY_SECONDS &&
    rows[from]!.candle.timestamp - rows[from - 1]!.candle.timestamp === seconds
  )
    from--;
  return rows.slice(from, first);
}
