import { impulseBand, marketModel } from "./impulseBand.ts";
import { nonNegative, PolicyInputError, positive } from "./policyInputError.ts";

/** Conditions under which an operator states the risk they are willing to carry. */
export interface CalibrationInput {
  /** Standard deviation of the hedged book's P&L, USD per root year. */
  readonly targetStd: number;
  /** USD per ETH. */
  readonly spot: number;
  /** Fraction per root year. */
  readonly sigma: number;
  /** Net gamma at the book's limit, ETH per USD. */
  readonly gammaCap: number;
  /** Cost of a rebalance at median gas, USD. */
  readonly gasUsd: number;
  /** Proportional cost, fraction of the value traded. */
  readonly feeRate: number;
  /** Price impact, USD per ETH². */
  readonly kappa: number;
}

/**
 * Standard deviation of the P&L that the optimal band leaves unhedged, USD per root year: `sigma·S·√((b² + t²)/6)`.
 *
 * @throws {PolicyInputError} as `marketModel` and `impulseBand`.
 */
export function trackingStd(conditions: Omit<CalibrationInput, "targetStd">, riskAversion: number): number {
  const { spot, sigma, gammaCap, gasUsd, feeRate, kappa } = conditions;
  const model = marketModel({ S: spot, sigma, gamma: gammaCap, riskAversion, gasUsd, feeRate, kappa });
  return sigma * spot * Math.sqrt(impulseBand(model).meanSquareDelta);
}

/**
 * The risk aversion A (1/USD) under which the optimal band leaves exactly `targetStd` at the given conditions.
 *
 * A is chosen once and then kept: deriving it again at every decision would pin E[d²] and turn the rule into a fixed band that
 * ignores gas and gamma. The standard deviation falls monotonically in A, by at least A^(−1/4) and at most A^(−1/2) locally, so
 * bisection in log A finds the one root to the last digit.
 *
 * @throws {PolicyInputError} if an input is not above 0 (gas and fee: not both 0, none negative).
 */
export function calibrateRiskAversion(input: CalibrationInput): number {
  const target = positive("targetStd", input.targetStd);
  const spot = positive("spot", input.spot);
  positive("sigma", input.sigma);
  positive("gammaCap", input.gammaCap);
  nonNegative("kappa", input.kappa);
  if (nonNegative("gasUsd", input.gasUsd) === 0 && nonNegative("feeRate", input.feeRate) === 0) {
    throw new PolicyInputError(
      "gasUsd",
      "gasUsd and feeRate must not both be 0: hedging without a cost carries no risk",
    );
  }
  const excess = (logA: number): number => trackingStd(input, Math.exp(logA)) - target;
  let lo = Math.log(1 / (spot * target));
  let hi = lo;
  for (let step = 1; excess(lo) < 0; step *= 2) lo = within(lo - step);
  for (let step = 1; excess(hi) > 0; step *= 2) hi = within(hi + step);
  for (let i = 0; i < 100; i++) {
    const middle = (lo + hi) / 2;
    if (middle <= lo || middle >= hi) break;
    if (excess(middle) > 0) lo = middle;
    else hi = middle;
  }
  return Math.exp((lo + hi) / 2);
}

function within(logA: number): number {
  if (Math.abs(logA) > 300) {
    throw new PolicyInputError(
      "targetStd",
      "no risk aversion in double precision reaches it at these conditions",
    );
  }
  return logA;
}
