import { HOUR_SECONDS } from "../history/candle.ts";
import { InputError } from "../history/inputError.ts";
import { formatInstant } from "../history/instant.ts";
import { feesOf } from "./baseFees.ts";
import { BINANCE_URL, binanceCandles } from "./binance.ts";
import { BlockClock } from "./blockClock.ts";
import { ETH_USD_FEED, FeedHistory } from "./chainlinkRounds.ts";
import { COINBASE_URL, coinbaseCandles } from "./coinbase.ts";
import { datasetOf, nodeOf, serverOf, type Sources, type What } from "./datasets.ts";
import { DERIBIT_URL } from "./deribit.ts";
import type { BarSource } from "./hourlyBars.ts";
import { deribitVolatility } from "./impliedVolatility.ts";
import { SourceError } from "./sourceError.ts";

/** What one source answered to a small question. */
export interface SourceCheck {
  readonly source: string;
  readonly what: What;
  readonly verdict: "fits" | "fails" | "not asked";
  /** What it answered, or why that is of no use; one line. */
  readonly detail: string;
}

interface Probe {
  source(sources: Sources): string;
  readonly what: What;
  /** Asks with the very code that fetches. @returns what was answered, in words. */
  ask(sources: Sources): Promise<string>;
}

/** Whole hours a probe of hourly bars asks for. */
const HOURS = 3;

const PROBES: readonly Probe[] = [
  {
    source: ({ binance }) => `Binance ${hostOf(binance ?? BINANCE_URL)}`,
    what: "candles",
    ask: (sources) => lastBars(binanceCandles(serverOf("binance", sources)), "USDT"),
  },
  {
    source: ({ coinbase }) => `Coinbase ${hostOf(coinbase ?? COINBASE_URL)}`,
    what: "candles",
    ask: (sources) => lastBars(coinbaseCandles(serverOf("coinbase", sources)), "USD"),
  },
  {
    source: ({ deribit }) => `Deribit ${hostOf(deribit ?? DERIBIT_URL)}`,
    what: "implied-volatility",
    ask: (sources) => lastBars(deribitVolatility(serverOf("deribit", sources)), "%"),
  },
  { source: ({ deribit }) => `Deribit ${hostOf(deribit ?? DERIBIT_URL)}`, what: "chain", ask: chainNow },
  { source: () => "a node, eth_feeHistory", what: "base-fees", ask: feesNow },
  { source: () => "a node, Chainlink ETH / USD", what: "rounds", ask: roundNow },
];

/** Asks every source, or those of one dataset, one after the other. A source that fails does not keep the rest from being asked. */
export async function checkSources(what: What | null, sources: Sources): Promise<SourceCheck[]> {
  const checks: SourceCheck[] = [];
  for (const probe of PROBES) {
    if (what !== null && probe.what !== what) continue;
    const place = { source: probe.source(sources), what: probe.what };
    try {
      checks.push({ ...place, verdict: "fits", detail: await probe.ask(sources) });
    } catch (error) {
      if (error instanceof InputError) checks.push({ ...place, verdict: "not asked", detail: error.message });
      else if (error instanceof SourceError) {
        checks.push({ ...place, verdict: "fails", detail: error.message });
      } else throw error;
    }
  }
  return checks;
}

async function lastBars(source: BarSource, unit: string): Promise<string> {
  const end = Math.floor((Date.now() / 1000 - 600) / HOUR_SECONDS) * HOUR_SECONDS;
  const bars = await source.bars(end - HOURS * HOUR_SECONDS, end);
  const last = bars.at(-1);
  if (last === undefined)
    throw new SourceError("unexpected", `${source.name} answered no bar of the last hours`);
  const at = formatInstant(last.timestamp);
  return `${String(bars.length)} hours, the last ${at} with a close of ${String(last.close)} ${unit}`;
}

async function chainNow(sources: Sources): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const pages = datasetOf("chain", sources).pages({ from: now, to: Infinity, last: null, tail: [] });
  let rows = 0;
  let index = "";
  for await (const page of pages) {
    rows += page.rows.length;
    index = page.rows.at(-1)?.at(-1) ?? index;
  }
  return `${String(rows)} options, index ${index} USD`;
}

async function feesNow(sources: Sources): Promise<string> {
  const rpc = nodeOf("base fees", sources);
  const { newest } = await BlockClock.start(rpc);
  const fees = await feesOf(rpc, newest.number < 4n ? 0n : newest.number - 4n, newest.number);
  const gwei = Number(fees.at(-1) ?? 0n) / 1e9;
  return `block ${String(newest.number)} of ${formatInstant(newest.timestamp)}, base fee ${gwei.toPrecision(3)} gwei`;
}

async function roundNow(sources: Sources): Promise<string> {
  const feed = new FeedHistory(nodeOf("rounds", sources), sources.feed ?? ETH_USD_FEED);
  const description = await feed.describe();
  const { id, answer, updatedAt } = await feed.newest();
  return `${description} ${(Number(answer) / 1e8).toFixed(2)} in round ${String(id)} of ${formatInstant(updatedAt)}`;
}

function hostOf(url: string): string {
  return URL.parse(url)?.host ?? url;
}
