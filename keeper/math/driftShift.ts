import type { BandLevels, ImpulseModel } from "./impulseBand.ts";
import { bandCost } from "./bandCost.ts";

/** How far to move the thresholds of |d| for a drift, ETH: acting levels by `act`, landing levels by `land`, all signed alike. */
export interface DriftShift {
  readonly act: number;
  readonly land: number;
}

/**
 * The shift of the four thresholds when the residual also drifts, `dd = mu dt + a dW` (decay of delta with time):
 *
 *     db = mu·(V(b) − V̄)/(c − h·b²),    dt = mu·(V(t) − V̄)/(c − h·t²),    V̄ the mean of V over [t, b]
 *
 * to first order in mu. Where the drift brings delta back by itself one waits longer, where it carries it away one acts sooner.
 * `V(d) = c·d²/a2 − h·d⁴/(6·a2)`; nothing is shifted without diffusion, where the expansion has no meaning.
 *
 * @param mu ETH per year.
 */
export function driftShift(model: ImpulseModel, levels: BandLevels, mu: number): DriftShift {
  const { a2, h } = model;
  const { b, t } = levels;
  if (a2 === 0 || !(b > t)) return { act: 0, land: 0 };
  const { c } = bandCost(model, levels);
  const value = (d: number): number => (d * d * (c - (h * d * d) / 6)) / a2;
  const integral = (d: number): number => (d ** 3 * (c / 3 - (h * d * d) / 30)) / a2;
  const mean = (integral(b) - integral(t)) / (b - t);
  return {
    act: (mu * (value(b) - mean)) / (c - h * b * b),
    land: (mu * (value(t) - mean)) / (c - h * t * t),
  };
}
