import { sql } from "kysely";
import { getAddress, type Address } from "viem";

import type { Database } from "./database.ts";
import { storableText } from "./json.ts";
import type { Subject } from "./journal.ts";
import { unixNow } from "./time.ts";

/** An operator's word that a vault may be traded for, which holds for one build and one account. */
export interface Activation extends Subject {
  readonly build: string;
  readonly account: Address;
  /** Unix seconds of the database's clock. */
  readonly activatedAt: bigint;
}

/** An operator's word that a vault is to be left alone. */
export interface Pause {
  readonly reason: string;
  /** Unix seconds of the database's clock. */
  readonly pausedAt: bigint;
}

/** What operators have said about a vault. */
export interface Controls {
  readonly activation: Activation | null;
  readonly pause: Pause | null;
}

/** Lets a vault be traded for; takes the place of an earlier activation. */
export async function activate(
  database: Database,
  activation: Omit<Activation, "activatedAt">,
): Promise<void> {
  const values = { build: activation.build, account: getAddress(activation.account), activated_at: unixNow };
  await database.db
    .insertInto("activations")
    .values({ ...keyOf(activation), ...values })
    .onConflict((conflict) => conflict.columns(["chain_id", "vault"]).doUpdateSet(values))
    .execute();
}

/** Stops trading for a vault, in every process within a block; a second pause changes the reason, not the time. */
export async function pause(database: Database, subject: Subject, reason: string): Promise<void> {
  const text = storableText(reason);
  await database.db
    .insertInto("pauses")
    .values({ ...keyOf(subject), reason: text, paused_at: unixNow })
    .onConflict((conflict) => conflict.columns(["chain_id", "vault"]).doUpdateSet({ reason: text }))
    .execute();
}

/** @returns Whether it was paused. */
export async function resume(database: Database, subject: Subject): Promise<boolean> {
  const { chain_id, vault } = keyOf(subject);
  const { numDeletedRows } = await database.db
    .deleteFrom("pauses")
    .where("chain_id", "=", chain_id)
    .where("vault", "=", vault)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}

/**
 * What operators have said about each of `vaults`, in one query.
 * @returns An entry for each of them, under the address as it was given.
 */
export async function controls(
  database: Database,
  chainId: number,
  vaults: readonly Address[],
): Promise<Map<Address, Controls>> {
  if (vaults.length === 0) return new Map();
  const keys = vaults.map((vault) => getAddress(vault));
  const rows = await database.db
    .selectFrom("activations")
    .fullJoin("pauses", (join) =>
      join
        .onRef("pauses.chain_id", "=", "activations.chain_id")
        .onRef("pauses.vault", "=", "activations.vault"),
    )
    .select([
      sql<string>`coalesce(activations.vault, pauses.vault)`.as("vault"),
      "activations.build",
      "activations.account",
      "activations.activated_at",
      "pauses.reason",
      "pauses.paused_at",
    ])
    .where(sql`coalesce(activations.chain_id, pauses.chain_id)`, "=", BigInt(chainId))
    .where(sql`coalesce(activations.vault, pauses.vault)`, "in", [...new Set(keys)])
    .execute();
  const found = new Map(rows.map((row) => [row.vault, row]));
  return new Map(
    vaults.map((vault, index) => {
      const row = found.get(keys[index]!);
      const {
        build = null,
        account = null,
        activated_at = null,
        reason = null,
        paused_at = null,
      } = row ?? {};
      const activation =
        build === null || account === null || activated_at === null
          ? null
          : { vault, chainId, build, account: account as Address, activatedAt: activated_at };
      return [
        vault,
        { activation, pause: reason === null || paused_at === null ? null : { reason, pausedAt: paused_at } },
      ];
    }),
  );
}

/** Operators type addresses in any case. */
function keyOf({ chainId, vault }: Subject) {
  return { chain_id: BigInt(chainId), vault: getAddress(vault) };
}
