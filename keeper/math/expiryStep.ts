import { tradeCost, type BandLevels, type ImpulseModel } from "./impulseBand.ts";
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
 * and W after it. Both are looked for on a grid and refined between its points, so that they move with the market and do not jump.
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
    const target = vertexNear(at, sign);
    const best = worth(target) + G;
    let before = -G;
    for (let i = at + sign; i >= 0 && i <= POINTS; i += sign) {
      const w = Math.abs(grid[i]! - target);
      const excess = values[i]! - best - w * (ell + kappa * w);
      // On the line between this point and the one before.
      if (excess > 0) return { edge: grid[i]! - (sign * spacing * excess) / (excess - before), target };
      before = excess;
    }
    return { edge: sign * reach, target };
  };
  /** The least of W ∓ ell·y near a grid point, by the parabola through it and its neighbours. */
  const vertexNear = (at: number, sign: 1 | -1): number => {
    if (at === 0 || at === POINTS) return grid[at]!;
    const [left, middle, right] = [at - 1, at, at + 1].map((i) => values[i]! - sign * ell * grid[i]!) as [
      number,
      number,
      number,
    ];
    const bend = left - 2 * middle + right;
    return bend > 0 ? grid[at]! + (spacing * (left - right)) / (2 * bend) : grid[at]!;
  };
  const [below, above] = [side(-1), side(1)];
  return {
    low: below.edge,
    lowTarget: below.target,
    highTarget: Math.max(below.target, above.target),
    high: above.edge,
  };
}
