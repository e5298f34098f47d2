import { numberToHex, type Address, type Hex } from "viem";

import { bootAaveV3 } from "./aaveV3.ts";
import { ABIS } from "./abis.ts";
import { LOCAL_ACTORS, MAINNET } from "./addresses.ts";
import { bootChainlink, submitRound, type Aggregators } from "./chainlink.ts";
import { Chain, type Eip1193Provider } from "./chain.ts";
import { bootTokens, mintUsdc, mintWeth } from "./tokens.ts";
import { bootUniswapV3, bootUsdcWethPool, readPoolPrice, type LiquidityPosition } from "./uniswapV3.ts";

/** Clients take contracts for absent below the height at which mainnet got them, so the chain starts above all. */
const START_HEIGHT = 21_000_000;
/** The pool's age when the market starts: twice what a 30-minute TWAP needs. */
const DEFAULT_HISTORY_SECONDS = 3600;
/** More than the boot's own blocks take, each being a second after the last. */
const BOOT_SECONDS = 300;
/** What {@link bootDate} adds for the clock's start-up. */
const MARGIN_SECONDS = 300;

export interface BootOptions {
  /** USDC per ETH at which pool and feed start. */
  readonly price: number;
  /**
   * Unix seconds of the boot's last block, when the market can start. By default as early as the chain's clock allows.
   * Reached exactly; the network must have been created with {@link bootDate} of it, or earlier.
   */
  readonly timestamp?: number;
  /** Seconds of price history the pool has at `timestamp`; at least 1800 for a 30-minute TWAP. */
  readonly historySeconds?: number;
  readonly log?: (message: string) => void;
}

export interface LocalMainnet {
  readonly chain: Chain;
  readonly addresses: typeof MAINNET;
  readonly actors: typeof LOCAL_ACTORS;
  readonly aggregators: Aggregators;
  readonly abis: typeof ABIS;
  /** The whole liquidity of the USDC/WETH pool, owned by `actors.liquidityProvider`. */
  readonly positions: readonly LiquidityPosition[];
  /** Unix seconds of the boot's last block. */
  readonly timestamp: number;
  /** @param amount 6 decimals. */
  mintUsdc(to: Address, amount: bigint): Promise<void>;
  /** @param amount wei. */
  mintWeth(to: Address, amount: bigint): Promise<void>;
  /** Writes a Chainlink round. @param usd per ETH. */
  submitEthUsd(usd: number): Promise<void>;
  /** Writes a Chainlink round. @param usd per USDC. */
  submitUsdcUsd(usd: number): Promise<void>;
  /** USDC per ETH in the Uniswap pool now. */
  poolPrice(): Promise<number>;
}

/**
 * The date with which a network must be created for its market to start at `timestamp`:
 * `network.create({ network: "localMainnet", override: { initialDate: bootDate(timestamp) } })`.
 */
export function bootDate(timestamp: number, historySeconds = DEFAULT_HISTORY_SECONDS): Date {
  return new Date((timestamp - historySeconds - BOOT_SECONDS - MARGIN_SECONDS) * 1000);
}

/**
 * Puts mainnet's protocols on an empty development chain: the packages' own creation code at the canonical addresses,
 * Uniswap and Aave with liquidity, the Chainlink feeds with a fresh round. Not as on mainnet: the aggregators are Flux
 * instead of OCR, WETH9 is a rebuild, the pool's and Aave's parameters are typical ones and the keys are impersonated.
 * @throws Error when the chain's clock is already too late for `timestamp`, or a protocol lands at another address.
 */
export async function bootLocalMainnet(
  provider: Eip1193Provider,
  options: BootOptions,
): Promise<LocalMainnet> {
  const { price, historySeconds = DEFAULT_HISTORY_SECONDS, log = () => undefined } = options;
  const chain = new Chain(provider);
  await reserveHeight(chain);
  const startedAt = await chain.timestamp();
  const timestamp = options.timestamp ?? startedAt + BOOT_SECONDS + historySeconds;
  if (startedAt + BOOT_SECONDS + historySeconds > timestamp) {
    throw new Error(
      `the chain's clock, ${String(startedAt)}, is too late for a market at ${String(timestamp)}`,
    );
  }

  const stage = async <T>(name: string, run: () => Promise<T>): Promise<T> => {
    const start = performance.now();
    const result = await run();
    log(`${name} in ${(performance.now() - start).toFixed(0)} ms`);
    return result;
  };
  await stage("tokens", () => bootTokens(chain));
  const aggregators = await stage("Chainlink feeds", () => bootChainlink(chain));
  await stage("Uniswap v3", () => bootUniswapV3(chain));
  const positions = await stage("USDC/WETH pool", () => bootUsdcWethPool(chain, price));
  await stage("Aave v3", () => bootAaveV3(chain));

  await chain.rpc("evm_setNextBlockTimestamp", [numberToHex(timestamp - 1)]);
  await submitRound(chain, aggregators.usdcUsd, 1);
  await chain.rpc("evm_setNextBlockTimestamp", [numberToHex(timestamp)]);
  await submitRound(chain, aggregators.ethUsd, price);

  return {
    chain,
    addresses: MAINNET,
    actors: LOCAL_ACTORS,
    aggregators,
    abis: ABIS,
    positions,
    timestamp,
    mintUsdc: (to, amount) => mintUsdc(chain, to, amount),
    mintWeth: (to, amount) => mintWeth(chain, to, amount),
    submitEthUsd: (usd) => submitRound(chain, aggregators.ethUsd, usd),
    submitUsdcUsd: (usd) => submitRound(chain, aggregators.usdcUsd, usd),
    poolPrice: () => readPoolPrice(chain),
  };
}

async function reserveHeight(chain: Chain): Promise<void> {
  const height = Number(await chain.rpc<Hex>("eth_blockNumber"));
  const interval = 0; // the clock stands still
  if (height < START_HEIGHT) {
    await chain.rpc("hardhat_mine", [numberToHex(START_HEIGHT - height), numberToHex(interval)]);
  }
}
