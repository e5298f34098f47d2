import type { Lattice } from "./lattice.ts";

/** The hedges considered at each node: whole lots, as many as `size`, the middle one nearest to the book's negative delta. */
export interface HedgeGrid {
  /** ETH. */
  readonly lot: number;
  /** Odd. */
  readonly size: number;
  /** Lots of the least hedge at each node of the lattice. */
  readonly base: Int32Array;
}

/** @param reach ETH to either side of the book's delta that the grid covers at least. */
export function hedgeGrid(lattice: Lattice, lot: number, reach: number): HedgeGrid {
  const half = Math.ceil(reach / lot);
  const base = Int32Array.from(lattice.delta, (delta) => Math.round(-delta / lot) - half);
  return { lot, size: 2 * half + 1, base };
}
