import type { Selectable } from "kysely";
import type { Address } from "viem";

import type { Database } from "./database.ts";
import { storableText } from "./json.ts";
import type { AlertTable } from "./schema.ts";
import { unixNow } from "./time.ts";

/** Something an operator should know. */
export interface AlertRecord {
  /** Tells this trouble from every other; while it is open, raising it again is no news. */
  readonly key: string;
  readonly name: string;
  readonly message: string;
  readonly chainId: number | null;
  readonly vault: Address | null;
}

export interface Alert extends AlertRecord {
  readonly id: bigint;
  /** Unix seconds of the database's clock, here and below. */
  readonly raisedAt: bigint;
  readonly resolvedAt: bigint | null;
  /** When somebody was told that it was raised. */
  readonly notifiedAt: bigint | null;
}

/**
 * Raises an alert; where it is open already, only its message changes.
 * @returns The alert if it is news, and then to one of several processes only; else null.
 */
export async function raise(database: Database, alert: AlertRecord): Promise<Alert | null> {
  const { chainId, ...columns } = { ...alert, message: storableText(alert.message) };
  const row = await database.db
    .insertInto("alerts")
    .values({
      ...columns,
      chain_id: chainId === null ? null : BigInt(chainId),
      raised_at: unixNow,
      resolved_at: null,
      notified_at: null,
    })
    .onConflict((conflict) => conflict.column("key").where("resolved_at", "is", null).doNothing())
    .returningAll()
    .executeTakeFirst();
  if (row !== undefined) return fromRow(row);
  await database.db
    .updateTable("alerts")
    .set({ message: columns.message })
    .where("key", "=", alert.key)
    .where("resolved_at", "is", null)
    .where("message", "!=", columns.message)
    .execute();
  return null;
}

/** @returns The alert if it was open, and then to one of several processes only; else null. */
export async function resolve(database: Database, key: string): Promise<Alert | null> {
  const row = await database.db
    .updateTable("alerts")
    .set({ resolved_at: unixNow })
    .where("key", "=", key)
    .where("resolved_at", "is", null)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? null : fromRow(row);
}

/** The alerts that are open, oldest first; of one chain, or all. */
export async function open(database: Database, chainId?: number): Promise<Alert[]> {
  const rows = await database.db
    .selectFrom("alerts")
    .selectAll()
    .where("resolved_at", "is", null)
    .$if(chainId !== undefined, (query) => query.where("chain_id", "=", BigInt(chainId!)))
    .orderBy("id")
    .execute();
  return rows.map(fromRow);
}

/** Writes down that somebody was told. */
export async function markNotified(database: Database, id: bigint): Promise<void> {
  await database.db.updateTable("alerts").set({ notified_at: unixNow }).where("id", "=", id).execute();
}

function fromRow(row: Selectable<AlertTable>): Alert {
  return {
    id: row.id,
    key: row.key,
    name: row.name,
    message: row.message,
    chainId: row.chain_id === null ? null : Number(row.chain_id),
    vault: row.vault as Address | null,
    raisedAt: row.raised_at,
    resolvedAt: row.resolved_at,
    notifiedAt: row.notified_at,
  };
}
