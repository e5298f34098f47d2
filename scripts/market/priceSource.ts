import { expectWithin, MAX_PRICE_FACTOR, PRICE_BOUNDS } from "./bounds.ts";
import {
  checkHourly,
  HOUR_SECONDS,
  readCandleRows,
  type Candle,
  type CandleRow,
} from "../../keeper/history/candle.ts";
import { CsvTable } from "../../keeper/history/csv.ts";
import { hestonCandles } from "../../keeper/history/heston.ts";
import { InputError } from "../../keeper/history/inputError.ts";
import { formatInstant, parseFrom, parseTo } from "../../keeper/history/instant.ts";

/** Thirty days, the window the volatility of what came before is taken from. */
const HISTORY_HOURS = 720;

export interface PricePath {
  /** What the prices are, for the report. */
  readonly source: string;
  /** The hours before the first candle without a gap, thirty days at most; may be empty. */
  readonly history: readonly Candle[];
  /** The hours to play, in USDC per ETH; at least one. */
  readonly candles: readonly Candle[];
}

export interface ReplayOptions {
  /** CSV, gzipped when its name ends in `.gz`: ts (unix seconds), open, high, low, close, hourly. */
  readonly prices: string;
  /** Day (UTC) or ISO datetime, from whose next whole hour on is played; the file's start by default. */
  readonly from?: string | undefined;
  /** Day (UTC, played to its end) or ISO datetime; the file's end by default. */
  readonly to?: string | undefined;
}

/**
 * The real prices of a period.
 * @throws InputError when the file, a row of it or the period cannot be used, or a price of it not be played.
 */
export function readPricePath({ prices, from, to }: ReplayOptions): PricePath {
  const start = from === undefined ? undefined : parseFrom("--from", from);
  const end = to === undefined ? undefined : parseTo("--to", to);
  if (start !== undefined && end !== undefined && end <= start) {
    throw new InputError(`--to ${to!} is not after --from ${from!}`);
  }

  const table = new CsvTable("--prices", prices);
  const rows = readCandleRows(table);
  const fileStart = rows[0]!.candle.timestamp;
  const fileEnd = rows.at(-1)!.candle.timestamp + HOUR_SECONDS;
  const extent = `${prices} has ${formatInstant(fileStart)} to ${formatInstant(fileEnd)}`;
  if (start !== undefined && (start < fileStart || start >= fileEnd)) {
    throw new InputError(`--from ${from!} is outside the file: ${extent}`);
  }
  if (end !== undefined && (end <= fileStart || end > fileEnd)) {
    throw new InputError(`--to ${to!} is outside the file: ${extent}`);
  }

  const isPlayed = ({ candle }: CandleRow): boolean =>
    candle.timestamp >= (start ?? fileStart) && candle.timestamp + HOUR_SECONDS <= (end ?? fileEnd);
  const first = rows.findIndex(isPlayed);
  const played = rows.filter(isPlayed);
  if (first < 0)
    throw new InputError(`--from ${from ?? ""} --to ${to ?? ""}: no whole hour of the file lies between`);
  checkHourly(table, played);
  checkPlayable(table, played);
  // A hole at either edge of the period is a gap as well.
  if (start !== undefined && played[0]!.candle.timestamp - start >= HOUR_SECONDS) {
    throw table.error(`a gap: the first hour since --from ${from!}`, played[0]!.row);
  }
  if (end !== undefined && end - played.at(-1)!.candle.timestamp >= 2 * HOUR_SECONDS) {
    throw table.error(`a gap: the last hour before --to ${to!}`, played.at(-1)!.row);
  }
  const playedFrom = formatInstant(played[0]!.candle.timestamp);
  const playedTo = formatInstant(played.at(-1)!.candle.timestamp + HOUR_SECONDS);
  return {
    source: `${prices}, ${playedFrom} to ${playedTo}`,
    history: contiguousBefore(rows, first).map(({ candle }) => candle),
    candles: played.map(({ candle }) => candle),
  };
}

/**
 * Made-up prices that repeat exactly for a seed, thirty days of history before them.
 * @param start unix seconds. @param spot USDC per ETH at `start`.
 */
export function generatePricePath(options: {
  readonly seed: number;
  readonly start: number;
  readonly hours: number;
  readonly spot: number;
}): PricePath {
  const { seed, start, hours, spot } = options;
  const raw = hestonCandles({
    seed,
    start: start - HISTORY_HOURS * HOUR_SECONDS,
    hours: HISTORY_HOURS + hours,
    spot,
  });
  // Returns do not depend on the level, so the whole path is moved to meet the spot at the start.
  const level = raw[HISTORY_HOURS]!.open;
  const candles = raw.map(({ timestamp, open, high, low, close }) => ({
    timestamp,
    open: (open / level) * spot,
    high: (high / level) * spot,
    low: (low / level) * spot,
    close: (close / level) * spot,
  }));
  return {
    source: `Heston with jumps, seed ${String(seed)}`,
    history: candles.slice(0, HISTORY_HOURS),
    candles: candles.slice(HISTORY_HOURS),
  };
}

/** @throws InputError naming the first row whose prices the local mainnet or the book on it cannot follow. */
function checkPlayable(table: CsvTable, played: readonly CandleRow[]): void {
  const { open: first } = played[0]!.candle;
  for (const { row, candle } of played) {
    for (const name of ["open", "high", "low", "close"] as const) {
      const price = candle[name];
      expectWithin(table, row, name, price, PRICE_BOUNDS);
      if (price > first * MAX_PRICE_FACTOR || price < first / MAX_PRICE_FACTOR) {
        throw table.error(
          `${name} ${String(price)} is more than ${String(MAX_PRICE_FACTOR)} times from the path's first price ` +
            `${String(first)}, further than the pool's liquidity reaches`,
          row,
        );
      }
    }
  }
}

function contiguousBefore(rows: readonly CandleRow[], first: number): CandleRow[] {
  let from = first;
  while (
    from > 0 &&
    first - from < HISTORY_HOURS &&
    rows[from]!.candle.timestamp - rows[from - 1]!.candle.timestamp === HOUR_SECONDS
  ) {
    from--;
  }
  return rows.slice(from, first);
}
