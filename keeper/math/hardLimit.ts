import type { ImpulseModel } from "./impulseBand.ts";

/**
 * Where to land, in ETH, when a limit forces action at |d| = B before the band would: the t in [0, B] that minimises the
 * long-run cost J(B, t) of `bandCost`.
 *
 * With w = B − t, `dJ/dt·(B+t)² = h·t·(B+t)²/3 + a2·(2t·G/w² − ell − 2·kappa·B)`. It increases in t, so bisection finds its
 * one root; where it is negative up to B (no fixed cost), the landing is B itself. At the optimal b it gives the optimal t.
 */
export function hardLimitLanding(model: ImpulseModel, B: number): number {
  const { a2, h, G, ell, kappa } = model;
  const slope = (t: number): number => {
    const w = B - t;
    const fixed = G === 0 ? 0 : (2 * t * G) / (w * w);
    return (h * t * (B + t) ** 2) / 3 + a2 * (fixed - ell - 2 * kappa * B);
  };
  if (!(B > 0) || slope(0) >= 0) return 0;
  if (slope(B) <= 0) return B;
  let lo = 0;
  let hi = B;
  for (let i = 0; i < 200 && hi - lo > 1e-15 * B; i++) {
    const t = (lo + hi) / 2;
    if (slope(t) < 0) lo = t;
    else hi = t;
  }
  return (lo + hi) / 2;
}
