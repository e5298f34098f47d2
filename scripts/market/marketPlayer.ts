import { encodeFunctionData, numberToHex, type Address, type Hex } from "viem";

import { ABIS } from "../localMainnet/abis.ts";
import { LOCAL_ACTORS, MAINNET } from "../localMainnet/addresses.ts";
import type { LocalMainnet } from "../localMainnet/bootLocalMainnet.ts";
import { FEED_DECIMALS, toAnswer } from "../localMainnet/chainlink.ts";
import type { Receipt } from "../localMainnet/chain.ts";
import { priceFromSqrtPriceX96 } from "../localMainnet/poolPrice.ts";
import { fundArbitrageur, planArbitrage } from "./arbitrageur.ts";
import type { PricePoint } from "../../keeper/history/bridge.ts";
import {
  ETH_USD_RULE,
  isRoundDue,
  USDC_USD_RULE,
  type Round,
  type RoundRule,
} from "../../keeper/history/chainlinkRule.ts";
import { drainCalls } from "./drain.ts";
import type { BaseFeeSource } from "./gasSource.ts";

/** Tips in wei per gas. Arbitrage bids for the top of the block, the oracles come next. */
const ARBITRAGE_TIP = 3_000_000_000n;
const ORACLE_TIP = 2_000_000_000n;
const SWAP_GAS = 1_000_000n;
const SUBMIT_GAS = 500_000n;
const DRAIN_GAS = 1_000_000n;
/** slot0's first word: sqrtPriceX96 in its low 160 bits. */
const SLOT0 = "0x0";
const SQRT_PRICE_MASK = 2n ** 160n - 1n;
const USDC_USD = 1;

export interface MarketOptions {
  readonly local: LocalMainnet;
  /** Rising timestamps, one block each; prices in USDC per ETH. */
  readonly points: readonly PricePoint[];
  readonly baseFee: BaseFeeSource;
}

/** One block of the market. */
export interface MarketStep {
  /** Unix seconds. */
  readonly timestamp: number;
  /** The market's USDC per ETH; the pool is within its fee of it unless drained. */
  readonly price: number;
  /** USDC per ETH left in the pool. */
  readonly poolPrice: number;
  /** Wei per gas. */
  readonly baseFee: bigint;
  readonly blockNumber: bigint;
  /** Whether ETH/USD has a new round in this block. */
  readonly isRoundWritten: boolean;
}

interface Feed {
  readonly aggregator: Address;
  readonly proxy: Address;
  readonly rule: RoundRule;
  round: Round & { readonly id: bigint };
}

interface Submitted {
  readonly what: string;
  readonly hash: Hex;
}

/**
 * Plays a price path onto a local mainnet, one block a point: the arbitrageur's swap, the Chainlink rounds that are due,
 * the base fee. What others send between two steps is mined with the next, which is the only way a block is made while
 * it plays. The same points from the same state give the same blocks.
 */
export class MarketPlayer {
  readonly #local: LocalMainnet;
  readonly #points: readonly PricePoint[];
  readonly #baseFee: BaseFeeSource;
  readonly #feeds: readonly [Feed, Feed];
  #position = 0;
  #blockNumber = 0n;
  #poolSqrtPriceX96 = 0n;
  #isArbitraging = true;
  #nonces = new Map<Address, number>();
  #submitted: Submitted[] = [];

  private constructor({ local, points, baseFee }: MarketOptions) {
    this.#local = local;
    this.#points = points;
    this.#baseFee = baseFee;
    const { ethUsd, usdcUsd } = local.aggregators;
    const unread = { id: 0n, answer: 0, updatedAt: 0 };
    this.#feeds = [
      { aggregator: ethUsd, proxy: MAINNET.ethUsdFeed, rule: ETH_USD_RULE, round: unread },
      { aggregator: usdcUsd, proxy: MAINNET.usdcUsdFeed, rule: USDC_USD_RULE, round: unread },
    ];
  }

  /** Funds the market's accounts, in blocks of their own: needs automine, and a clock before the first point. */
  static async create(options: MarketOptions): Promise<MarketPlayer> {
    await fundArbitrageur(options.local);
    return new MarketPlayer(options);
  }

  /**
   * Goes to the start of the path and takes over mining; before the first step, and again after an `evm_revert`.
   * @throws RangeError when the chain's clock is already past the first point.
   */
  async reset(): Promise<void> {
    const { chain } = this.#local;
    await chain.rpc("evm_setAutomine", [false]);
    const block = await chain.rpc<{ number: Hex; timestamp: Hex }>("eth_getBlockByNumber", ["latest", false]);
    const first = this.#points[0];
    if (first !== undefined && first.timestamp <= Number(block.timestamp)) {
      throw new RangeError(
        `the chain's clock is ${String(Number(block.timestamp))}, the path starts at ${String(first.timestamp)}`,
      );
    }
    this.#position = 0;
    this.#blockNumber = BigInt(block.number);
    this.#isArbitraging = true;
    this.#submitted = [];
    for (const account of [
      LOCAL_ACTORS.arbitrageur,
      LOCAL_ACTORS.oracleNode,
      LOCAL_ACTORS.liquidityProvider,
    ]) {
      await chain.impersonate(account);
      this.#nonces.set(account, Number(await chain.rpc<Hex>("eth_getTransactionCount", [account, "latest"])));
    }
    for (const feed of this.#feeds) {
      const [, answer, , updatedAt] = await chain.read(feed.proxy, ABIS.feed, "latestRoundData", []);
      const id = await chain.read(feed.aggregator, ABIS.fluxAggregator, "latestRound", []);
      feed.round = { id, answer: Number(answer) / 10 ** FEED_DECIMALS, updatedAt: Number(updatedAt) };
    }
    await this.#readPool();
  }

  /** Gives mining back: every transaction makes its own block again. */
  async stop(): Promise<void> {
    await this.#local.chain.rpc("evm_setAutomine", [true]);
  }

  /** Steps left on the path. */
  get remaining(): number {
    return this.#points.length - this.#position;
  }

  /**
   * Moves the market to the path's next point and mines the block of it.
   * @throws RangeError at the path's end. @throws Error when a transaction of the market's own failed.
   */
  async step(): Promise<MarketStep> {
    const point = this.#points[this.#position];
    if (point === undefined) throw new RangeError("the market's path has ended");
    this.#position++;
    const { timestamp, price } = point;
    const { chain } = this.#local;
    const baseFee = this.#baseFee.at(timestamp);
    await chain.rpc("hardhat_setNextBlockBaseFeePerGas", [numberToHex(baseFee)]);
    const expectedSqrtPriceX96 = await this.#arbitrage(price, baseFee);
    const [ethUsd, usdcUsd] = this.#feeds;
    const isRoundWritten = await this.#submitIfDue(ethUsd, price, timestamp, baseFee);
    await this.#submitIfDue(usdcUsd, USDC_USD, timestamp, baseFee);
    await chain.rpc("evm_mine", [numberToHex(timestamp)]);
    this.#blockNumber++;

    await this.#readPool();
    // The pool standing at the limit proves the swap; anything else may be another's trade after it, so ask.
    const isSwapProven = this.#poolSqrtPriceX96 === expectedSqrtPriceX96;
    await this.#checkSubmitted(isSwapProven);
    return {
      timestamp,
      price,
      poolPrice: priceFromSqrtPriceX96(this.#poolSqrtPriceX96),
      baseFee,
      blockNumber: this.#blockNumber,
      isRoundWritten,
    };
  }

  /** Takes 90 % of the pool's liquidity away with the next step, and the arbitrageur with it; until {@link reset}. */
  async drain(): Promise<void> {
    this.#isArbitraging = false;
    const next = this.#points[Math.min(this.#position, this.#points.length - 1)];
    const baseFee = next === undefined ? 0n : this.#baseFee.at(next.timestamp);
    for (const data of drainCalls(this.#local)) {
      await this.#send("the drain", LOCAL_ACTORS.liquidityProvider, MAINNET.positionManager, data, {
        gas: DRAIN_GAS,
        baseFee,
        tip: ARBITRAGE_TIP,
      });
    }
  }

  async #arbitrage(price: number, baseFee: bigint): Promise<bigint | undefined> {
    if (!this.#isArbitraging) return undefined;
    const swap = planArbitrage(this.#poolSqrtPriceX96, price);
    if (swap === undefined) return undefined;
    await this.#send(ARBITRAGE, LOCAL_ACTORS.arbitrageur, MAINNET.swapRouter02, swap.data, {
      gas: SWAP_GAS,
      baseFee,
      tip: ARBITRAGE_TIP,
    });
    return swap.sqrtPriceX96;
  }

  async #submitIfDue(feed: Feed, price: number, timestamp: number, baseFee: bigint): Promise<boolean> {
    if (!isRoundDue(feed.rule, feed.round, price, timestamp)) return false;
    const id = feed.round.id + 1n;
    const data = encodeFunctionData({
      abi: ABIS.fluxAggregator,
      functionName: "submit",
      args: [id, toAnswer(price)],
    });
    await this.#send("a Chainlink round", LOCAL_ACTORS.oracleNode, feed.aggregator, data, {
      gas: SUBMIT_GAS,
      baseFee,
      tip: ORACLE_TIP,
    });
    feed.round = { id, answer: price, updatedAt: timestamp };
    return true;
  }

  async #send(
    what: string,
    from: Address,
    to: Address,
    data: Hex,
    { gas, baseFee, tip }: { gas: bigint; baseFee: bigint; tip: bigint },
  ): Promise<void> {
    const nonce = this.#nonces.get(from);
    if (nonce === undefined) throw new Error("the market was not reset before it was played");
    this.#nonces.set(from, nonce + 1);
    const hash = await this.#local.chain.rpc<Hex>("eth_sendTransaction", [
      {
        from,
        to,
        data,
        nonce: numberToHex(nonce),
        gas: numberToHex(gas),
        maxFeePerGas: numberToHex(baseFee + tip),
        maxPriorityFeePerGas: numberToHex(tip),
      },
    ]);
    this.#submitted.push({ what, hash });
  }

  async #checkSubmitted(isSwapProven: boolean): Promise<void> {
    for (const { what, hash } of this.#submitted) {
      if (what === ARBITRAGE && isSwapProven) continue;
      const receipt = await this.#local.chain.rpc<Receipt | null>("eth_getTransactionReceipt", [hash]);
      if (receipt === null) throw new Error(`${what} (${hash}) was not mined`);
      if (receipt.status !== "0x1") throw new Error(`${what} (${hash}) reverted`);
    }
    this.#submitted = [];
  }

  async #readPool(): Promise<void> {
    const word = await this.#local.chain.rpc<Hex>("eth_getStorageAt", [
      MAINNET.usdcWethPool,
      SLOT0,
      "latest",
    ]);
    this.#poolSqrtPriceX96 = BigInt(word) & SQRT_PRICE_MASK;
  }
}

const ARBITRAGE = "the arbitrageur's swap";
