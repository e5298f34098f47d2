import { nonNegative, positive } from "../math/policyInputError.ts";

/** Gas that reverts to its median: USD for a trade, the law of its logarithm, and the band it would have alone. */
export interface GasTiming {
  /** What a trade costs in gas now, USD. */
  readonly gas: number;
  /** What it costs at the median gas price, USD. */
  readonly median: number;
  /** Stationary standard deviation of the logarithm of the gas price. */
  readonly s: number;
  /** Speed at which the logarithm reverts, 1/years: ln 2 over its half-life. */
  readonly k: number;
  /** Trigger of the band at the median gas, ETH. */
  readonly b: number;
  /** Variance of the residual delta, ETH² per year. */
  readonly a2: number;
}

/** The gas is never taken for more than this many times dearer or cheaper than it is: what follows stays finite. */
const MOST = 1e6;

/**
 * The fixed cost to compute the bands with when gas may fall: G·(G/G*)^(p − 1), with rho = k·b²/a², p = (1 + rho)^0.3 and
 * G* = median·exp(s·(0.2 − 0.36·ln rho)). Dear gas is taken for dearer, so the band is wider and waits; cheap gas for
 * cheaper, so it is used. The trade itself pays G. rho is how often gas reverts in the time delta takes to cross the band:
 * at 0 gas stays what it is and the answer is G. A fit to the exact solution in two dimensions (mean regret 0.3 %).
 * @returns USD.
 * @throws PolicyInputError when the median is not above 0 or another parameter is negative or not finite.
 */
export function effectiveGas({ gas, median, s, k, b, a2 }: GasTiming): number {
  nonNegative("gas", gas);
  positive("median", median);
  nonNegative("s", s);
  const crossing = nonNegative("b", b) ** 2 / nonNegative("a2", a2);
  const rho = nonNegative("k", k) * crossing;
  // Gas that does not move, a book that does not: nothing to wait for.
  if (s === 0 || gas === 0 || !(rho > 0 && rho < Infinity)) return gas;
  const star = Math.log(median) + s * (0.2 - 0.36 * Math.log(rho));
  const exponent = ((1 + rho) ** 0.3 - 1) * (Math.log(gas) - star);
  return gas * Math.exp(Math.max(-Math.log(MOST), Math.min(Math.log(MOST), exponent)));
}
