import { encodeFunctionData, type Address, type Hash, type PublicClient } from "viem";

import { lensAbi } from "./abi.ts";
import { decodeSnapshot } from "./decodeSnapshot.ts";
import { unpackLeg, type BookLeg } from "./legs.ts";

/** One venue of the vault. Index 0 is spot, long only; index 1 is the lending short, short only. */
export interface VenueState {
  readonly venue: Address;
  /** ETH, 18 decimals. */
  readonly delta: bigint;
  /** USDC, 6 decimals, at the oracle price. */
  readonly equity: bigint;
  /** Fraction, 18 decimals. */
  readonly liquidationDistance: bigint;
  /** Fraction, 18 decimals; 0 where there is no margin. */
  readonly marginTrigger: bigint;
}

/** One tenor of the volatility surface as stored: fractions have 9 decimals, the tenor is in seconds. */
export interface StoredPillar {
  readonly tenor: number;
  readonly atmVol: number;
  readonly skew: number;
  readonly curvature: number;
  readonly forwardRatio: number;
}

/** Value and sensitivities of the book, 18 decimals. */
export interface BookGreeks {
  /** USD. */
  readonly price: bigint;
  /** ETH. */
  readonly delta: bigint;
  /** ETH per USD. */
  readonly gamma: bigint;
  /** USD per 1.00 of volatility. */
  readonly vega: bigint;
  /** USD per year. */
  readonly theta: bigint;
}

/** Why the chain would accept a rebalance. */
export const TRIGGERS = ["none", "delta", "margin", "age"] as const;
export type Trigger = (typeof TRIGGERS)[number];

/** All that a decision reads from the chain, at one block. */
export interface Snapshot {
  readonly blockNumber: bigint;
  /** Unix seconds. */
  readonly timestamp: bigint;
  /** USDC per ETH, 18 decimals, of the oracle; 0 when there is none. */
  readonly price: bigint;
  /** USD per ETH, 18 decimals: what the options settle on, and are marked at. */
  readonly ethUsd: bigint;
  /** Unix seconds. */
  readonly priceUpdatedAt: bigint;
  /** Whether the oracle is fit for less drift or less debt. */
  readonly fresh: boolean;
  /** Whether the oracle and the surface are fit for everything. */
  readonly open: boolean;
  readonly paused: boolean;
  /** USDC per ETH, 18 decimals: the spot price of the pool the venues trade in. */
  readonly poolPrice: bigint;
  /** In-range liquidity of that pool. */
  readonly poolLiquidity: bigint;
  /** Hundredths of a basis point. */
  readonly poolFee: number;
  readonly rebalanceNonce: bigint;
  /** Unix seconds; 0 before the first. */
  readonly lastRebalanceAt: bigint;
  readonly due: boolean;
  readonly trigger: Trigger;
  /** ETH, 18 decimals. */
  readonly minDrift: bigint;
  /** Seconds. */
  readonly maxAge: bigint;
  /** Fraction, 18 decimals. */
  readonly maxSlippage: bigint;
  /** USDC, 6 decimals. */
  readonly maxLoss: bigint;
  /** USDC, 6 decimals. */
  readonly nav: bigint;
  /** Shares in their own decimals. */
  readonly totalSupply: bigint;
  /** USDC, 6 decimals. */
  readonly cash: bigint;
  /** USDC, 6 decimals. */
  readonly reserve: bigint;
  /** The options at the oracle's marks. */
  readonly book: BookGreeks;
  readonly legs: readonly BookLeg[];
  readonly pillars: readonly StoredPillar[];
  /** Unix seconds. */
  readonly surfacePostedAt: bigint;
  readonly venues: readonly VenueState[];
}

/** Reads the snapshot of one vault: one `eth_call`, pinned to a block by its hash (EIP-1898). */
export type SnapshotReader = (blockHash: Hash) => Promise<Snapshot>;

/** A reader for one vault; the call data is encoded once. Reading throws what the RPC throws. */
export function createSnapshotReader(client: PublicClient, lens: Address, vault: Address): SnapshotReader {
  const data = encodeFunctionData({ abi: lensAbi, functionName: "snapshot", args: [vault] });
  return async (blockHash) => {
    const answer = await client.request({
      method: "eth_call",
      params: [
        { to: lens, data },
        { blockHash, requireCanonical: true },
      ],
    });
    const raw = decodeSnapshot(answer);
    return { ...raw, trigger: TRIGGERS[raw.trigger] ?? "none", legs: raw.legs.map(unpackLeg) };
  };
}

/** Drift at the chain's own marks: the book's delta plus what the venues hold, ETH, 18 decimals. */
export function driftOf(snapshot: Pick<Snapshot, "book" | "venues">): bigint {
  return snapshot.book.delta + hedgeOf(snapshot);
}

/** What all venues hold, ETH, 18 decimals. */
export function hedgeOf({ venues }: Pick<Snapshot, "venues">): bigint {
  return venues.reduce((sum, { delta }) => sum + delta, 0n);
}
