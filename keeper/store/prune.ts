import { sql } from "kysely";

import type { Database } from "./database.ts";

/** Rows deleted in one statement: its locks and its write-ahead log stay small. */
const CHUNK = 5_000;
const DAY = 86_400;

/**
 * Deletes holds older than `days` by the database's clock that no execution refers to.
 * @returns How many there were.
 */
export async function prune(database: Database, days: number): Promise<number> {
  let pruned = 0;
  for (;;) {
    const { numAffectedRows } = await sql`
      delete from decisions where id in (
        select id from decisions
        where action = 'hold'
          and block_timestamp < extract(epoch from clock_timestamp()) - ${days}::double precision * ${sql.lit(DAY)}
          and not exists (select 1 from executions where executions.decision_id = decisions.id)
        order by block_timestamp limit ${sql.lit(CHUNK)}
      )`.execute(database.db);
    const deleted = Number(numAffectedRows ?? 0n);
    pruned += deleted;
    if (deleted < CHUNK) return pruned;
  }
}
