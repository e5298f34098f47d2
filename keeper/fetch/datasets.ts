import type { Address } from "viem";

import { Secret } from "../config/secret.ts";
import { InputError } from "../history/inputError.ts";
import { baseFees } from "./baseFees.ts";
import { BINANCE_URL, binanceCandles } from "./binance.ts";
import { candles } from "./candles.ts";
import { chainlinkRounds, ETH_USD_FEED } from "./chainlinkRounds.ts";
import { COINBASE_URL, coinbaseCandles } from "./coinbase.ts";
import type { Dataset } from "./dataset.ts";
import { DERIBIT_URL } from "./deribit.ts";
import type { BarSource } from "./hourlyBars.ts";
import { deribitVolatility, impliedVolatility } from "./impliedVolatility.ts";
import { NodeRpc } from "./nodeRpc.ts";
import { optionChain } from "./optionChain.ts";
import { PublicServer } from "./publicServer.ts";

export const WHAT = ["candles", "base-fees", "implied-volatility", "chain", "rounds"] as const;

export type What = (typeof WHAT)[number];

/** Where to ask, and how. */
export interface Sources {
  readonly binance?: string | undefined;
  readonly coinbase?: string | undefined;
  readonly deribit?: string | undefined;
  /** A node of the chain whose base fees or rounds are asked for; public sources have none that is everybody's. */
  readonly rpc?: string | undefined;
  readonly feed?: Address | undefined;
  /** Of candles; the other has what this one lacks where none is named. */
  readonly candleSource?: "binance" | "coinbase" | undefined;
  /** Default: what each source's published limits leave room for. */
  readonly requestsPerSecond?: number | undefined;
  readonly retries: number;
  readonly onRetry?: (message: string) => void;
}

/** Well under what is published: Binance 50 (by weight), Coinbase 10, Deribit 20 a second. Nodes differ. */
const REQUESTS_PER_SECOND = { binance: 8, coinbase: 4, deribit: 5, node: 10 } as const;

const DEFAULT_URL = { binance: BINANCE_URL, coinbase: COINBASE_URL, deribit: DERIBIT_URL } as const;

/** @throws SourceError when the address given for it is none. */
export function serverOf(name: keyof typeof DEFAULT_URL, sources: Sources): PublicServer {
  return open(name, sources[name] ?? DEFAULT_URL[name], sources);
}

/** @throws InputError when no node is given. @throws SourceError when its address is none. */
export function nodeOf(what: string, sources: Sources): NodeRpc {
  if (sources.rpc === undefined) {
    throw new InputError(`${what} come from a node: give its URL with --rpc or in RPC_URL`);
  }
  return new NodeRpc(open("node", sources.rpc, sources));
}

/** Where candles come from, the one to ask first in front. */
function candleSources(sources: Sources): [BarSource, ...BarSource[]] {
  const of = {
    binance: () => binanceCandles(serverOf("binance", sources)),
    coinbase: () => coinbaseCandles(serverOf("coinbase", sources)),
  };
  const { candleSource } = sources;
  return candleSource === undefined ? [of.binance(), of.coinbase()] : [of[candleSource]()];
}

/** @throws InputError when a source that it needs is not given. */
export function datasetOf(what: What, sources: Sources): Dataset {
  switch (what) {
    case "candles":
      return candles(candleSources(sources));
    case "implied-volatility":
      return impliedVolatility(deribitVolatility(serverOf("deribit", sources)));
    case "chain":
      return optionChain(serverOf("deribit", sources), () => Math.floor(Date.now() / 1000));
    case "base-fees":
      return baseFees(nodeOf("base fees", sources));
    case "rounds":
      return chainlinkRounds(nodeOf("rounds", sources), sources.feed ?? ETH_USD_FEED);
  }
}

function open(name: keyof typeof REQUESTS_PER_SECOND, url: string, sources: Sources): PublicServer {
  const { requestsPerSecond = REQUESTS_PER_SECOND[name], retries, onRetry } = sources;
  return new PublicServer({
    ...{ name, url: new Secret(url), requestsPerSecond, retries },
    ...(onRetry === undefined ? {} : { onRetry }),
  });
}
