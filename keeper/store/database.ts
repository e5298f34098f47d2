import type { PGlite } from "@electric-sql/pglite";
import { Kysely, PostgresDialect, sql } from "kysely";
import { Migrator } from "kysely/migration";

import type { Secret } from "../config/secret.ts";
import { checkDatabaseUrl, withoutUrl } from "./databaseUrl.ts";
import { openEmbedded } from "./embedded.ts";
import { migrations } from "./migrations.ts";
import { createMigrationPool, createPool } from "./postgres.ts";
import type { Tables } from "./schema.ts";

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
  return location.url === undefined ? openEmbedded(location.directory, begin) : openPostgres(location.url);
}

async function begin(db: Kysely<Tables>): Promise<void> {
  await migrate(db);
  // Whoever held a lease here is gone: the directory's lock says so.
  await sql`update leases set expires_at = '-infinity'`.execute(db);
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
