import type { RiskSettings } from "../config/riskSettings.ts";
import type { RoundRule } from "../history/chainlinkRule.ts";

/** Raise it when the engine answers the same question otherwise: kept results are those of one version. */
export const ENGINE_VERSION = 4;

/**
 * A quantity through time. With `log` what lies between two samples leans towards the next one, as the walk within a candle does towards
 * its close: it fills in, and a rule that times by it would see ahead. Times are unix seconds, rising; the first value holds before, the last after. */
export interface Series {
  readonly times: readonly number[];
  readonly values: readonly number[];
  /** `step`: a value holds until the next. `log`: evenly in logarithm from one to the next. */
  readonly between: "step" | "log";
}

/** Candles without gaps, in columns. */
export interface CandleColumns {
  readonly kind: "candles";
  /** Unix seconds of the first. */
  readonly start: number;
  /** Of each. */
  readonly seconds: number;
  readonly open: readonly number[];
  readonly high: readonly number[];
  readonly low: readonly number[];
  readonly close: readonly number[];
}

/** Prices drawn from a model: rates per year, volatilities per root year, driftless. */
export interface ModelPrices {
  readonly kind: "model";
  readonly model: "gbm" | "heston" | "jumps";
  /** Unix seconds. */
  readonly start: number;
  readonly seconds: number;
  /** USD per ETH at the start. */
  readonly spot: number;
  readonly volatility: number;
}

/** One option of a book, or many of one kind. Strikes in USD, or as parts of spot when the book is opened. */
export interface BookEntry {
  readonly type: "call" | "put";
  readonly strike?: number | undefined;
  readonly strikeRatio?: number | undefined;
  readonly cap?: number | undefined;
  readonly capRatio?: number | undefined;
  /** Options on 1 ETH; negative is short. */
  readonly quantity: number;
  /** Unix seconds, or years from when the book is opened. */
  readonly expiry?: number | undefined;
  readonly tau?: number | undefined;
  /** Its own volatility throughout; that of the market when absent. */
  readonly sigma?: number | undefined;
}

export interface BookSpec {
  readonly name: string;
  readonly entries: readonly BookEntry[];
  /** Whether what expires is opened again, for as long, at the strike that is then listed. Needs ratios and `tau`. */
  readonly rolls: boolean;
}

/** What hedging costs. */
export interface Costs {
  /** Gas units of a rebalance. */
  readonly gasUnits: number;
  readonly gasGwei: Series;
  /** Fraction of the value traded. */
  readonly feeRate: number;
  /** USD per ETH²; null: from `liquidity`. */
  readonly kappa: number | null;
  /** In-range liquidity of the pool, as it states it. */
  readonly liquidity: number | null;
  /** Of the hedge's value, a year, long or short. */
  readonly fundingRate: number;
  /** Seconds from a decision to its fill. */
  readonly blockTime: number;
}

/** The venue that is owed the ether of a short hedge. Collateral is brought to its ratio by every rebalance. */
export interface Margin {
  /** Collateral over debt after a rebalance. */
  readonly collateralRatio: number;
  /** Collateral counts that part of it. */
  readonly liquidationThreshold: number;
  /** Distance of the price to liquidation, as a part of it, below which the venue wants margin. */
  readonly trigger: number;
  /** Part of the debt that a liquidation closes, and what it costs on top, as a part of that. */
  readonly closeFactor: number;
  readonly penalty: number;
}

export interface Limits {
  readonly delta: number | null;
  readonly minDrift: number;
  readonly maxAge: number | null;
  readonly gamma: number | null;
  readonly vega: number | null;
}

/** All that a run rests on besides the strategy; plain JSON, so that any process can make the run. */
export interface Scenario {
  readonly version: typeof ENGINE_VERSION;
  readonly prices: CandleColumns | ModelPrices;
  /** Seconds between prices, and between decisions: a whole number of steps. */
  readonly step: number;
  readonly check: number;
  readonly seed: number;
  readonly book: BookSpec;
  /** What options are valued with, and with it their delta: a fraction per root year. */
  readonly implied: Series;
  /** What strategies expect spot to move with; null: the implied volatility. */
  readonly expected: Series | null;
  readonly costs: Costs;
  /** When the oracle that strategies see writes a round; null: they see the market. */
  readonly oracle: RoundRule | null;
  readonly margin: Margin | null;
  /** But for `minDrift`, of the strategies that keep to limits, as those that run live do. */
  readonly limits: Limits;
  /** By what the keeper becomes careful beside such a strategy, as the live one does; absent for a keeper without a risk state. */
  readonly risk?: RiskSettings;
  /** Absolute risk aversion A, 1/USD. */
  readonly riskAversion: number;
  /** Whether the book's delta is hedged, free of cost, where the run begins: every rule would begin so. */
  readonly startsHedged: boolean;
}
