import type { BandLevels, ImpulseModel } from "./impulseBand.ts";
import { tradeCost } from "./impulseBand.ts";
import type { WaitingShape } from "./waitingValue.ts";

/** Points at which the value of waiting is looked at. */
const POINTS = 160;

/** Where a band acts and where it lands, ETH of drift: `low < lowTarget <= highTarget < high`. */
export interface Thresholds {
  readonly low: number;
  readonly lowTarget: number;
  readonly highTarget: number;
  readonly high: number;
}

/** A part of a book expires, and the rest stays. */
export interface ExpiryStep {
  /** Of the rest, at the expiry. */
  readonly model: ImpulseModel;
  readonly levels: BandLevels;
  readonly shape: WaitingShape;
  /** Years until the part expires, above 0. */
  readonly tau: number;
  /** Delta of the part now, ETH: what drift will have lost when it has expired. */
  readonly step: number;
}

/**
 * The band of one who trades now or not until a part of the book has expired.
 *
 * Delta of that part is there now and gone then: a hedge of it is bought and sold again. With a residual y carried until then,
 * what is still to come is
 *
 *     W(y) = h·tau·y² + V(y − step),    V the value of waiting of the rest's own band, past its edges V(t) + K
 *
 * so that purchases land where W + ell·y is least, sales where W − ell·y is, and either waits while W is no more than that trade
 * and W after it. Without a rest W is h·tau·y², and this is `expiryFloor`'s w0 and t0.
 */
export function stepThresholds({ model, levels, shape, tau, step }: ExpiryStep): Thresholds {
  const { h, G, ell, kappa } = model;
  const { b, t } = levels;
  const { p, q } = shape;
  const inside = (x: number): number => x * x * (p - q * x * x);
  const worth = (y: number): number => {
    const x = Math.abs(y - step);
    return h * tau * y * y + (x <= b ? inside(x) : inside(t) + tradeCost(model, x - t));
  };
  const reach = b + Math.abs(step) + Math.sqrt(G / (h * tau + p));
  const spacing = (2 * reach) / POINTS;
  const grid = Array.from({ length: POINTS + 1 }, (_, i) => -reach + i * spacing);
  const values = grid.map(worth);

  /** On one side: +1 sells from above. */
  const side = (sign: 1 | -1): { edge: number; target: number } => {
    let least = Infinity;
    let at = 0;
    for (const [i, y] of grid.entries()) {
      const marginal = values[i]! - sign * ell * y;
      if (marginal < least) {
        least = marginal;
        at = i;
      }
    }
    let i = at;
    const target = grid[at]!;
    for (; i >= 0 && i <= POINTS; i += sign) {
      const w = Math.abs(grid[i]! - target);
      if (values[i]! > values[at]! + G + w * (ell + kappa * w)) break;
    }
    return { edge: grid[Math.max(0, Math.min(POINTS, i))]!, target };
  };
  const [below, above] = [side(-1), side(1)];
  return {
    low: below.edge,
    lowTarget: below.target,
    highTarget: Math.max(below.target, above.target),
    high: above.edge,
  };
}
