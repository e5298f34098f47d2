import { sql } from "kysely";

/** Unix seconds of the database's clock: processes on several machines share one. */
export const unixNow = sql<bigint>`floor(extract(epoch from clock_timestamp()))::bigint`;
