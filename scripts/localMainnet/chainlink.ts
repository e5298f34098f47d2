import { zeroAddress, type Address } from "viem";

import { ABIS } from "./abis.ts";
import { LOCAL_ACTORS, MAINNET, MAINNET_AUTHORITIES } from "./addresses.ts";
import { loadArtifact, type Artifact } from "./artifacts.ts";
import type { Chain } from "./chain.ts";

export const FEED_DECIMALS = 8;
const MIN_ANSWER = 1n;
const MAX_ANSWER = 10n ** 24n;

export interface Aggregators {
  /** FluxAggregator behind the ETH/USD proxy. */
  readonly ethUsd: Address;
  /** FluxAggregator behind the USDC/USD proxy. */
  readonly usdcUsd: Address;
}

/** Places the two EACAggregatorProxy feeds, each over a FluxAggregator with a single oracle. No round is written. */
export async function bootChainlink(chain: Chain): Promise<Aggregators> {
  const proxy = loadArtifact("@chainlink/contracts-v01/abi/v0.6/EACAggregatorProxy.json");
  const aggregator = loadArtifact("@chainlink/contracts-v01/abi/v0.6/FluxAggregator.json");
  return {
    ethUsd: await bootFeed(chain, proxy, aggregator, MAINNET.ethUsdFeed, "ETH / USD"),
    usdcUsd: await bootFeed(chain, proxy, aggregator, MAINNET.usdcUsdFeed, "USDC / USD"),
  };
}

async function bootFeed(
  chain: Chain,
  proxy: Artifact,
  aggregator: Artifact,
  feed: Address,
  description: string,
): Promise<Address> {
  const owner = MAINNET_AUTHORITIES.chainlinkOwner;
  const payment = 0n;
  const timeout = 0;
  const noValidator = zeroAddress;
  const address = await chain.deploy(owner, aggregator, [
    MAINNET.link,
    payment,
    timeout,
    noValidator,
    MIN_ANSWER,
    MAX_ANSWER,
    FEED_DECIMALS,
    description,
  ]);
  await chain.write(owner, address, ABIS.fluxAggregator, "changeOracles", [
    [],
    [LOCAL_ACTORS.oracleNode],
    [owner],
    1,
    1,
    0,
  ]);
  const noAccessController = zeroAddress;
  await chain.placeAt(feed, owner, proxy, [address, noAccessController]);
  return address;
}

/** USD with 8 decimals, as a feed answers. @throws RangeError when it is not a positive number. */
export function toAnswer(usd: number): bigint {
  if (!(usd > 0 && Number.isFinite(usd))) throw new RangeError(`a feed cannot answer ${String(usd)}`);
  return BigInt(Math.round(usd * 10 ** FEED_DECIMALS));
}

/** Writes the aggregator's next round. @param usd rounded to 8 decimals. */
export async function submitRound(chain: Chain, aggregator: Address, usd: number): Promise<void> {
  const latest = await chain.read(aggregator, ABIS.fluxAggregator, "latestRound", []);
  await chain.write(LOCAL_ACTORS.oracleNode, aggregator, ABIS.fluxAggregator, "submit", [
    latest + 1n,
    toAnswer(usd),
  ]);
}
