import { sql } from "kysely";

import type { Database } from "../../../keeper/store/database.ts";

/** Takes every row out of the store: opening a new one takes longer than most tests do. */
export async function emptyDatabase(database: Database): Promise<void> {
  await sql`truncate decisions, executions, leases, activations, pauses, gains, alerts`.execute(database.db);
}
