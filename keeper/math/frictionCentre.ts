import type { DeltaAt } from "./effectiveGamma.ts";

/** The inner node of 5-point Gauss–Hermite, in standard deviations. */
const NODE_1 = 1.3556261799742659;

/**
 * The factor on variance at which to take the delta of a book of one sign of gamma: `1 + nu` when it is net short, `1 − nu`
 * when net long, `nu = 2c/(sigma²·S²·|gamma|)`, at most 1.
 *
 * Hedging a short book costs c a year on top of what its gamma earns or pays, as if volatility were that much higher.
 *
 * @param c cost rate of the band, USD per year. @param gamma net gamma, ETH per USD.
 */
export function frictionVariance(c: number, gamma: number, spot: number, sigma: number): number {
  if (gamma === 0) return 1;
  const nu = Math.min(1, (2 * c) / (sigma * sigma * spot * spot * Math.abs(gamma)));
  return gamma < 0 ? 1 + nu : 1 - nu;
}

/**
 * How far a book's gamma is of one sign over its horizon, from 1 (all) to 0 (delta comes back to where it was): delta one and a
 * third deviations up and down, `max(0, 2·|rise + fall|/(|rise| + |fall|) − 1)`. Continuous, so that the centre does not jump.
 *
 * The shift of `frictionVariance` is right for a book of one sign and harmful for a mixed one; this is the weight to give it.
 */
export function signPurity(deltaAt: DeltaAt, spot: number, sigma: number, horizon: number): number {
  const step = NODE_1 * sigma * Math.sqrt(horizon);
  const middle = deltaAt(spot, 0);
  const rise = deltaAt(spot * Math.exp(step), 0) - middle;
  const fall = middle - deltaAt(spot * Math.exp(-step), 0);
  const total = Math.abs(rise) + Math.abs(fall);
  return total > 0 ? Math.max(0, (2 * Math.abs(rise + fall)) / total - 1) : 0;
}
