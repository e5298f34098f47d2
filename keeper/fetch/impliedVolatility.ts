import { z } from "zod";

import { HOUR_SECONDS } from "../history/candle.ts";
import type { Dataset, Page, Stretch } from "./dataset.ts";
import { askDeribit } from "./deribit.ts";
import { wholeBars, type Bar, type BarSource } from "./hourlyBars.ts";
import type { PublicServer } from "./publicServer.ts";

/**
 * `public/get_volatility_index_data`: candles of time in ms, open, high, low, close, the newest of the stretch, and where
 * older ones are left off the `end_timestamp` to ask for them with. Published at
 * https://docs.deribit.com/api-reference/market-data/public-get_volatility_index_data
 */
const volatilityIndex = z.object({
  data: z.array(z.tuple([z.int().nonnegative(), z.number(), z.number(), z.number(), z.number()])),
  continuation: z.int().nullish(),
});

/** Below it the index is a fraction, as the examples of the schema are, rather than per cent. */
const LEAST_PERCENT = 2;

/** Hourly candles of Deribit's ETH volatility index DVOL: 30 days ahead, annualised per cent. */
export function deribitVolatility(server: PublicServer): BarSource {
  return {
    name: "deribit",
    pageHours: 500,
    async bars(from, to) {
      let bars: Bar[] = [];
      for (let end: number | null = to * 1000 - 1; end !== null;) {
        const { data, continuation }: z.infer<typeof volatilityIndex> = await askDeribit(
          server,
          "get_volatility_index_data",
          { currency: "ETH", start_timestamp: from * 1000, end_timestamp: end, resolution: HOUR_SECONDS },
          volatilityIndex,
        );
        bars = [
          ...data.map(([time, open, high, low, close]) => ({
            timestamp: time / 1000,
            open,
            high,
            low,
            close,
          })),
          ...bars,
        ];
        const next: number | null = continuation ?? null;
        if (next !== null && next >= end)
          throw server.unexpected("answered a continuation that does not go on");
        end = next === null || next < from * 1000 ? null : next;
      }
      // Both ends are inclusive: pages may share a candle.
      const distinct = bars.filter(({ timestamp }, index) => timestamp !== bars[index - 1]?.timestamp);
      const whole = wholeBars(server, distinct, from, to);
      if (whole.some(({ low }) => low < LEAST_PERCENT)) throw server.unexpected("answered no per cent");
      return whole;
    },
  };
}

/** The volatility index as a file. */
export function impliedVolatility(source: BarSource): Dataset {
  return {
    columns: ["ts", "open", "high", "low", "close"],
    step: HOUR_SECONDS,
    resumeAt: ([ts]) => Number(ts) + HOUR_SECONDS,
    pages: (stretch) => pages(source, stretch),
  };
}

async function* pages(source: BarSource, { from, to }: Stretch): AsyncGenerator<Page> {
  const span = source.pageHours * HOUR_SECONDS;
  for (let at = from; at < to; at += span) {
    const end = Math.min(to, at + span);
    const bars = await source.bars(at, end);
    yield {
      rows: bars.map(({ timestamp, open, high, low, close }) =>
        [timestamp, open, high, low, close].map(String),
      ),
      until: end,
    };
  }
}
