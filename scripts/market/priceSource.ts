import { expectWithin, MAX_PRICE_FACTOR, PRICE_BOUNDS } from "./bounds.ts";
import { HOUR_SECONDS, type Candle, type CandleRow } from "../../keeper/history/candle.ts";
import { readCandlePeriod, type CandlePeriodOptions } from "../../keeper/history/candlePeriod.ts";
import type { CsvTable } from "../../keeper/history/csv.ts";
import { hestonCandles } from "../../keeper/history/heston.ts";

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

/**
 * The real prices of a period, hour by hour.
 * @throws InputError when the file, a row of it or the period cannot be used, or a price of it not be played.
 */
export function readPricePath(options: Omit<CandlePeriodOptions, "seconds">): PricePath {
  const { table, source, played, before } = readCandlePeriod({ ...options, seconds: HOUR_SECONDS });
  checkPlayable(table, played);
  return {
    source,
    history: before.map(({ candle }) => candle),
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
