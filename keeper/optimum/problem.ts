/** An option in the book while it lives. Quantity in options on 1 ETH, negative is short. */
export interface LatticeLeg {
  readonly type: "call" | "put";
  /** USD. */
  readonly strike: number;
  readonly quantity: number;
  /** Years from the start at which it joins the book, at its value then. */
  readonly opens: number;
  /** Years from the start. */
  readonly expiry: number;
}

/**
 * To hedge a book to its last expiry at the least certainty-equivalent cost.
 *
 * The price is a geometric Brownian motion without drift, whose volatility is also the implied one. The hedge is looked at once a
 * step, moves in whole lots at `gasUsd + feeRate·S·w + kappa·w²`, starts at the book's delta and is marked, not sold, at the end.
 */
export interface HedgingProblem {
  readonly legs: readonly LatticeLeg[];
  /** USD per ETH at the start. */
  readonly spot: number;
  /** Fraction per root year. */
  readonly sigma: number;
  /** Absolute risk aversion, 1/USD. */
  readonly riskAversion: number;
  /** USD a trade. */
  readonly gasUsd: number;
  /** Fraction of the value traded. */
  readonly feeRate: number;
  /** USD per ETH². */
  readonly kappa: number;
  /** Of the lattice, and looks of the hedger. */
  readonly steps: number;
}
