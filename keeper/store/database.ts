import { setFlagsFromString } from "node:v8";

import { PGlite, types } from "@electric-sql/pglite";
import { Kysely, PGliteDialect, PostgresDialect, sql } from "kysely";
import { Migrator } from "kysely/migration";

import type { Secret } from "../config/secret.ts";
import { checkDatabaseUrl, withoutUrl } from "./databaseUrl.ts";
import { lockDirectory } from "./directoryLock.ts";
import { parseJson } from "./json.ts";
import { migrations } from "./migrations.ts";
import { createMigrationPool, createPool } from "./postgres.ts";
import type { Tables } from "./schema.ts";

// V8 of Node 24 now and then aborts the process where it frees WebAssembly code that it has compiled anew
// (nodejs/node#64500): an embedded database must not cost the keeper its life. What is not freed is a few megabytes.
setFlagsFromString("--no-wasm-code-gc");

/** Where the store lives: in a directory of this machine, on a PostgreSQL server, or, with neither, in memory. */
export type DatabaseLocation =
  | { readonly directory?: string | undefined; readonly url?: undefined }
  | { readonly directory?: undefined; readonly url: Secret };

/** What the store runs on, for what needs more of it than queries. */
export type Engine =
  { readonly name: "pglite"; readonly pglite: PGlite } | { readonly name: "postgres"; readonly url: Secret };

export interface Database {
  readonly db: Kysely<Tables>;
  readonly engine: "pglite" | "postgres";
  readonly connection: Engine;
  /** Closes the database and gives its directory back. */
  close(): Promise<void>;
}

/**
 * Opens the store and brings its schema up to date.
 *
 * The embedded database survives the death of the process, not of the machine: PGlite does not fsync. It belongs to one
 * process at a time; a PostgreSQL server may serve several.
 * Throws StoreLockedError where another process has the directory, DatabaseError where the server cannot be used.
 */
export async function openDatabase(location: DatabaseLocation = {}): Promise<Database> {
  return location.url === undefined ? openEmbedded(location.directory) : openPostgres(location.url);
}

async function openEmbedded(directory?: string): Promise<Database> {
  const unlock = directory === undefined ? () => undefined : lockDirectory(directory);
  try {
    const pglite = await PGlite.create({
      ...(directory === undefined ? {} : { dataDir: `${directory}/pgdata` }),
      // Every numeric of the schema is a whole number of wei.
      parsers: { [types.INT8]: BigInt, [types.NUMERIC]: BigInt, [types.JSONB]: parseJson },
    });
    const db = new Kysely<Tables>({ dialect: new PGliteDialect({ pglite }) });
    await migrate(db);
    // Whoever held a lease here is gone: the directory's lock says so.
    await sql`update leases set expires_at = '-infinity'`.execute(db);
    return {
      db,
      engine: "pglite",
      connection: { name: "pglite", pglite },
      async close() {
        await db.destroy();
        if (!pglite.closed) await pglite.close();
        unlock();
      },
    };
  } catch (error) {
    unlock();
    throw error;
  }
}

async function openPostgres(url: Secret): Promise<Database> {
  checkDatabaseUrl(url);
  try {
    const migrating = new Kysely<Tables>({
      dialect: new PostgresDialect({ pool: createMigrationPool(url) }),
    });
    try {
      await migrate(migrating);
    } finally {
      await migrating.destroy();
    }
  } catch (error) {
    throw withoutUrl(error, url);
  }
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: createPool(url) }) });
  return { db, engine: "postgres", connection: { name: "postgres", url }, close: () => db.destroy() };
}

async function migrate(db: Kysely<Tables>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(migrations) } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw new Error("The store could not be brought up to date.", { cause: error });
}
