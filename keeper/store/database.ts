import { setFlagsFromString } from "node:v8";

import { PGlite, types } from "@electric-sql/pglite";
import { Kysely, PGliteDialect } from "kysely";
import { Migrator } from "kysely/migration";

import { lockDirectory } from "./directoryLock.ts";
import { parseJson } from "./json.ts";
import { migrations } from "./migrations.ts";
import type { Tables } from "./schema.ts";

// V8 of Node 24 now and then aborts the process where it frees WebAssembly code that it has compiled anew
// (nodejs/node#64500): an embedded database must not cost the keeper its life. What is not freed is a few megabytes.
setFlagsFromString("--no-wasm-code-gc");

export interface Database {
  readonly db: Kysely<Tables>;
  /** Closes the database and gives its directory back. */
  close(): Promise<void>;
}

/**
 * Opens the embedded database and brings its schema up to date. Without a directory it lives in memory.
 * It survives the death of the process, not of the machine: PGlite does not fsync.
 * Throws StoreLockedError where another process has the directory.
 */
export async function openDatabase(directory?: string): Promise<Database> {
  const unlock = directory === undefined ? () => undefined : lockDirectory(directory);
  try {
    const pglite = await PGlite.create({
      ...(directory === undefined ? {} : { dataDir: `${directory}/pgdata` }),
      // Every numeric of the schema is a whole number of wei.
      parsers: { [types.INT8]: BigInt, [types.NUMERIC]: BigInt, [types.JSONB]: parseJson },
    });
    const db = new Kysely<Tables>({ dialect: new PGliteDialect({ pglite }) });
    await migrate(db);
    return {
      db,
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

async function migrate(db: Kysely<Tables>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(migrations) } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw new Error("The store could not be brought up to date.", { cause: error });
}
