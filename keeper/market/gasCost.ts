import { fromWad } from "../math/units.ts";

export interface GasPrice {
  /** Wei, of the newest block. */
  readonly baseFeePerGas: bigint;
  /** Wei offered to the block's builder. */
  readonly priorityFeePerGas: bigint;
}

/**
 * USD that `gas` units cost now: units × (base fee + tip) × price of ETH.
 * @param price USDC per ETH.
 */
export function gasCost(gas: bigint, { baseFeePerGas, priorityFeePerGas }: GasPrice, price: number): number {
  return fromWad(gas * (baseFeePerGas + priorityFeePerGas)) * price;
}
