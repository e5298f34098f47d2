import type { Address, Hex } from "viem";

/** A transaction to sign: type 2 with an empty access list. */
export interface Eip1559Request {
  readonly chainId: number;
  readonly nonce: number;
  readonly to: Address;
  /** Wei. */
  readonly value: bigint;
  readonly data: Hex;
  readonly gas: bigint;
  /** Wei. */
  readonly maxFeePerGas: bigint;
  /** Wei. */
  readonly maxPriorityFeePerGas: bigint;
}

/** Who signs for the keeper's account, wherever its key is. */
export interface Signer {
  readonly address: Address;
  /** The signed bytes of exactly this transaction, by exactly this account. */
  signTransaction(transaction: Eip1559Request): Promise<Hex>;
}
