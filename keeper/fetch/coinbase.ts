import { z } from "zod";

import { HOUR_SECONDS } from "../history/candle.ts";
import { formatInstant } from "../history/instant.ts";
import type { BarSource } from "./hourlyBars.ts";
import { wholeBars } from "./hourlyBars.ts";
import type { PublicServer } from "./publicServer.ts";

export const COINBASE_URL = "https://api.exchange.coinbase.com";

/**
 * `GET /products/{id}/candles`: time in s, low, high, open, close, volume, newest first; at most 300, none for an hour
 * without a trade, and some may precede the start. Published at
 * https://docs.cdp.coinbase.com/api-reference/exchange-api/rest-api/products/get-product-candles
 */
const candles = z.array(
  z.tuple([z.int().nonnegative(), z.number(), z.number(), z.number(), z.number(), z.number()]),
);

/** Hourly ETH-USD of Coinbase Exchange: USD per ETH, volume in ETH. */
export function coinbaseCandles(server: PublicServer): BarSource {
  return {
    name: "coinbase",
    pageHours: 300,
    async bars(from, to) {
      const answer = await server.get(
        "/products/ETH-USD/candles",
        // Both ends are inclusive.
        { granularity: HOUR_SECONDS, start: formatInstant(from), end: formatInstant(to - HOUR_SECONDS) },
        candles,
      );
      const bars = answer.map(([timestamp, low, high, open, close, volume]) => ({
        ...{ timestamp, open, high, low, close, volume },
      }));
      return wholeBars(server, bars.reverse(), from, to);
    },
  };
}
