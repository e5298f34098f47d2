import type { Secret } from "../../../keeper/config/secret.ts";
import { openDatabase, type Database } from "../../../keeper/store/database.ts";
import { emptyDatabase } from "./emptyDatabase.ts";
import { closeSharedServer, sharedServer } from "./postgres.ts";

export const ENGINES = ["pglite", "postgres"] as const;

/** What a suite has of an engine. */
export interface EngineFixture {
  readonly engine: (typeof ENGINES)[number];
  /** Empty before each test. */
  readonly database: Database;
  /** Where it is, for opening it again; what is in memory cannot be. */
  readonly url: Secret | undefined;
}

let embedded: Promise<Database> | undefined;

/**
 * Declares a suite once for each engine; PostgreSQL's is skipped where there is none. A suite has a database of its own
 * on the server, and shares the embedded one, which takes a second to start.
 */
export function describeEngines(title: string, tests: (fixture: EngineFixture) => void): void {
  // Outside of the suites, once all of the file have ended.
  after(closeSharedServer);
  after(closeEmbedded);
  for (const engine of ENGINES) {
    describe(`${title}, on ${engine}`, function () {
      this.timeout(20_000);
      let database: Database;
      let url: Secret | undefined;
      before(async function () {
        if (engine === "pglite") {
          database = await (embedded ??= openDatabase());
          return;
        }
        const server = await sharedServer();
        if (server === null) this.skip();
        url = await server.createDatabase();
        database = await openDatabase({ url });
      });
      beforeEach(() => emptyDatabase(database));
      after(() => (url === undefined ? undefined : database.close()));
      tests({
        engine,
        get database() {
          return database;
        },
        get url() {
          return url;
        },
      });
    });
  }
}

async function closeEmbedded(): Promise<void> {
  const database = embedded;
  embedded = undefined;
  await (await database)?.close();
}
