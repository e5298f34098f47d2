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

  const start = sweep(
    problem,
    lattice,
    grid,
    ({ j, node, base }, waiting, value) => {
      const fee = feeRate * lattice.spot(j) * lot;
      value.set(waiting);
      // Sales, from the least hedge up: the target of a larger hedge is never below that of a smaller one.
      let target = 0;
      let high = size;
      for (let k = 1; k < size; k++) {
        const cost = (to: number) => waiting[to]! + (k - to) * (fee + impact * (k - to));
        let best = cost(target);
        for (let to = target + 1; to <= k; to++) {
          const trial = cost(to);
          if (trial > best) break;
          best = trial;
          target = to;
        }
        if (best + gasUsd < value[k]! && target < k) {
          value[k] = best + gasUsd;
          if (k < high) {
            high = k;
            policy.highTarget[node] = base + target;
          }
        }
      }
      policy.high[node] = base + high;
      target = size - 1;
      let low = -1;
      for (let k = size - 2; k >= 0; k--) {
        const cost = (to: number) => waiting[to]! + (to - k) * (fee + impact * (to - k));
        let best = cost(target);
        for (let to = target - 1; to >= k; to--) {
          const trial = cost(to);
          if (trial > best) break;
          best = trial;
          target = to;
        }
        if (best + gasUsd < value[k]! && target > k) {
          value[k] = best + gasUsd;
          if (k > low) {
            low = k;
            policy.lowTarget[node] = base + target;
          }
        }
      }
      policy.low[node] = base + low;
    },
    values === null ? undefined : (node, value) => values.set(value, node * size),
  );
  return { friction: start[(size - 1) / 2]!, policy, values };
}
