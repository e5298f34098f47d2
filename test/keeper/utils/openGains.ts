import type { Database } from "../../../keeper/store/database.ts";
import type { Subject } from "../../../keeper/store/journal.ts";

/** The gains of a vault that are still counted, oldest first, as the table has them. */
export async function openGains(database: Database, { chainId, vault }: Subject) {
  return database.db
    .selectFrom("gains")
    .selectAll()
    .where("chain_id", "=", BigInt(chainId))
    .where("vault", "=", vault)
    .where("closed_at", "is", null)
    .orderBy("execution_id")
    .execute();
}
