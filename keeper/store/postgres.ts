import pg from "pg";

import type { Secret } from "../config/secret.ts";
import { parseJson } from "./json.ts";

/** Connections of one process: a lane each would be too many, and none waits long. */
const POOL_SIZE = 8;
/** Milliseconds. Longer than a block: signing in anew takes longer than what is asked. */
const IDLE_TIMEOUT = 60_000;
/** Milliseconds. A database that is down must fail within a block, not hang until TCP gives up. */
export const CONNECT_TIMEOUT = 3_000;
const STATEMENT_TIMEOUT = 10_000;
const LOCK_TIMEOUT = 3_000;
/** The client's own limit, for a server that is gone without a word. */
const QUERY_TIMEOUT = 15_000;
/** A process that froze inside a transaction must not keep its locks: another waits for its lease. */
const IDLE_IN_TRANSACTION_TIMEOUT = 3_000;

const PARSERS: Readonly<Record<number, (text: string) => unknown>> = {
  [pg.types.builtins.INT8]: BigInt,
  // Every numeric of the schema is a whole number of wei.
  [pg.types.builtins.NUMERIC]: BigInt,
  [pg.types.builtins.JSONB]: parseJson,
};

/** A pool whose values come out as the embedded database's do, and whose broken connections only fail what used them. */
export function createPool(url: Secret): pg.Pool {
  return harden(
    new pg.Pool({
      ...connection(url),
      max: POOL_SIZE,
      idleTimeoutMillis: IDLE_TIMEOUT,
      statement_timeout: STATEMENT_TIMEOUT,
      lock_timeout: LOCK_TIMEOUT,
      query_timeout: QUERY_TIMEOUT,
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT,
    }),
  );
}

/** A pool without limits of time, for changes of the schema: an index over months of decisions takes long. */
export function createMigrationPool(url: Secret): pg.Pool {
  return harden(new pg.Pool({ ...connection(url), max: 2 }));
}

function connection(url: Secret): pg.PoolConfig {
  return {
    connectionString: url.reveal(),
    application_name: "keel",
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    keepAlive: true,
    types: {
      getTypeParser: ((oid: number, format?: "text" | "binary") =>
        (format === "binary" ? undefined : PARSERS[oid]) ??
        pg.types.getTypeParser(oid, format as "text")) as typeof pg.types.getTypeParser,
    },
  };
}

function harden(pool: pg.Pool): pg.Pool {
  // An 'error' that nobody listens to ends the process. Idle clients report to the pool; one that is in use reports to
  // itself, and the query that was under way fails with the same error.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  return pool;
}
