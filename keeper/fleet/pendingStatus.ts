import type { Slot } from "../execution/slot.ts";
import type { PendingStatus } from "./status.ts";

/** How a nonce is shown by the transaction that counts; null while there is none. */
export function pendingStatus({ newest, attempts, openedAt, isPublic }: Slot): PendingStatus | null {
  if (newest === null) return null;
  const sent = attempts.map(({ sentAt }) => sentAt).filter((at) => at !== null);
  // What no node has accepted waits too, from when it was first offered.
  const since = sent[0] ?? openedAt;
  return {
    ...{ kind: newest.kind, vault: newest.vault, hash: newest.hash, nonce: newest.txNonce },
    since: since === null ? Math.floor(Date.now() / 1000) : Number(since),
    route: isPublic ? "public" : "private",
  };
}
