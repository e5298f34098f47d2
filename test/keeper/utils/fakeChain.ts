import { keccak256, numberToHex, toHex, type Hash, type Hex } from "viem";

import { createChainClient } from "../../../keeper/chain/client.ts";
import type { Head } from "../../../keeper/chain/head.ts";
import type { Reorg } from "../../../keeper/chain/headTracker.ts";
import { FaultyProvider, type Provider } from "./faultyProvider.ts";

/** What a lane sees of a chain: one account's nonce and balance, receipts, and whatever was sent. All of it is set by the test. */
export class FakeChain implements Provider {
  count = 0n;
  balance = 10n ** 18n;
  /** Raw transactions, in the order they came. */
  readonly sent: Hex[] = [];
  readonly #receipts = new Map<Hash, object>();
  readonly provider = new FaultyProvider(this);
  readonly client = createChainClient({ provider: this.provider as never });

  /** Has a transaction mined. @param block Its number; its hash follows from it unless `branch` says otherwise. */
  mine(transactionHash: Hash, block: bigint, branch = "main", status: "0x1" | "0x0" = "0x1"): void {
    const where = { blockNumber: numberToHex(block), blockHash: hashOf(block, branch) };
    this.#receipts.set(transactionHash, {
      ...{ transactionHash, ...where, transactionIndex: "0x0", status, type: "0x2" },
      ...{ gasUsed: "0x5208", cumulativeGasUsed: "0x5208", effectiveGasPrice: "0x1", logsBloom: "0x" },
      ...{ from: `0x${"11".repeat(20)}`, to: `0x${"22".repeat(20)}`, contractAddress: null, logs: [] },
    });
  }

  unmine(transactionHash: Hash): void {
    this.#receipts.delete(transactionHash);
  }

  async request({ method, params }: { method: string; params?: unknown }): Promise<unknown> {
    const [first] = (params ?? []) as [Hex];
    switch (method) {
      case "eth_getTransactionCount":
        return numberToHex(this.count);
      case "eth_getBalance":
        return numberToHex(this.balance);
      case "eth_getTransactionReceipt":
        return this.#receipts.get(first) ?? null;
      case "eth_sendRawTransaction":
        this.sent.push(first);
        return keccak256(first);
      case "eth_getTransactionByHash":
        // Nobody here asks for one that was taken.
        return null;
      case "eth_getBlockByNumber":
        return { number: first, hash: hashOf(BigInt(first), "main"), transactions: [] };
      default:
        throw new Error(`The fake chain has no ${method}.`);
    }
  }
}

/** The head at a number, twelve seconds after the one before it. */
export function headAt(number: bigint, branch = "main"): Head {
  return {
    ...{ number, hash: hashOf(number, branch), parentHash: hashOf(number - 1n, branch) },
    ...{ timestamp: 1_700_000_000n + 12n * number, baseFeePerGas: 10n ** 9n },
  };
}

/** A reorg that has taken `dropped`, and left the block `ancestor` standing. */
export function reorgTo(ancestor: bigint, dropped: readonly Head[] = []): Reorg {
  return { depth: 1, ancestor, dropped, pastFinality: false };
}

function hashOf(number: bigint, branch: string): Hash {
  return keccak256(toHex(`${branch} ${String(number)}`));
}
