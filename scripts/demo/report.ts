import type { Scenario } from "./scenario.ts";
import type { SeriesTerms } from "./terms.ts";

/**
 * What `--json` writes: the table's numbers and what they come from. The same command line writes the same bytes.
 * Moments are unix seconds; money is USD, amounts of ether ETH, unless a field says otherwise. USDC is in whole units.
 */
export interface DemoReport {
  readonly seed: number;
  readonly start: number;
  readonly end: number;
  /** What prices, volatility and base fee are taken from. */
  readonly sources: Scenario["sources"];
  /** Whether the arbitrageur and 90 % of the pool's liquidity leave on the way. */
  readonly drain: boolean;
  /** How far from the oracle price the vault lets a hedge trade, a fraction. */
  readonly slippageLimit: number;
  /** The options written before the path starts, the same in every run. */
  readonly book: readonly SeriesSold[];
  /** One a strategy, each over the same path from the same snapshot of the chain. */
  readonly runs: readonly RunReport[];
}

/** A series the vault has written. */
export interface SeriesSold extends SeriesTerms {
  /** Options, on 1 ETH each. */
  readonly quantity: number;
  /** USDC paid for all of them. */
  readonly premium: number;
}

/** What one strategy made of the path. */
export interface RunReport {
  readonly title: string;
  /** Rebalances in effect, and the moment of the block of each. */
  readonly rebalances: number;
  readonly rebalancedAt: readonly number[];
  /** Blocks at which the keeper decided to hold. */
  readonly holds: number;
  /** Decisions to trade that were not sent: the simulation showed that the vault would refuse. */
  readonly blocked: number;
  /** Why, by the name of the vault's error, the most frequent first. */
  readonly refusals: readonly Refusal[];
  /** Those at which the pool stood beyond the vault's limit around the oracle price: nothing could be filled. */
  readonly beyondLimit: number;
  /** Rebalances that were mined without effect. */
  readonly reverted: number;
  /** Means of |drift| just before and just after a rebalance, at the vault's marks, ETH; 0 without one. */
  readonly driftBefore: number;
  readonly driftAfter: number;
  /** ETH bought and sold. */
  readonly volume: number;
  readonly cost: HedgingCost;
  readonly hedged: Performance;
  /** The same vault without its hedge: the same in every run. */
  readonly unhedged: Performance;
  /** Of the short on Aave, over all blocks; liquidation is at 1. Null when there was no short. */
  readonly lowestHealth: number | null;
  /** USDC at the end of the path: the vault's net assets, and a share's. */
  readonly nav: number;
  readonly sharePrice: number;
  /** One for each series; the vault was never asked for more than its contract. */
  readonly claims: readonly Claimed[];
  /** USDC the second depositor got for as many of its shares as it could redeem at the end. */
  readonly redeemed: number;
  /** On the hour. */
  readonly equity: readonly EquityPoint[];
  /** At the path's last block: the options still in the book, and the delta of the venues, ETH. */
  readonly left: { readonly options: number; readonly hedge: number };
}

export interface Refusal {
  readonly reason: string;
  readonly blocks: number;
}

export interface HedgingCost {
  /** USD of every transaction mined for the keeper, and its gas units. */
  readonly gas: number;
  readonly gasUnits: number;
  /** USD paid to the pool. */
  readonly fee: number;
  /** USD lost against the oracle price beyond the fee; negative where the pool was better than the oracle. */
  readonly slippage: number;
  /** The three together. */
  readonly total: number;
}

export interface Performance {
  /** USD from the first block to the last, after all costs. */
  readonly pnl: number;
  /** Standard deviation of its hourly changes, USD; gas is paid by the operator and is not in them. */
  readonly hourlyDeviation: number;
}

/** The end of a series for the one who bought it. */
export interface Claimed extends SeriesTerms {
  /** USD. */
  readonly settlementPrice: number;
  /** USDC with 6 decimals, as whole numbers in text: what the terms promise at that price, and what arrived. */
  readonly owed: string;
  readonly received: string;
}

/** USD at one moment: the vault as it is, and as it would be had it never hedged. */
export interface EquityPoint {
  readonly timestamp: number;
  readonly hedged: number;
  readonly unhedged: number;
}

/** Claims that brought exactly what the terms promise. */
export function paidToTheUnit({ claims }: RunReport): number {
  return claims.filter(({ owed, received }) => owed === received).length;
}
