import { sql } from "kysely";
import type { Address, Hash } from "viem";

import type { Database } from "./database.ts";
import type { Subject } from "./journal.ts";
import type { ExecutionKind } from "./schema.ts";

/** A nonce whose end the journal does not know, by the transaction that counts: the last of it. */
export interface PendingNonce {
  readonly kind: ExecutionKind;
  /** An `intent` is not signed: either it is any moment, or its process died and the next gives it up. */
  readonly status: "intent" | "signed" | "sent";
  /** The account itself where it only fills a gap between nonces. */
  readonly vault: Address;
  readonly account: Address;
  readonly nonce: bigint;
  /** Null while it is not signed. */
  readonly hash: Hash | null;
  /** Seconds since the nonce was first sent for, or taken where no node has accepted it; null where an earlier version wrote neither. */
  readonly age: number | null;
}

/**
 * Everything pending of the accounts that keep a vault or kept it, also for other vaults and for none: each holds up what comes after it.
 * The lowest nonce first.
 */
export async function pendingNonces(
  database: Database,
  { chainId, vault }: Subject,
): Promise<PendingNonce[]> {
  const chain = BigInt(chainId);
  const { rows } = await sql<PendingNonce>`
    select distinct on (account, tx_nonce)
      kind, status, vault, account, tx_nonce as nonce, hash,
      extract(epoch from clock_timestamp())::double precision
        - min(coalesce(sent_at, created_at)) over (partition by account, tx_nonce) as age
    from executions
    where chain_id = ${chain} and status in ('intent', 'signed', 'sent') and account in (
      select account from executions where chain_id = ${chain} and vault = ${vault}
      union select account from activations where chain_id = ${chain} and vault = ${vault}
    )
    order by account, tx_nonce, id desc`.execute(database.db);
  return rows;
}
