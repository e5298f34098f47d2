import {
  parseEventLogs,
  parseTransaction,
  TransactionReceiptNotFoundError,
  type Address,
  type Hash,
  type PublicClient,
  type TransactionReceipt,
} from "viem";

import { vaultAbi } from "../chain/abi.ts";
import type { JournalEvent, Outcome } from "../store/journal.ts";
import { revertReason } from "./revertReason.ts";
import type { Attempt } from "./slot.ts";

/** How a transaction of the keeper ended; or, where it is `sent`, that a reorg has taken its end back and it is pending once more. */
export interface Settlement {
  readonly attempt: Attempt;
  readonly outcome: Outcome;
}

/** The receipt of a transaction, or null while it has none. */
async function findReceipt(client: PublicClient, hash: Hash): Promise<TransactionReceipt | null> {
  try {
    return await client.getTransactionReceipt({ hash });
  } catch (error) {
    if (error instanceof TransactionReceiptNotFoundError) return null;
    throw error;
  }
}

/** The one of several transactions at one nonce that was mined, and what its receipt says; or null. */
export async function findMined(
  client: PublicClient,
  attempts: readonly Attempt[],
): Promise<Settlement | null> {
  for (const attempt of attempts) {
    const receipt = await findReceipt(client, attempt.hash);
    if (receipt === null) continue;
    const outcome = outcomeOf(receipt, attempt.vault);
    const error = outcome.status === "reverted" ? await whyReverted(client, attempt, receipt) : null;
    return { attempt, outcome: error === null ? outcome : { ...outcome, error } };
  }
  return null;
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

/**
 * Why a mined transaction reverted. Nodes do not keep the reason, so the same call is made on the state its block left
 * behind, which holds the round and the trades that went before it; what the gas limit cut short, the receipt tells.
 * @returns One line, or null when the node cannot answer or the call would pass by now.
 */
export async function whyReverted(
  client: PublicClient,
  { raw, account, vault }: Attempt,
  { gasUsed, blockHash }: TransactionReceipt,
): Promise<string | null> {
  const { data, gas, to = vault } = parseTransaction(raw);
  // A call in a call leaves its caller a 64th of the gas, so the limit itself is rarely used up.
  if (gas !== undefined && gasUsed >= gas - gas / 64n) return `ran out of gas at ${String(gas)}`;
  try {
    await client.request({
      method: "eth_call",
      params: [{ from: account, to, data }, { blockHash }] as never,
    });
    return null;
  } catch (error) {
    return revertReason(error)?.text ?? null;
  }
}
