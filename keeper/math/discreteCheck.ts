/** −ζ(½)/√(2π): how far, in standard deviations of one step, a walk seen at intervals overshoots a level on average. */
const OVERSHOOT = 0.5826;

/**
 * The level to act at, in ETH, when the residual is looked at every `interval` years instead of all the time:
 * `b − 0.5826·a·√interval`, never below the landing point t.
 *
 * @param a standard deviation of the residual delta, ETH per root year.
 */
export function discreteCheckBand(b: number, t: number, a: number, interval: number): number {
  return Math.max(t, b - OVERSHOOT * a * Math.sqrt(interval));
}
