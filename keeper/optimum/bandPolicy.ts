import type { HedgeGrid } from "./hedgeGrid.ts";
import type { Lattice } from "./lattice.ts";
import type { HedgingProblem } from "./problem.ts";
import { sweep } from "./sweep.ts";

/** A rule at one node, in ETH of residual delta: at or beyond an edge it trades to that side's target. */
export interface BandAt {
  readonly low: number;
  readonly high: number;
  readonly lowTarget: number;
  readonly highTarget: number;
}

/**
 * Certainty-equivalent friction of a rule that is a band at every node, USD: as exact as the optimum it is compared with.
 *
 * @param bandAt The rule's band at a price (USD) and a time (years from the start).
 */
export function bandFriction(
  problem: HedgingProblem,
  lattice: Lattice,
  grid: HedgeGrid,
  bandAt: (spot: number, time: number) => BandAt,
): number {
  const { gasUsd, feeRate, kappa } = problem;
  const { lot, size } = grid;
  const start = sweep(problem, lattice, grid, ({ step, j, node, base }, waiting, value) => {
    const S = lattice.spot(j);
    const delta = lattice.delta[node]!;
    const { low, high, lowTarget, highTarget } = bandAt(S, step * lattice.dt);
    for (let k = 0; k < size; k++) {
      const d = (base + k) * lot + delta;
      const target = d >= high ? highTarget : d <= low ? lowTarget : null;
      const to =
        target === null ? k : Math.max(0, Math.min(size - 1, Math.round((target - delta) / lot) - base));
      const w = Math.abs(to - k) * lot;
      value[k] = to === k ? waiting[k]! : waiting[to]! + gasUsd + w * (feeRate * S + kappa * w);
    }
  });
  return start[(size - 1) / 2]!;
}
