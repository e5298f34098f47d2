import type { Secret } from "../../../keeper/config/secret.ts";
import { openDatabase, type Database } from "../../../keeper/store/database.ts";
import { emptyDatabase } from "./emptyDatabase.ts";
import { sharedServer } from "./postgres.ts";

export const ENGINES = ["pglite", "postgres"] as const;

/** What a suite has of an engine. */
export interface EngineFixture {
  readonly engine: (typeof ENGINES)[number];
  /** The suite's own database; empty before each test. */
  readonly database: Database;
  /** Where it is, for opening it again; in memory there is no again. */
  readonly url: Secret | undefined;
}

/** Declares a suite once for each engine; PostgreSQL's is skipped where there is none. */
export function describeEngines(title: string, tests: (fixture: EngineFixture) => void): void {
  for (const engine of ENGINES) {
    describe(`${title}, on ${engine}`, function () {
      this.timeout(20_000);
      let database: Database;
      let url: Secret | undefined;
      before(async function () {
        if (engine === "postgres") {
          const server = await sharedServer();
          if (server === null) this.skip();
          url = await server.createDatabase();
        }
        database = await openDatabase(url === undefined ? {} : { url });
      });
      beforeEach(() => emptyDatabase(database));
      after(() => (database as Database | undefined)?.close());
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
