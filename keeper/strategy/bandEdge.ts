import type { DecisionBand } from "./types.ts";

/** The drift, ETH, from which on a band acts: at its lower (−1) or its upper edge (1). */
export function edgeOf({ b, centre, lean = 0 }: DecisionBand, side: 1 | -1): number {
  return centre + lean + side * b;
}
