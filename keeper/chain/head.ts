import type { Hash, PublicClient } from "viem";

/** A block, told apart from others at the same height. */
export interface BlockId {
  readonly number: bigint;
  readonly hash: Hash;
}

/** The header fields a decision needs. */
export interface Head extends BlockId {
  readonly parentHash: Hash;
  /** Unix seconds. */
  readonly timestamp: bigint;
  /** Wei. */
  readonly baseFeePerGas: bigint;
}

/** The newest block. Throws what the RPC throws. */
export async function readHead(client: PublicClient): Promise<Head> {
  const block = await client.getBlock({ blockTag: "latest", includeTransactions: false });
  if (block.baseFeePerGas === null) throw new Error("The chain has no base fee (EIP-1559).");
  const { number, hash, parentHash, timestamp, baseFeePerGas } = block;
  return { number, hash, parentHash, timestamp, baseFeePerGas };
}
