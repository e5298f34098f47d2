import { expect } from "chai";

import { PGlite } from "@electric-sql/pglite";
import { sql, type Kysely } from "kysely";

import { lockDirectory, StoreLockedError } from "../../../keeper/store/directoryLock.ts";
import { openEmbedded } from "../../../keeper/store/embedded.ts";
import type { Tables } from "../../../keeper/store/schema.ts";
import { scratch } from "../utils/scratch.ts";

describe("an embedded database that cannot be readied", function () {
  this.timeout(20_000);
  const files = scratch();
  const { close } = PGlite.prototype;
  afterEach(() => {
    PGlite.prototype.close = close;
  });

  /** Opens one whose migration fails. @param closing What its end does from there on. */
  async function fail(closing: PGlite["close"]): Promise<Kysely<Tables>> {
    let db: Kysely<Tables> | undefined;
    const thrown: unknown = await openEmbedded(files.directory, async (each) => {
      db = each;
      await sql`create table half (id int)`.execute(each);
      // Not before: it is made with the help of another, which ends.
      PGlite.prototype.close = closing;
      throw new Error("a migration failed");
    }).catch((error: unknown) => error);
    expect((thrown as Error).message).to.equal("a migration failed");
    return db!;
  }

  it("is closed before its directory is given back", async () => {
    let closed = 0;
    const db = await fail(async function (this: PGlite) {
      expect(() => lockDirectory(files.directory)).to.throw(StoreLockedError, "by this process");
      closed += 1;
      await close.call(this);
    });
    expect(closed).to.equal(1);
    expect(String(await sql`select 1`.execute(db).catch((error: unknown) => error))).to.include("closed");
    lockDirectory(files.directory)();
  });

  it("says why also where it cannot be closed, and gives its directory back", async () => {
    await fail(() => Promise.reject(new Error("it is stuck")));
    lockDirectory(files.directory)();
  });
});
