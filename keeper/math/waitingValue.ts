import { tradeCost, type BandLevels, type ImpulseModel } from "./impulseBand.ts";

/** V(d) = p·d² − q·d⁴ inside a band. */
export interface WaitingShape {
  /** USD per ETH². */
  readonly p: number;
  /** USD per ETH⁴. */
  readonly q: number;
}

/** The shape of {@link waitingValue} inside a band. */
export function waitingShape(model: ImpulseModel, { b, t }: BandLevels, curvature: number): WaitingShape {
  const { a2, h, ell, kappa } = model;
  // K(w)/(b² − t²), and its limit where the band has no width.
  const P = b > t ? tradeCost(model, b - t) / ((b - t) * (b + t)) : b > 0 ? ell / (2 * b) : 0;
  // With a larger q the gain would pass the cost before b.
  const smoothest =
    b > t ? (P - (ell + 2 * kappa * (b - t)) / (2 * b)) / ((b - t) * (b + t)) : b > 0 ? P / (4 * b * b) : 0;
  const q = a2 > 0 ? curvature * Math.max(0, Math.min(h / (6 * a2), smoothest)) : 0;
  return { p: P + q * (b * b + t * t), q };
}

/** What a residual delta is worth acting on, under a band of given levels. All amounts in USD, all deltas in ETH. */
export interface WaitingValue {
  /** V(d): the cost still to come because the residual is `d` and not 0. */
  valueOfWaiting(d: number): number;
  /** V(d) − V(y), what trading from `d` to its landing point saves. Equals `cost` at |d| = b, is less inside. */
  gain(d: number): number;
  /** K(| |d| − y |), what that trade costs. */
  cost(d: number): number;
  /** |d| after the trade: t, or a point in [t, b] after a jump past b when trades have a price impact. */
  landing(d: number): number;
  /** Whether |d| has reached b (and there is something to trade). */
  acts(d: number): boolean;
}

/**
 * The value of waiting for a band {b, t}.
 *
 * Inside the band `V(d) = p·d² − q·d⁴`. For the optimal long-run band p = c/a2 and q = h/(6·a2). Near an expiry nothing has
 * time to diffuse and V is h·tau·d², so q falls to 0 with `curvature` (1 for the long run, see `expiryFloor`); p always
 * follows from `V(b) − V(t) = K(b − t)`, which is what makes gain and cost meet exactly at b:
 *
 *     V(d) − V(t) = (d² − t²)·(K(b−t)/(b² − t²) + q·(b² − d²))
 *
 * Past b the best is to act at once, so `V(d) = V(y) + K(|d| − y)`, y solving `V'(y) = ell + 2·kappa·(|d| − y)`; without
 * price impact y = t. Where that has no solution in [t, b], the trade is worth splitting and its first part lands at b.
 */
export function waitingValue(model: ImpulseModel, levels: BandLevels, curvature = 1): WaitingValue {
  const { b, t } = levels;
  const { ell, kappa } = model;
  const { p, q } = waitingShape(model, levels, curvature);
  const P = p - q * (b * b + t * t);

  const above = (d: number): number => (d * d - t * t) * (P + q * (b * b - d * d));
  const atLanding = t * t * (p - q * t * t);
  const acts = (d: number): boolean => Math.abs(d) >= b && d !== 0;

  const landing = (d: number): number => {
    const size = Math.abs(d);
    if (size <= b || kappa === 0 || b === t) return t;
    // slope(y) = V'(y) − K'(size − y) is concave: its first root is a minimum of V(y) + K(size − y), the other one is b.
    const slope = (y: number): number => 2 * y * (p - 2 * q * y * y) - ell - 2 * kappa * (size - y);
    let lo = t;
    let hi = q > 0 ? Math.min(b, Math.sqrt((p + kappa) / (6 * q))) : b;
    if (slope(lo) >= 0) return t;
    if (slope(hi) < 0) return b;
    for (let i = 0; i < 100 && hi - lo > 1e-15 * hi; i++) {
      const y = (lo + hi) / 2;
      if (slope(y) < 0) lo = y;
      else hi = y;
    }
    const throughRoot = above(hi) + tradeCost(model, size - hi);
    return throughRoot <= above(b) + tradeCost(model, size - b) ? hi : b;
  };
  const cost = (d: number): number => tradeCost(model, Math.abs(Math.abs(d) - landing(d)));

  return {
    landing,
    cost,
    acts,
    gain(d) {
      if (acts(d)) return cost(d);
      const inside = above(Math.abs(d));
      // Within rounding of b the difference could tie with the cost; the verdict is the band's.
      return Math.min(inside, belowBy(cost(d)));
    },
    valueOfWaiting(d) {
      if (!acts(d) || Math.abs(d) === b) return d * d * (p - q * d * d);
      const y = landing(d);
      return atLanding + above(y) + tradeCost(model, Math.abs(d) - y);
    },
  };
}

function belowBy(x: number): number {
  return x * (1 - Number.EPSILON);
}
