import { SECONDS_PER_YEAR } from "./units.ts";

/** One tenor of a volatility surface, as `Pillar` on-chain with plain numbers. */
export interface SurfacePillar {
  /** Seconds to expiry this pillar describes. */
  readonly tenor: number;
  /** Annualised at-the-money-forward volatility, as a fraction. */
  readonly atmVol: number;
  /** Change of volatility per unit of x = ln(K/F)/√T, T in years. */
  readonly skew: number;
  /** Second derivative of volatility in x. */
  readonly curvature: number;
  /** Forward over spot. */
  readonly forwardRatio: number;
}

/** Bounds of the volatility a surface can give a strike, as on-chain. */
const MIN_SIGMA = 0.01;
const MAX_SIGMA = 5;
/** Standard deviations at the at-the-money volatility beyond which a smile is flat, as on-chain. */
const WING = 3;

/**
 * The volatility and the forward ratio a surface gives a strike; the same rules as the contract `VolatilitySurface`:
 * at-the-money total variance, skew, curvature and forward ratio linear in tenor, all flat outside, then
 * σ(K) = atm + skew·x + curvature·x²/2 with x = ln(K/F)/√T within ±3·atm and F = spot·forwardRatio, within [1 %, 500 %].
 * No pillars or no time left give zero volatility and a forward ratio of 1.
 *
 * @param pillars In rising tenor.
 * @param spot USD.
 * @param strike USD.
 * @param tauSeconds To expiry.
 */
export function surfaceVolatility(
  pillars: readonly SurfacePillar[],
  spot: number,
  strike: number,
  tauSeconds: number,
): { sigma: number; forwardRatio: number } {
  if (pillars.length === 0 || !(tauSeconds > 0)) return { sigma: 0, forwardRatio: 1 };
  const { atmVol, skew, curvature, forwardRatio } = pillarAt(pillars, tauSeconds);
  const deviation = Math.log(strike / (spot * forwardRatio)) / Math.sqrt(tauSeconds / SECONDS_PER_YEAR);
  const x = Math.min(Math.max(deviation, -WING * atmVol), WING * atmVol);
  const sigma = atmVol + x * (skew + (curvature * x) / 2);
  return { sigma: Math.min(Math.max(sigma, MIN_SIGMA), MAX_SIGMA), forwardRatio };
}

/** The surface at one tenor, between its neighbours. */
function pillarAt(pillars: readonly SurfacePillar[], tenor: number): SurfacePillar {
  const next = pillars.findIndex((pillar) => pillar.tenor >= tenor);
  if (next <= 0) return next === 0 ? pillars[0]! : pillars.at(-1)!;
  const a = pillars[next - 1]!;
  const b = pillars[next]!;
  const t = (tenor - a.tenor) / (b.tenor - a.tenor);
  const between = (from: number, to: number) => from + (to - from) * t;
  return {
    tenor,
    atmVol: Math.sqrt(between(a.atmVol ** 2 * a.tenor, b.atmVol ** 2 * b.tenor) / tenor),
    skew: between(a.skew, b.skew),
    curvature: between(a.curvature, b.curvature),
    forwardRatio: between(a.forwardRatio, b.forwardRatio),
  };
}
