import type { BandLevels, ImpulseModel } from "./impulseBand.ts";
import { positive } from "./policyInputError.ts";

/** A band widened for an expiry, and how much of the long run is left in it. */
export interface FlooredBand extends BandLevels {
  /** (long-run b / b)³: 1 far from expiry, 0 when there is no time left to diffuse. The `curvature` of `waitingValue`. */
  readonly curvature: number;
}

/**
 * Widens the long-run band for a book that expires in `tau` years and is not renewed.
 *
 * With no gamma left the long-run band closes, but a hedge then only saves h·tau·d² until expiry, so the best is to act once,
 * at t0 + w0, and land at t0:
 *
 *     w0 = √(G/(h·tau + kappa))        t0 = (ell + 2·kappa·w0)/(2·h·tau)
 *
 * The two limits are joined by cubes: `w = (w∞³ + w0³)^⅓`, `t = (t∞³ + t0³)^⅓`, `b = t + w`.
 *
 * @throws {PolicyInputError} if tau is not finite and above 0.
 */
export function expiryFloor(model: ImpulseModel, longRun: BandLevels, tau: number): FlooredBand {
  const saved = model.h * positive("tau", tau);
  const w0 = Math.sqrt(model.G / (saved + model.kappa));
  const t0 = (model.ell + 2 * model.kappa * w0) / (2 * saved);
  const w = Math.cbrt((longRun.b - longRun.t) ** 3 + w0 ** 3);
  const t = Math.cbrt(longRun.t ** 3 + t0 ** 3);
  const b = t + w;
  return { b, t, curvature: b > 0 ? (longRun.b / b) ** 3 : 1 };
}
