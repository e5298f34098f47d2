import type { RiskTransition } from "../risk/riskRecord.ts";
import type { DecisionReason } from "../strategy/types.ts";

/** What `keeper backtest --json` writes and the report reads. */
export interface BacktestFile {
  readonly version: 1;
  readonly made: BacktestHeader;
  readonly runs: readonly StrategyRun[];
}

export interface BacktestHeader {
  /** What the prices are. */
  readonly source: string;
  /** ISO 8601, UTC. */
  readonly from: string;
  readonly to: string;
  /** Seconds. */
  readonly step: number;
  readonly check: number;
  readonly seed: number;
  readonly paths: number;
  /** What the book is. */
  readonly book: string;
  /** What options are valued with, and what strategies expect. */
  readonly volatility: string;
  readonly expected: string;
  readonly oracle: string;
  readonly margin: string;
  /** The hard limits and whose they are, in words; absent where there are none. */
  readonly limits?: string;
  /** The risk state and whose it is, in words; absent where there is none. */
  readonly risk?: string;
  readonly costs: {
    readonly gas: string;
    readonly gasUnits: number;
    readonly feeRate: number;
    readonly kappa: number | null;
    readonly liquidity: number | null;
    readonly fundingRate: number;
    readonly blockTime: number;
  };
  readonly riskAversion: number;
}

/** One strategy on one path. */
export interface StrategyRun {
  readonly strategy: { readonly name: string; readonly params: Readonly<Record<string, number>> };
  /** As it was asked for. */
  readonly label: string;
  /** Its index; 0 for history. */
  readonly path: number;
  readonly totals: RunTotals;
  readonly series: RunSeries;
  readonly trades: readonly RunTrade[];
  /** Changes of the risk state, a thousand at most; absent where there is none, as beside the rules of others. */
  readonly risk?: readonly RiskTransition[];
}

export interface RunTotals {
  readonly trades: number;
  readonly turnoverEth: number;
  readonly gasUsd: number;
  readonly feeUsd: number;
  readonly impactUsd: number;
  readonly fundingUsd: number;
  /** What liquidations cost. */
  readonly penaltyUsd: number;
  /** Of the five above. */
  readonly costUsd: number;
  /** `optionUsd + hedgeUsd − costUsd`. */
  readonly pnlUsd: number;
  /** Change of the options' value, premiums and payouts counted. */
  readonly optionUsd: number;
  /** What the hedge made. */
  readonly hedgeUsd: number;
  /** Standard deviation of `optionUsd + hedgeUsd`, USD per root year, and what of it comes from drift: √(Σ d²·(ΔS)² / years). */
  readonly trackingStd: number;
  readonly deltaStd: number;
  /** Σ ½·A·d²·(ΔS)². */
  readonly riskUsd: number;
  /** Cost and risk. */
  readonly frictionUsd: number;
  /** ETH. */
  readonly worstDrift: number;
  readonly maxDrawdownUsd: number;
  /** Seconds with |drift| above the delta limit. */
  readonly breachSeconds: number;
  readonly liquidations: number;
  readonly steps: number;
  readonly decisions: number;
}

/** Samples at even times. */
export interface RunSeries {
  /** Unix seconds. */
  readonly time: readonly number[];
  readonly spot: readonly number[];
  /** USD since the beginning, costs paid. */
  readonly equity: readonly number[];
  /** ETH. */
  readonly drift: readonly number[];
  /** Edges of the last decision's band, ETH of drift; null for rules without one. */
  readonly low: readonly (number | null)[];
  readonly high: readonly (number | null)[];
  readonly gasGwei: readonly number[];
}

export interface RunTrade {
  /** Unix seconds at which it was filled, and at which market price. */
  readonly time: number;
  readonly spot: number;
  /** ETH. */
  readonly trade: number;
  readonly reason: DecisionReason | "liquidation";
  readonly gasUsd: number;
  readonly feeUsd: number;
  readonly impactUsd: number;
  /** Drift as decided on, ETH, and what the trade was to leave. */
  readonly before: number;
  readonly after: number;
}
