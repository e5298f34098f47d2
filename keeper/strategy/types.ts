/** One series of the book as a strategy sees it. Prices in USD, quantity in options on 1 ETH. */
export interface OptionLeg {
  readonly type: "call" | "put";
  readonly strike: number;
  /** Price beyond which the payout stops growing; a put's floor. */
  readonly cap: number;
  /** Unix seconds. */
  readonly expiry: number;
  /** Negative is short. */
  readonly quantity: number;
  /** Annualised volatility of this series, as a fraction. */
  readonly sigma: number;
  /** Volatility at the cap, where the surface gives it another; `sigma` when absent. */
  readonly capSigma?: number;
  /** Forward over spot to this expiry. */
  readonly forwardRatio: number;
}

/** Limits that override the band, in the units of the chain's own triggers. */
export interface HardLimits {
  /** |drift| in ETH at which to act whatever it costs. */
  readonly delta: number;
  /** |drift| in ETH below which the chain refuses a rebalance that has no other trigger. */
  readonly minDrift: number;
  /** Seconds since the last rebalance at which to act whatever it costs, if drift is at least `minDrift`. */
  readonly maxAge: number;
  /** |gamma| of the book, ETH per USD, above which the delta limit tightens (`deltaLimit`). None when absent. */
  readonly gamma?: number;
  /** |vega| of the book, USD per 1.00 of volatility, likewise. */
  readonly vega?: number;
}

/** What only some rules look at. Each is absent where nobody measured it. */
export interface Observations {
  /** USD per ETH at the last rebalance. */
  readonly lastRebalanceSpot?: number;
  /** Time-weighted mean price of the last 60 and 420 seconds, USD per ETH. */
  readonly twap60?: number;
  readonly twap420?: number;
  /** Realised volatility of the last ten minutes, fraction per root year. */
  readonly sigma600?: number;
  /** Price of gas, gwei. */
  readonly baseFeeGwei?: number | undefined;
  /** Collateral times its liquidation threshold over debt, of the venue nearest to liquidation. */
  readonly healthFactor?: number;
}

/** What a keeper that has become careful asks of a strategy beyond tighter limits. */
export interface Caution {
  /** By how much risk counts for more than the operator's own aversion has it; at least 1. */
  readonly riskAversion: number;
  /** Whether only trades count that bring drift nearer to zero without crossing it. */
  readonly reduceOnly: boolean;
}

/** Everything a decision rests on; the journal stores it, so that a recorded decision can be made again. */
export interface DecisionInput {
  /** Unix seconds of the block the snapshot was read at. */
  readonly timestamp: number;
  /** USDC per ETH. */
  readonly spot: number;
  readonly legs: readonly OptionLeg[];
  /** ETH over all venues; drift is the book's delta plus this. */
  readonly hedgeDelta: number;
  /** Volatility with which spot is expected to move, as a fraction per root year. */
  readonly sigma: number;
  /** USD a rebalance costs in gas, now. */
  readonly gasUsd: number;
  /** Proportional cost of a trade, as a fraction of its value. */
  readonly feeRate: number;
  /** Price impact: USD per ETH² traded. */
  readonly kappa: number;
  /** Seconds between decisions. */
  readonly checkInterval: number;
  /** Unix seconds, or null before the first. */
  readonly lastRebalanceAt: number | null;
  /** True when a venue wants margin now. */
  readonly marginCall: boolean;
  readonly limits: HardLimits;
  readonly observed?: Observations;
  readonly caution?: Caution;
}

export type DecisionReason =
  /** Inside the band: waiting is worth more than trading. */
  | "inside-band"
  /** At or past the band: the gain of trading is at least its cost. */
  | "gain-over-gas"
  /** At or past an edge that jitter has brought nearer this time. */
  | "jitter"
  | "delta-limit"
  /** The delta limit, tightened because the book's gamma or vega is past its own. */
  | "gamma-limit"
  | "vega-limit"
  | "margin"
  | "age"
  /** A rule without a price fired. */
  | "rule"
  /** The rule would trade, but the chain's trigger is not reached. */
  | "below-trigger"
  /** The strategy would trade, but only what reduces drift is let through. */
  | "reduce-only"
  /** Nothing to hedge: no live options and no hedge. */
  | "flat";

/**
 * A no-trade band of drift, ETH: act at or beyond `centre + lean ± b`, land at `centre ± t`, on the side one comes from.
 */
export interface DecisionBand {
  readonly b: number;
  readonly t: number;
  /** Long-run cost rate, USD per year. */
  readonly c: number;
  readonly centre: number;
  /** How much further up the edges lie than the landings; 0 when absent. */
  readonly lean?: number;
}

export interface Decision {
  readonly action: "hold" | "rebalance";
  readonly reason: DecisionReason;
  /** ETH: the book's delta plus the hedge. */
  readonly drift: number;
  /** ETH to add to the hedge; 0 on hold and on a pure margin call. */
  readonly trade: number;
  /** Null for rules without one. */
  readonly band: DecisionBand | null;
  /** USD; what acting is expected to save and to cost. Null for rules that do not price it. */
  readonly gain: number | null;
  readonly cost: number | null;
}

/** A hedging rule. Pure: same input, same decision. */
export interface Strategy {
  readonly name: string;
  /** What it was made with: with its name, enough to make it again. */
  readonly params: Readonly<Record<string, number>>;
  /** It keeps to the hard limits of its input, as all that runs live does. Rules of others, as their owners run them, know none. */
  readonly isLimited?: true;
  decide(input: DecisionInput): Decision;
  /** The same with trades of the size it has them, where jitter moves when it acts: what a trade is worth is told by this one. */
  readonly unjittered?: Strategy;
}
