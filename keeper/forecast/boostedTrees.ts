import { Random } from "../math/random.ts";

/** How trees are grown. */
export interface BoostingOptions {
  readonly trees: number;
  /** Splits between the root and a leaf. */
  readonly depth: number;
  /** Share of a tree's advice that is taken. */
  readonly rate: number;
  /** Fewest rows of a leaf. */
  readonly leaf: number;
  /** Share of the rows each tree sees. */
  readonly sample: number;
  readonly seed: number;
}

/** Cautious: market data are mostly noise. */
export const CAUTIOUS: BoostingOptions = { trees: 80, depth: 2, rate: 0.03, leaf: 50, sample: 0.7, seed: 1 };

/** A leaf, or a question and two further nodes. Plain data: it can be stored as JSON. */
type Tree =
  | { readonly value: number }
  | { readonly column: number; readonly cut: number; readonly low: Tree; readonly high: Tree };

export interface BoostedTrees {
  readonly base: number;
  readonly rate: number;
  readonly trees: readonly Tree[];
}

/** Quantiles a column is cut at. */
const BINS = 32;

/**
 * Stochastic gradient boosting of regression trees for squared error (Friedman 2002), split at quantiles of each column.
 * Deterministic for its seed.
 *
 * Ours, because the kept library of trees for Node (ml-cart) tries every value of every column as a cut: seconds a tree, where a race
 * grows tens of thousands.
 */
export function fitBoostedTrees(
  rows: readonly (readonly number[])[],
  targets: readonly number[],
  options: BoostingOptions = CAUTIOUS,
): BoostedTrees {
  const { trees: count, depth, rate, sample, seed } = options;
  const random = new Random(seed, "boosted trees");
  const columns = (rows[0] ?? []).map((_, column) => binned(rows, column));
  const base = targets.reduce((sum, target) => sum + target, 0) / targets.length;
  const rest = Float64Array.from(targets, (target) => target - base);
  const trees: Tree[] = [];
  for (let i = 0; i < count; i++) {
    const seen: number[] = [];
    for (let row = 0; row < rows.length; row++) if (random.uniform() < sample) seen.push(row);
    const tree = grow(columns, rest, seen, depth, options.leaf);
    trees.push(tree);
    for (const [index, row] of rows.entries()) rest[index]! -= rate * valueAt(tree, row);
  }
  return { base, rate, trees };
}

/** The model's value at one row. */
export function predictBoostedTrees({ base, rate, trees }: BoostedTrees, row: readonly number[]): number {
  return trees.reduce((sum, tree) => sum + rate * valueAt(tree, row), base);
}

interface Column {
  readonly cuts: readonly number[];
  /** By row: how many cuts are not above it. */
  readonly bins: Uint8Array;
}

function binned(rows: readonly (readonly number[])[], column: number): Column {
  const sorted = Float64Array.from(rows, (row) => row[column]!).sort();
  const quantiles = Array.from(
    { length: BINS - 1 },
    (_, k) => sorted[Math.floor(((k + 1) * rows.length) / BINS)]!,
  );
  const cuts = [...new Set(quantiles)];
  return { cuts, bins: Uint8Array.from(rows, (row) => cuts.filter((cut) => row[column]! >= cut).length) };
}

function grow(
  columns: readonly Column[],
  rest: Float64Array,
  rows: readonly number[],
  depth: number,
  leaf: number,
): Tree {
  let sum = 0;
  for (const row of rows) sum += rest[row]!;
  // One row's worth of doubt.
  const value = { value: sum / (rows.length + 1) };
  if (depth === 0 || rows.length < 2 * leaf) return value;
  let best = { gain: (sum * sum) / (rows.length + 1), column: -1, bin: 0 };
  for (const [column, { cuts, bins }] of columns.entries()) {
    const [sums, counts] = [new Float64Array(BINS), new Int32Array(BINS)];
    for (const row of rows) {
      sums[bins[row]!]! += rest[row]!;
      counts[bins[row]!]!++;
    }
    let [low, count] = [0, 0];
    for (let bin = 0; bin < cuts.length; bin++) {
      low += sums[bin]!;
      count += counts[bin]!;
      const others = rows.length - count;
      if (count < leaf || others < leaf) continue;
      const gain = low ** 2 / (count + 1) + (sum - low) ** 2 / (others + 1);
      if (gain > best.gain) best = { gain, column, bin };
    }
  }
  if (best.column < 0) return value;
  const { cuts, bins } = columns[best.column]!;
  const side = (isLow: boolean): Tree =>
    grow(
      columns,
      rest,
      rows.filter((row) => bins[row]! <= best.bin === isLow),
      depth - 1,
      leaf,
    );
  return { column: best.column, cut: cuts[best.bin]!, low: side(true), high: side(false) };
}

function valueAt(tree: Tree, row: readonly number[]): number {
  let node = tree;
  while ("column" in node) node = row[node.column]! < node.cut ? node.low : node.high;
  return node.value;
}
