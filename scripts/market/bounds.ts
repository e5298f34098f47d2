import type { CsvRow, CsvTable } from "../../keeper/history/csv.ts";

/** What a number of a file, or of a flag, may be. */
export interface Bounds {
  readonly least: number;
  readonly most: number;
  readonly unit: string;
  /** What would fail beyond them. */
  readonly reason: string;
}

/** Below, strikes and rounds have too few digits; above, an option is more than its share of the deposits. */
export const PRICE_BOUNDS: Bounds = {
  least: 10,
  most: 100_000,
  unit: "USD",
  reason: "at which the book of the demo can be written",
};

/** How far a path may go from where it starts, up or down: the local pool holds liquidity within a tenfold move. */
export const MAX_PRICE_FACTOR = 9;

/** VolatilityOracle takes 5 to 400 per cent; below 10 the options of a short path have no gamma left to hedge. */
export const VOLATILITY_BOUNDS: Bounds = {
  least: 10,
  most: 400,
  unit: "per cent a year (54, not 0.54)",
  reason: "which the volatility oracle takes and a hedge can be found for",
};

/** A rebalance of 0.8 million gas costs 8 ETH at the most, of the 10,000 ETH the keeper has. */
export const BASE_FEE_BOUNDS: Bounds = {
  least: 1e-9,
  most: 10_000,
  unit: "gwei",
  reason: "which the accounts can pay",
};

/** @throws InputError naming row and column when the value is outside. */
export function expectWithin(
  table: CsvTable,
  row: CsvRow,
  column: string,
  value: number,
  { least, most, unit, reason }: Bounds,
): void {
  if (value >= least && value <= most) return;
  const range = `${String(least)} to ${most.toLocaleString("en-US")} ${unit}`;
  throw table.error(`${column} ${String(value)} is outside ${range}, ${reason}`, row);
}
