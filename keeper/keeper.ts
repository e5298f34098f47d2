import type { Address } from "viem";

import type { Head } from "./chain/head.ts";
import type { Reorg } from "./chain/headTracker.ts";
import type { VaultMode } from "./fleet/status.ts";
import { NonceLane, type LaneOptions } from "./execution/lane.ts";
import type { Settlement } from "./execution/settlement.ts";
import { VaultKeeper, type Cycle, type VaultKeeperOptions } from "./vaultKeeper.ts";

export interface KeeperOptions
  extends
    Omit<VaultKeeperOptions, "account" | "journal">,
    Omit<LaneOptions, "chainId" | "priorityFeePerGas"> {}

/** What one block brought, to the lane and to the vault. */
export interface KeeperCycle extends Cycle {
  /** The end of an earlier transaction that this block showed. */
  readonly settled: Settlement | null;
}

/** One vault on a lane of its own, driven block by block by whoever calls it. */
export interface Keeper {
  /** One whole cycle at a block. Throws what RPC or journal throw. */
  onBlock(head: Head, reorg?: Reorg | null, mode?: VaultMode): Promise<KeeperCycle>;
  /** Looks after what is pending, without a decision. @returns What ended. */
  settle(head: Head): Promise<Settlement | null>;
  /** Whether a transaction is pending that can still take effect. */
  isAwaiting(head: Head): boolean;
}

/** Builds a keeper and takes up what an earlier run left open. */
export async function createKeeper(options: KeeperOptions): Promise<Keeper> {
  const { deployment, signer } = options;
  const vault = new VaultKeeper({ ...options, account: signer.address });
  const { priorityFeePerGas } = options.fees;
  const lane = new NonceLane({ ...options, chainId: deployment.chainId, priorityFeePerGas });
  await lane.reconcile();
  return {
    async onBlock(head, reorg = null, mode = "live") {
      const settled = endOf(vault.subject.vault, await lane.onHead(head, reorg));
      return { settled, ...(await vault.onBlock(head, { mode, lane })) };
    },
    async settle(head) {
      return endOf(vault.subject.vault, await lane.onHead(head, null));
    },
    isAwaiting(head) {
      const slot = lane.slotOf(vault.subject.vault);
      return slot !== null && !slot.isSpent(head.timestamp, null);
    },
  };
}

function endOf(vault: Address, settlements: readonly Settlement[]): Settlement | null {
  return (
    settlements.find(({ attempt, outcome }) => attempt.vault === vault && outcome.status !== "sent") ?? null
  );
}
