import { HOUR_SECONDS, readCandleRows, type CandleRow } from "../../history/candle.ts";
import { CsvTable } from "../../history/csv.ts";
import { InputError } from "../../history/inputError.ts";
import { formatInstant, parseFrom, parseTo } from "../../history/instant.ts";
import type { PriceObservation } from "../../market/realisedVolatility.ts";
import type { CandleColumns } from "../scenario.ts";

/** Thirty days: what is known of prices before the first that is played. */
const HISTORY_SECONDS = 30 * 86_400;

export interface CandleFile {
  /** What the prices are, for the report. */
  readonly source: string;
  readonly candles: CandleColumns;
  /** Closes before the period, each at its time, without a gap up to the first candle; thirty days at most. */
  readonly history: readonly PriceObservation[];
}

export interface CandleFileOptions {
  /** CSV, gzipped when its name ends in `.gz`: ts (unix seconds), open, high, low, close; candles of any one length. */
  readonly prices: string;
  /** Day (UTC) or ISO datetime; the file's start by default. */
  readonly from?: string | undefined;
  /** Day (UTC, played to its end) or ISO datetime; the file's end by default. */
  readonly to?: string | undefined;
}

/**
 * The candles of a period.
 * @throws InputError when the file, a row of it or the period cannot be used.
 */
export function readCandles({ prices, from, to }: CandleFileOptions): CandleFile {
  const start = from === undefined ? -Infinity : parseFrom("--from", from);
  const end = to === undefined ? Infinity : parseTo("--to", to);
  if (end <= start) throw new InputError(`--to ${to!} is not after --from ${from!}`);
  const table = new CsvTable("--prices", prices);
  const rows = readCandleRows(table);
  const seconds = candleLength(rows);
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

  const candles = played.map(({ candle }) => candle);
  const [begin, finish] = [candles[0]!.timestamp, candles.at(-1)!.timestamp + seconds];
  return {
    source: `${prices}, ${formatInstant(begin)} to ${formatInstant(finish)}, candles of ${String(seconds)} s`,
    candles: {
      kind: "candles",
      start: begin,
      seconds,
      open: candles.map(({ open }) => open),
      high: candles.map(({ high }) => high),
      low: candles.map(({ low }) => low),
      close: candles.map(({ close }) => close),
    },
    history: closesBefore(rows, first, seconds),
  };
}

/** The spacing most rows have: gaps are wider. */
function candleLength(rows: readonly CandleRow[]): number {
  let least = Infinity;
  for (let index = 1; index < rows.length; index++)
    least = Math.min(least, rows[index]!.candle.timestamp - rows[index - 1]!.candle.timestamp);
  return Number.isFinite(least) ? least : HOUR_SECONDS;
}

function closesBefore(rows: readonly CandleRow[], first: number, seconds: number): PriceObservation[] {
  let from = first;
  while (
    from > 0 &&
    (first - from) * seconds < HISTORY_SECONDS &&
    rows[from]!.candle.timestamp - rows[from - 1]!.candle.timestamp === seconds
  )
    from--;
  return rows
    .slice(from, first)
    .map(({ candle }) => ({ timestamp: candle.timestamp + seconds, price: candle.close }));
}
