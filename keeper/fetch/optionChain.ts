import { z } from "zod";

import { vanillaGreeks } from "../math/blackScholes.ts";
import { SECONDS_PER_YEAR } from "../math/units.ts";
import type { Dataset, Page } from "./dataset.ts";
import { askDeribit } from "./deribit.ts";
import type { PublicServer } from "./publicServer.ts";

/**
 * `public/get_instruments`: times in ms. Published at
 * https://docs.deribit.com/api-reference/market-data/public-get_instruments
 */
const instruments = z.array(
  z.object({
    instrument_name: z.string(),
    expiration_timestamp: z.int().positive(),
    strike: z.number().positive(),
    option_type: z.enum(["call", "put"]),
  }),
);

/**
 * `public/get_book_summary_by_currency`: prices in ETH per option, `underlying_price` in USD, `mark_iv` in per cent,
 * `open_interest` and `volume` of 24 hours in ETH; null where there is no quote. Published at
 * https://docs.deribit.com/api-reference/market-data/public-get_book_summary_by_currency
 */
const summaries = z.array(
  z.object({
    instrument_name: z.string(),
    bid_price: z.number().nonnegative().nullish(),
    ask_price: z.number().nonnegative().nullish(),
    mark_price: z.number().nonnegative(),
    mark_iv: z.number().nonnegative().nullish(),
    underlying_price: z.number().positive().nullish(),
    open_interest: z.number().nonnegative(),
    volume: z.number().nonnegative(),
  }),
);

/**
 * `public/get_index_price`: USD. Published at
 * https://docs.deribit.com/api-reference/market-data/public-get_index_price
 */
const indexPrice = z.object({ index_price: z.number().positive() });

/**
 * Deribit's chain of ETH options as it is now: the venue keeps no public history of it, so that each run adds a snapshot.
 * Delta is Black's on the forward with the mark volatility, which is what the venue shows, as a summary does not hold it.
 */
export function optionChain(server: PublicServer, now: () => number): Dataset {
  return {
    columns: [
      ...["ts", "expiry", "strike", "cp", "bid", "ask", "mark", "iv", "delta", "oi", "vol24h", "fut", "idx"],
    ],
    step: null,
    resumeAt: ([ts]) => Number(ts),
    async *pages() {
      yield await snapshot(server, now());
    },
  };
}

async function snapshot(server: PublicServer, ts: number): Promise<Page> {
  const query = { currency: "ETH", kind: "option" };
  const [listed, quoted, { index_price: index }] = await Promise.all([
    askDeribit(server, "get_instruments", { ...query, expired: "false" }, instruments),
    askDeribit(server, "get_book_summary_by_currency", query, summaries),
    askDeribit(server, "get_index_price", { index_name: "eth_usd" }, indexPrice),
  ]);
  const quotes = new Map(quoted.map((quote) => [quote.instrument_name, quote]));
  const rows: string[][] = [];
  const inOrder = listed
    .filter(({ expiration_timestamp: expiry }) => expiry > ts * 1000)
    .sort(
      (a, b) =>
        a.expiration_timestamp - b.expiration_timestamp ||
        a.strike - b.strike ||
        a.option_type.localeCompare(b.option_type),
    );
  for (const {
    instrument_name: name,
    expiration_timestamp: expiresAt,
    strike,
    option_type: type,
  } of inOrder) {
    const quote = quotes.get(name);
    const { mark_iv: iv, underlying_price: forward } = quote ?? {};
    // Without a forward or a volatility there is nothing to price it with.
    if (quote === undefined || iv == null || forward == null) continue;
    const tau = (expiresAt / 1000 - ts) / SECONDS_PER_YEAR;
    const { delta } = vanillaGreeks({ type, spot: forward, strike, sigma: iv / 100, tau });
    rows.push([
      ...[String(ts), new Date(expiresAt).toISOString().slice(0, 10).replaceAll("-", ""), String(strike)],
      ...[type === "call" ? "C" : "P", textOf(quote.bid_price), textOf(quote.ask_price)],
      ...[quote.mark_price, iv, Number(delta.toFixed(4)), quote.open_interest, quote.volume].map(String),
      ...[forward, index].map(String),
    ]);
  }
  if (rows.length === 0) throw server.unexpected("answered no option with a quote");
  const left = listed.length - rows.length;
  return {
    rows,
    until: ts,
    notes:
      left === 0 ? [] : [`${String(left)} listed options have no forward or volatility and are left out`],
  };
}

function textOf(price: number | null | undefined): string {
  return price == null ? "" : String(price);
}
