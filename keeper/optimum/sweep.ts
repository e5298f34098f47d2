import { certainty } from "./certainty.ts";
import type { HedgeGrid } from "./hedgeGrid.ts";
import type { Lattice } from "./lattice.ts";
import type { HedgingProblem } from "./problem.ts";

/** Where |A·(difference)| is less, the series of a step's certainty equivalent is exact to a double's digits in the sum. */
const SMALL = 0.05;

/** A node for which the value of its hedges is asked. */
export interface SweepNode {
  readonly step: number;
  /** Log price in units of dx. */
  readonly j: number;
  /** Of the node in arrays over all nodes. */
  readonly node: number;
  /** Lots of the least hedge. */
  readonly base: number;
}

/**
 * Turns, at one node, the value of waiting one step with each hedge into the value of having that hedge: what a rule, or the
 * optimum, makes of it. Values are USD of friction still to come; both arrays have one entry per hedge of the grid.
 */
export type Choose = (node: SweepNode, waiting: Float64Array, value: Float64Array) => void;

/**
 * Certainty-equivalent friction of hedging from each node to the end, backwards over the lattice.
 *
 * With d = hedge + delta, the residual, a step to the prices S± from S loses −d·(S± − S), so that waiting is worth
 *
 *     C(y) = (1/A)·ln Σ± p±·exp(A·(J±(y) − d·(S± − S)))
 *
 * with J± the values at the two nodes after. A hedge beyond their grids is worth the grid's end and the fee to there.
 *
 * @param keep Called with the values of each node, in case somebody needs more than those of the first.
 * @returns The values at the first node.
 */
export function sweep(
  problem: HedgingProblem,
  lattice: Lattice,
  grid: HedgeGrid,
  choose: Choose,
  keep?: (node: number, value: Float64Array) => void,
): Float64Array {
  const { riskAversion: A, feeRate, steps } = problem;
  const { levels, up, spot, delta } = lattice;
  const { lot, size, base } = grid;
  const down = 1 - up;
  // Cumulants of the step's Bernoulli variable: κ2/2, κ3/6, κ4/24.
  const c2 = (up * down) / 2;
  const c3 = (up * down * (1 - 2 * up)) / 6;
  const c4 = (up * down * (1 - 6 * up * down)) / 24;
  const widest = Math.max(...levels.map(({ top }) => top)) + 1;
  let after = new Float64Array(widest * size);
  let now = new Float64Array(widest * size);
  const waiting = new Float64Array(size);

  for (let n = steps - 1; n >= 0; n--) {
    const { top, offset } = levels[n]!;
    const next = levels[n + 1]!;
    for (let i = 0; i <= top; i++) {
      const j = 2 * i - top;
      const node = offset + i;
      const iUp = Math.min(next.top, (j + 1 + next.top) >> 1);
      const iDown = Math.max(0, (j - 1 + next.top) >> 1);
      const S = spot(j);
      const rise = spot(j + 1) - S;
      const fall = spot(j - 1) - S;
      const feeUp = feeRate * lot * spot(j + 1);
      const feeDown = feeRate * lot * spot(j - 1);
      const first = base[node]!;
      const toUp = first - (n + 1 < steps ? base[next.offset + iUp]! : first);
      const toDown = first - (n + 1 < steps ? base[next.offset + iDown]! : first);
      const rowUp = iUp * size;
      const rowDown = iDown * size;
      for (let k = 0; k < size; k++) {
        const d = (first + k) * lot + delta[node]!;
        const kUp = k + toUp;
        const kDown = k + toDown;
        let a = -d * rise;
        if (kUp < 0) a += after[rowUp]! - feeUp * kUp;
        else if (kUp >= size) a += after[rowUp + size - 1]! + feeUp * (kUp - size + 1);
        else a += after[rowUp + kUp]!;
        let b = -d * fall;
        if (kDown < 0) b += after[rowDown]! - feeDown * kDown;
        else if (kDown >= size) b += after[rowDown + size - 1]! + feeDown * (kDown - size + 1);
        else b += after[rowDown + kDown]!;
        const x = A * (a - b);
        waiting[k] =
          x < SMALL && x > -SMALL
            ? up * a + down * b + (x * x * (c2 + x * (c3 + x * c4))) / A
            : certainty(A, up, a, b);
      }
      const value = now.subarray(i * size, (i + 1) * size);
      choose({ step: n, j, node, base: first }, waiting, value);
      keep?.(node, value);
    }
    [after, now] = [now, after];
  }
  return after.slice(0, size);
}
