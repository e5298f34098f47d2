import { sql } from "kysely";

import type { Database } from "./database.ts";

/** Rows deleted in one statement: its locks and its write-ahead log stay small. */
const CHUNK = 5_000;
const DAY = 86_400;

/**
 * Deletes decisions older than `days` by the database's clock that no transaction was made of: holds, and what was only wanted, as in a
 * dry run or when it was blocked. Attempts that were blocked go with theirs; whatever was signed stays.
 * @returns How many decisions there were.
 */
export async function prune(database: Database, days: number): Promise<number> {
  const isOld = sql`block_timestamp < extract(epoch from clock_timestamp()) - ${days}::double precision * ${sql.lit(DAY)}`;
  for (let deleted = CHUNK; deleted === CHUNK;) {
    const { numAffectedRows } = await sql`
      delete from executions where id in (
        select executions.id from executions join decisions on decisions.id = executions.decision_id
        where status = 'blocked' and ${isOld}
        limit ${sql.lit(CHUNK)}
      )`.execute(database.db);
    deleted = Number(numAffectedRows ?? 0n);
  }
  let pruned = 0;
  for (;;) {
    const { numAffectedRows } = await sql`
      delete from decisions where id in (
        select id from decisions
        where ${isOld} and not exists (select 1 from executions where executions.decision_id = decisions.id)
        order by block_timestamp limit ${sql.lit(CHUNK)}
      )`.execute(database.db);
    const deleted = Number(numAffectedRows ?? 0n);
    pruned += deleted;
    if (deleted < CHUNK) return pruned;
  }
}
