import { bestSales } from "./bestSales.ts";
import type { Lattice } from "./lattice.ts";
import type { HedgeGrid } from "./hedgeGrid.ts";
import type { HedgingProblem } from "./problem.ts";
import { sweep } from "./sweep.ts";

/** What the optimum does at each node, in lots: outside (low, high) it trades to the target of that side. */
export interface OptimalPolicy {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly lowTarget: Int32Array;
  readonly highTarget: Int32Array;
}

export interface Optimum {
  /** Certainty-equivalent friction from the start, the first hedge in place, USD. */
  readonly friction: number;
  readonly policy: OptimalPolicy;
  /** The value of every hedge at every node but the last level's, USD: `values[node·size + k]`. */
  readonly values: Float32Array | null;
}

/**
 * The least certainty-equivalent friction any rule can reach on the lattice, by dynamic programming: at each node the value of a
 * hedge is the lesser of waiting with it and of the best trade from it. It is exact for the discrete problem.
 */
export function solveOptimum(
  problem: HedgingProblem,
  lattice: Lattice,
  grid: HedgeGrid,
  keepValues = false,
): Optimum {
  const { gasUsd, feeRate, kappa } = problem;
  const { size, lot } = grid;
  const inner = lattice.levels.at(-1)!.offset;
  const policy: OptimalPolicy = {
    low: new Int32Array(inner),
    high: new Int32Array(inner),
    lowTarget: new Int32Array(inner),
    highTarget: new Int32Array(inner),
  };
  const values = keepValues ? new Float32Array(inner * size) : null;
  const impact = kappa * lot * lot;
  const targets = new Int32Array(size);
  const mirrored = new Float64Array(size);

  const start = sweep(
    problem,
    lattice,
    grid,
    ({ j, node, base }, waiting, value) => {
      const fee = feeRate * lattice.spot(j) * lot;
      value.set(waiting);
      policy.high[node] = base + size;
      policy.low[node] = base - 1;
      bestSales(waiting, fee, impact, targets);
      for (let k = size - 1; k > 0; k--) {
        const to = targets[k]!;
        const traded = waiting[to]! + gasUsd + (k - to) * (fee + impact * (k - to));
        if (traded >= value[k]!) continue;
        value[k] = traded;
        policy.high[node] = base + k;
        policy.highTarget[node] = base + to;
      }
      // Purchases are sales seen from above.
      for (let k = 0; k < size; k++) mirrored[k] = waiting[size - 1 - k]!;
      bestSales(mirrored, fee, impact, targets);
      for (let k = 0; k < size - 1; k++) {
        const to = size - 1 - targets[size - 1 - k]!;
        const traded = waiting[to]! + gasUsd + (to - k) * (fee + impact * (to - k));
        if (traded >= value[k]!) continue;
        value[k] = traded;
        policy.low[node] = base + k;
        policy.lowTarget[node] = base + to;
      }
    },
    values === null ? undefined : (node, value) => values.set(value, node * size),
  );
  return { friction: start[(size - 1) / 2]!, policy, values };
}
