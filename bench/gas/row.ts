/** One measurement. */
export interface GasRow {
  readonly name: string;
  readonly gas: number;
  /** The most it may be, where there is a target. */
  readonly target: number | null;
  readonly met: boolean | null;
}

/** The largest deviation from a reference found, absolute. */
export interface AccuracyRow {
  readonly name: string;
  readonly error: number;
  readonly target: number;
  readonly met: boolean;
}

/** Rows in the order in which they are measured, under titles. */
export interface GasGroup {
  readonly title: string;
  readonly rows: readonly GasRow[];
}

/** What reading the gas left a second time adds to every difference of two readings. */
export const METERED = 2n;

export const TARGETS = {
  cdf: 600,
  vanilla: 3_200,
  storedBookOf16: 160_000,
  spotRebalance: 350_000,
  deposit: 250_000,
} as const;

export function gasRow(name: string, gas: bigint | number, target: number | null = null): GasRow {
  return { name, gas: Number(gas), target, met: target === null ? null : Number(gas) <= target };
}
