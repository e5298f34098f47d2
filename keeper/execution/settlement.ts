import {
  parseEventLogs,
  TransactionReceiptNotFoundError,
  type Address,
  type PublicClient,
  type TransactionReceipt,
} from "viem";

import { vaultAbi } from "../chain/abi.ts";
import type { JournalEvent, Outcome, Unsettled } from "../store/journal.ts";

/** How a transaction of the keeper ended. */
export interface Settlement {
  readonly attempt: Unsettled;
  readonly outcome: Outcome;
}

/** The receipt of a transaction, or null while it has none. */
export async function findReceipt(
  client: PublicClient,
  hash: Unsettled["hash"],
): Promise<TransactionReceipt | null> {
  try {
    return await client.getTransactionReceipt({ hash });
  } catch (error) {
    if (error instanceof TransactionReceiptNotFoundError) return null;
    throw error;
  }
}

/** What a receipt says of a rebalance: whether it took effect, what it cost, and the vault's events. */
export function outcomeOf(receipt: TransactionReceipt, vault: Address): Outcome {
  const logs = receipt.logs.filter((log) => log.address.toLowerCase() === vault.toLowerCase());
  const events: JournalEvent[] = parseEventLogs({ abi: vaultAbi, logs }).map(({ eventName, args }) => ({
    name: eventName,
    args: { ...args },
  }));
  return {
    status: receipt.status === "success" ? "confirmed" : "reverted",
    gasUsed: receipt.gasUsed,
    effectiveGasPrice: receipt.effectiveGasPrice,
    blockNumber: receipt.blockNumber,
    blockHash: receipt.blockHash,
    events,
  };
}
