import { readCandlePeriod, type CandlePeriodOptions } from "../../history/candlePeriod.ts";
import type { PriceObservation } from "../../market/realisedVolatility.ts";
import type { CandleColumns } from "../scenario.ts";

export interface CandleFile {
  /** What the prices are, for the report. */
  readonly source: string;
  readonly candles: CandleColumns;
  /** Closes before the period, each at its time, without a gap up to the first candle; thirty days at most. */
  readonly history: readonly PriceObservation[];
}

/**
 * The candles of a period.
 * @throws InputError when the file, a row of it or the period cannot be used.
 */
export function readCandles(options: Omit<CandlePeriodOptions, "seconds">): CandleFile {
  const { source, seconds, played, before } = readCandlePeriod(options);
  const candles = played.map(({ candle }) => candle);
  return {
    source: `${source}, candles of ${String(seconds)} s`,
    candles: {
      kind: "candles",
      start: candles[0]!.timestamp,
      seconds,
      open: candles.map(({ open }) => open),
      high: candles.map(({ high }) => high),
      low: candles.map(({ low }) => low),
      close: candles.map(({ close }) => close),
    },
    history: before.map(({ candle }) => ({ timestamp: candle.timestamp + seconds, price: candle.close })),
  };
}
