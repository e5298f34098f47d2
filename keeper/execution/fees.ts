/** What a transaction offers for its gas, wei (EIP-1559). */
export interface Fees {
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
}

export interface FeePolicy {
  /** Wei. */
  readonly priorityFeePerGas: bigint;
  /** Wei; null for no cap. */
  readonly maxBaseFeePerGas: bigint | null;
}

/** Nodes replace a pending transaction only for a rise of both fees by at least 10 %; this is the usual 12.5 %. */
const BUMP_NUMERATOR = 9n;
const BUMP_DENOMINATOR = 8n;

/**
 * Room for the base fee to double, which takes at least six full blocks, and the tip on top. A cap on the base fee
 * caps the room too, and nothing is offered above `ceiling`, what the transaction is worth.
 * @param ceiling Wei a unit of gas.
 */
export function feesFor(
  baseFeePerGas: bigint,
  { priorityFeePerGas, maxBaseFeePerGas }: FeePolicy,
  ceiling: bigint,
): Fees {
  const room = 2n * baseFeePerGas;
  // A limit or margin call is sent above the cap, and must still be able to be mined now.
  const capped =
    maxBaseFeePerGas === null ? room : min(room, max(maxBaseFeePerGas, (baseFeePerGas * 9n) / 8n));
  const maxFeePerGas = min(capped + priorityFeePerGas, ceiling);
  return { maxFeePerGas, maxPriorityFeePerGas: min(priorityFeePerGas, maxFeePerGas) };
}

/**
 * The fees with which a transaction can take the place of one that offered `previous`, or null when that is more than it
 * is worth.
 * @param ceiling Wei a unit of gas.
 */
export function feesToReplace(previous: Fees, wanted: Fees, ceiling: bigint): Fees | null {
  const bump = (fee: bigint) => (fee * BUMP_NUMERATOR + BUMP_DENOMINATOR - 1n) / BUMP_DENOMINATOR;
  const maxPriorityFeePerGas = max(wanted.maxPriorityFeePerGas, bump(previous.maxPriorityFeePerGas));
  const maxFeePerGas = max(wanted.maxFeePerGas, bump(previous.maxFeePerGas));
  return maxFeePerGas > ceiling ? null : { maxFeePerGas, maxPriorityFeePerGas };
}

/** Whether a block of this base fee can hold a transaction that offers `maxFeePerGas`. */
export function isMinable({ maxFeePerGas }: Pick<Fees, "maxFeePerGas">, baseFeePerGas: bigint): boolean {
  return maxFeePerGas >= baseFeePerGas;
}

function max(...values: readonly bigint[]): bigint {
  return values.reduce((a, b) => (a > b ? a : b));
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
