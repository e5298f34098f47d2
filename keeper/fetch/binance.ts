import { z } from "zod";

import type { BarSource } from "./hourlyBars.ts";
import { wholeBars } from "./hourlyBars.ts";
import type { PublicServer } from "./publicServer.ts";

/** Serves public market data only, and needs no key. */
export const BINANCE_URL = "https://data-api.binance.vision";

const decimal = z
  .string()
  .regex(/^\d+(\.\d+)?$/, "not a decimal")
  .transform(Number);

/**
 * `GET /api/v3/klines`: open time in ms, open, high, low, close, volume, close time, quote volume, trades, taker's base and
 * quote volume, unused. Weight 2 of 6000 a minute, at most 1000 bars an answer. Published at
 * https://developers.binance.com/docs/binance-spot-api-docs/rest-api/market-data-endpoints#klinecandlestick-data
 */
const klines = z.array(
  z.tuple(
    [z.int().nonnegative(), decimal, decimal, decimal, decimal, decimal, z.int().nonnegative()],
    z.unknown(),
  ),
);

/** Hourly ETHUSDT of Binance's spot market: USDT per ETH, volume in ETH. */
export function binanceCandles(server: PublicServer): BarSource {
  return {
    name: "binance",
    pageHours: 1000,
    async bars(from, to) {
      const answer = await server.get(
        "/api/v3/klines",
        { symbol: "ETHUSDT", interval: "1h", startTime: from * 1000, endTime: to * 1000 - 1, limit: 1000 },
        klines,
      );
      const bars = answer.map(([openTime, open, high, low, close, volume]) => ({
        ...{ timestamp: openTime / 1000, open, high, low, close, volume },
      }));
      return wholeBars(server, bars, from, to);
    },
  };
}
