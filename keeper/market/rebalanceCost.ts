import type { GasPrice } from "./gasCost.ts";

/**
 * Gas that is assumed of a rebalance while nothing tells: what the dearest took that was measured, the opening of a short on Aave beside
 * eight series (bench/gas.snapshot.json), rounded up. One on the spot market takes half as much.
 */
export const ASSUMED_GAS = 830_000n;

/** What is known of the gas that a rebalance of a vault takes. Null: nothing. */
export interface KnownGas {
  /** As the last was simulated. */
  readonly simulated: bigint | null;
  /** As the newest took that the journal has. */
  readonly mined: bigint | null;
}

/** Wei that one rebalance of a vault costs now: units × (base fee + tip), of the best that is known of the units. */
export function rebalanceCost(
  { simulated, mined }: KnownGas,
  { baseFeePerGas, priorityFeePerGas }: GasPrice,
): bigint {
  return (simulated ?? mined ?? ASSUMED_GAS) * (baseFeePerGas + priorityFeePerGas);
}
