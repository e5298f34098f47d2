import { setFlagsFromString } from "node:v8";

import { PGlite, types } from "@electric-sql/pglite";
import { Kysely, PGliteDialect } from "kysely";

import type { Database } from "./database.ts";
import { lockDirectory } from "./directoryLock.ts";
import { parseJson } from "./json.ts";
import type { Tables } from "./schema.ts";

// V8 of Node 24 now and then aborts the process where it frees WebAssembly code that it has compiled anew
// (nodejs/node#64500): an embedded database must not cost the keeper its life. What is not freed is a few megabytes.
setFlagsFromString("--no-wasm-code-gc");

/**
 * Opens the embedded database, in memory without a directory, and readies it before anything else uses it; where that fails the
 * directory is free again. Throws StoreLockedError where another process has it.
 */
export async function openEmbedded(
  directory: string | undefined,
  ready: (db: Kysely<Tables>) => Promise<unknown>,
): Promise<Database> {
  const unlock = directory === undefined ? () => undefined : lockDirectory(directory);
  try {
    const pglite = await PGlite.create({
      ...(directory === undefined ? {} : { dataDir: `${directory}/pgdata` }),
      // Every numeric of the schema is a whole number of wei.
      parsers: { [types.INT8]: BigInt, [types.NUMERIC]: BigInt, [types.JSONB]: parseJson },
    });
    const db = new Kysely<Tables>({ dialect: new PGliteDialect({ pglite }) });
    try {
      await ready(db);
    } catch (error) {
      // It still writes to the directory until it is closed; whoever has that next must be alone.
      await pglite.close().catch(() => undefined);
      throw error;
    }
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
