import type { Head } from "../chain/head.ts";
import type { Snapshot } from "../chain/snapshot.ts";
import { isMinable } from "./fees.ts";
import { LIFETIME } from "./rebalanceCall.ts";
import type { Slot } from "./slot.ts";

/** Seconds after which a transaction that could have been mined is offered for more. */
const PATIENCE = 36n;

/** Whether another decision may be made while this is pending: it can have no effect, has lost its block, or does not get mined. */
export function isOpen(
  slot: Slot,
  head: Head,
  { rebalanceNonce }: Pick<Snapshot, "rebalanceNonce">,
): boolean {
  return slot.isOrphaned || slot.isSpent(head.timestamp, rebalanceNonce) || isStuck(slot, head);
}

/** Whether the newest block would not have held it, or everybody has known it for a while and did not mine it. */
export function isStuck({ newest, isPublic, publicAt }: Slot, head: Head): boolean {
  if (newest === null) return true;
  const since = publicAt ?? newest.deadline - LIFETIME;
  return !isMinable(newest, head.baseFeePerGas) || (isPublic && head.timestamp - since >= PATIENCE);
}
