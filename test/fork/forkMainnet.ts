import { rm } from "node:fs/promises";

import hre from "hardhat";
import { parseAbi, zeroAddress, type Address } from "viem";

import { ABIS } from "../../scripts/localMainnet/abis.ts";
import { LOCAL_ACTORS, MAINNET, MAINNET_AUTHORITIES } from "../../scripts/localMainnet/addresses.ts";
import { loadArtifact } from "../../scripts/localMainnet/artifacts.ts";
import { bootLocalMainnet } from "../../scripts/localMainnet/bootLocalMainnet.ts";
import { Chain, httpProvider } from "../../scripts/localMainnet/chain.ts";
import { submitRound, FEED_DECIMALS } from "../../scripts/localMainnet/chainlink.ts";
import { sqrtPriceX96FromPrice } from "../../scripts/localMainnet/poolPrice.ts";
import { POOL_FEE, readPoolPrice } from "../../scripts/localMainnet/uniswapV3.ts";
import { serveProvider } from "../support/serveProvider.ts";

/** USDC per ETH of the embedded upstream. */
const EMBEDDED_PRICE = 3_000;
/** Words that are nobody's: the usual development accounts carry delegated code on the real chain. */
const MNEMONIC = "ridge ridge ridge ridge ridge ridge ridge ridge ridge ridge ridge crush";

const PROXY = parseAbi([
  "function owner() view returns (address)",
  "function phaseId() view returns (uint16)",
  "function phaseAggregators(uint16) view returns (address)",
  "function proposeAggregator(address)",
  "function confirmAggregator(address)",
]);
const AAVE_ORACLE = parseAbi(["function setAssetSources(address[] assets, address[] sources)"]);
const LATEST_ROUND = parseAbi(["function latestRound() view returns (uint256)"]);
const WETH_WHALE = MAINNET.aWeth;
const USDC_WHALE = MAINNET.aUsdc;
const NO_LIMITS = [zeroAddress, 0n, 0, zeroAddress, 1n, 10n ** 24n, FEED_DECIMALS, "ours"] as const;

/** A fork of mainnet, or of the embedded upstream, whose prices can be moved. */
export interface Fork {
  readonly connection: Awaited<ReturnType<typeof connect>>;
  readonly chain: Chain;
  readonly chainId: number;
  /** Feed and pool go to `usd` per ETH. */
  movePrice(usd: number): Promise<void>;
  /** Writes a round each, ETH at `usd`. */
  submit(usd: number): Promise<void>;
  /** Hands over USDC of a whale's. @param amount 6 decimals. */
  fund(to: Address, amount: bigint): Promise<void>;
  /** The last round of each phase below the present one, as the proxy numbers them, and the latest of all. */
  rounds(): Promise<{ roundId: bigint; lastRounds: bigint[] }>;
  close(): Promise<void>;
}

/** Forks `MAINNET_RPC_URL` at its latest block; without one boots a local mainnet, serves it and forks that. */
export async function forkMainnet(): Promise<Fork> {
  const url = process.env["MAINNET_RPC_URL"];
  const upstream =
    url === undefined ? await serveEmbedded() : { url, chainId: 1, close: () => Promise.resolve() };
  try {
    return await forkOf(upstream);
  } catch (error) {
    await upstream.close();
    throw error;
  }
}

interface Upstream {
  readonly url: string;
  readonly chainId: number;
  close(): Promise<void>;
}

async function forkOf(upstream: Upstream): Promise<Fork> {
  const connection = await connect(upstream.url, upstream.chainId);
  const chain = new Chain(connection.provider);
  // Calls at the block of the fork itself need to know the hardforks of its chain, later ones do not.
  await chain.rpc("evm_mine");
  const feeds = await replaceFeeds(chain);
  const { arbitrageur } = LOCAL_ACTORS;

  const submit = async (usd: number) => {
    await submitRound(chain, feeds.usdcUsd, 1);
    await submitRound(chain, feeds.ethUsd, usd);
  };
  const movePool = async (usd: number) => {
    const rises = (await readPoolPrice(chain)) < usd;
    const [tokenIn, tokenOut, whale] = rises
      ? [MAINNET.usdc, MAINNET.weth, USDC_WHALE]
      : [MAINNET.weth, MAINNET.usdc, WETH_WHALE];
    const amountIn = (await chain.read(tokenIn, ABIS.erc20, "balanceOf", [whale])) / 2n;
    await chain.write(whale, tokenIn, ABIS.erc20, "transfer", [arbitrageur, amountIn]);
    await chain.write(arbitrageur, tokenIn, ABIS.erc20, "approve", [MAINNET.swapRouter02, amountIn]);
    await chain.write(arbitrageur, MAINNET.swapRouter02, ABIS.swapRouter02, "exactInputSingle", [
      {
        tokenIn,
        tokenOut,
        fee: POOL_FEE,
        recipient: arbitrageur,
        amountIn,
        amountOutMinimum: 0n,
        sqrtPriceLimitX96: sqrtPriceX96FromPrice(usd),
      },
    ]);
    const left = await chain.read(tokenIn, ABIS.erc20, "balanceOf", [arbitrageur]);
    await chain.write(arbitrageur, tokenIn, ABIS.erc20, "transfer", [whale, left]);
  };

  return {
    connection,
    chain,
    chainId: upstream.chainId,
    submit,
    movePrice: async (usd) => {
      await movePool(usd);
      await submit(usd);
    },
    fund: async (to, amount) => {
      await chain.write(USDC_WHALE, MAINNET.usdc, ABIS.erc20, "transfer", [to, amount]);
    },
    rounds: () => readRounds(chain),
    close: async () => {
      await connection.close();
      await upstream.close();
    },
  };
}

async function serveEmbedded(): Promise<Upstream> {
  // What a fork reads is cached by chain id and block: an earlier upstream's state would come back.
  await rm("cache/edr-fork-cache", { recursive: true, force: true });
  const { provider } = await hre.network.create("localMainnet");
  await bootLocalMainnet(provider, { price: EMBEDDED_PRICE });
  const { url, close } = await serveProvider(provider);
  return { url, chainId: 31337, close };
}

/** Pinned to the latest block: unpinned, a fork starts far enough behind the head to miss the boot. */
async function connect(url: string, chainId: number) {
  const latest = await httpProvider(url).request({ method: "eth_blockNumber" });
  return hre.network.create({
    network: "mainnetFork",
    override: {
      chainId,
      forking: { url, blockNumber: Number(latest) },
      accounts: { mnemonic: MNEMONIC, count: 10 },
    },
  });
}

/**
 * Puts an aggregator that one account answers behind each proxy, as the proxies' owners would: real ones answer only
 * to a quorum of oracles. Aave reads the same two feeds from then on. The price stays what it was.
 */
async function replaceFeeds(chain: Chain): Promise<{ ethUsd: Address; usdcUsd: Address }> {
  const [, answer] = await chain.read(MAINNET.ethUsdFeed, ABIS.feed, "latestRoundData", []);
  const ethUsd = await replaceFeed(chain, MAINNET.ethUsdFeed);
  const usdcUsd = await replaceFeed(chain, MAINNET.usdcUsdFeed);
  await submitRound(chain, usdcUsd, 1);
  await submitRound(chain, ethUsd, Number(answer) / 10 ** FEED_DECIMALS);
  await chain.write(MAINNET_AUTHORITIES.aaveExecutor, MAINNET.aaveOracle, AAVE_ORACLE, "setAssetSources", [
    [MAINNET.weth, MAINNET.usdc],
    [MAINNET.ethUsdFeed, MAINNET.usdcUsdFeed],
  ]);
  return { ethUsd, usdcUsd };
}

async function replaceFeed(chain: Chain, proxy: Address): Promise<Address> {
  const { deployer, oracleNode } = LOCAL_ACTORS;
  const artifact = loadArtifact("@chainlink/contracts-v01/abi/v0.6/FluxAggregator.json");
  const aggregator = await chain.deploy(deployer, artifact, [MAINNET.link, ...NO_LIMITS.slice(1)]);
  await chain.write(deployer, aggregator, ABIS.fluxAggregator, "changeOracles", [
    [],
    [oracleNode],
    [deployer],
    1,
    1,
    0,
  ]);
  const owner = await chain.read(proxy, PROXY, "owner", []);
  await chain.write(owner, proxy, PROXY, "proposeAggregator", [aggregator]);
  await chain.write(owner, proxy, PROXY, "confirmAggregator", [aggregator]);
  return aggregator;
}

async function readRounds(chain: Chain): Promise<{ roundId: bigint; lastRounds: bigint[] }> {
  const feed = MAINNET.ethUsdFeed;
  const [roundId] = await chain.read(feed, ABIS.feed, "latestRoundData", []);
  const phase = await chain.read(feed, PROXY, "phaseId", []);
  const lastRounds: bigint[] = [];
  for (let below = 1; below < phase; below++) {
    const aggregator = await chain.read(feed, PROXY, "phaseAggregators", [below]);
    const last = await chain.read(aggregator, LATEST_ROUND, "latestRound", []);
    lastRounds.push((BigInt(below) << 64n) | last);
  }
  return { roundId, lastRounds };
}
