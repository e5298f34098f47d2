import { CompiledQuery, Kysely, PostgresDialect, sql } from "kysely";

import type { Secret } from "../config/secret.ts";
import type { Database } from "./database.ts";
import { checkDatabaseUrl, withoutUrl } from "./databaseUrl.ts";
import { openEmbedded } from "./embedded.ts";
import { migrations } from "./migrations.ts";
import { createPool } from "./postgres.ts";
import type { Tables } from "./schema.ts";

const READ_ONLY = CompiledQuery.raw("set default_transaction_read_only = on");

/**
 * Opens a store as it is, to look at it: the schema stays what it is, leases stay whose they are, and whoever tries to write is refused.
 * Throws StoreLockedError where another process has the directory, DatabaseError where the server cannot be used.
 */
export async function openToInspect(
  location: { readonly directory: string } | { readonly url: Secret },
): Promise<Database> {
  if ("url" in location) return inspectServer(location.url);
  return openEmbedded(location.directory, (db) => db.executeQuery(READ_ONLY));
}

async function inspectServer(url: Secret): Promise<Database> {
  checkDatabaseUrl(url);
  const db = new Kysely<Tables>({
    dialect: new PostgresDialect({
      pool: createPool(url),
      onCreateConnection: async (connection) => {
        await connection.executeQuery(READ_ONLY);
      },
    }),
  });
  try {
    await sql`select 1`.execute(db);
  } catch (error) {
    await db.destroy();
    throw withoutUrl(error, url);
  }
  return { db, engine: "postgres", connection: { name: "postgres", url }, close: () => db.destroy() };
}

/** How a store's schema stands to this build. */
export interface SchemaState {
  /** Changes that the next start of a keeper makes. */
  readonly pending: readonly string[];
  /** Changes that this build does not know: a newer one made them. */
  readonly unknown: readonly string[];
}

/** Compares the schema's history with this build's. Changes nothing. */
export async function schemaState({ db }: Database): Promise<SchemaState> {
  const { rows: tables } = await sql<{ found: string | null }>`
    select to_regclass('kysely_migration')::text as found`.execute(db);
  const known = Object.keys(migrations);
  if (tables[0]?.found == null) return { pending: known, unknown: [] };
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db);
  const done = rows.map(({ name }) => name);
  return {
    pending: known.filter((name) => !done.includes(name)),
    unknown: done.filter((name) => !known.includes(name)),
  };
}

/** What a PostgreSQL server is to this user. */
export interface ServerState {
  readonly version: string;
  /** Seconds that its clock is ahead of this machine's, to half the time of the question. */
  readonly clockAhead: number;
  /** A standby that only follows another server. */
  readonly isStandby: boolean;
  readonly mayCreate: boolean;
}

/** Asks a server of itself. @param now Unix seconds of this machine. */
export async function serverState({ db }: Database, now: () => number): Promise<ServerState> {
  const before = now();
  const { rows } = await sql<{ clock: number; version: string; standby: boolean; create: boolean }>`
    select extract(epoch from clock_timestamp())::double precision as clock,
      current_setting('server_version') as version,
      pg_is_in_recovery() as standby,
      has_schema_privilege(current_schema(), 'create')
        and has_database_privilege(current_database(), 'create') as create`.execute(db);
  const { clock, version, standby, create } = rows[0]!;
  const middle = (before + now()) / 2;
  return { version, clockAhead: clock - middle, isStandby: standby, mayCreate: create };
}
