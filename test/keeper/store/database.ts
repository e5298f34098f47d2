import { expect } from "chai";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";

import { PGlite } from "@electric-sql/pglite";
import { Kysely, PGliteDialect, PostgresDialect, sql } from "kysely";
import { Migrator } from "kysely/migration";
import pg from "pg";

import { Secret } from "../../../keeper/config/secret.ts";
import { openDatabase, type Database } from "../../../keeper/store/database.ts";
import { DatabaseError } from "../../../keeper/store/databaseUrl.ts";
import { Journal } from "../../../keeper/store/journal.ts";
import { startJobs } from "../../../keeper/store/jobs.ts";
import { toJson } from "../../../keeper/store/json.ts";
import { acquireLease } from "../../../keeper/store/leases.ts";
import { migrations } from "../../../keeper/store/migrations.ts";
import { silentLog } from "../../../keeper/log/logger.ts";
import { describeEngines, ENGINES } from "../utils/engines.ts";
import { ACCOUNT, decisionRecord, hold, input, LANE, trade, VAULT } from "../utils/journalRecords.ts";
import { sharedServer } from "../utils/postgres.ts";
import { PASSWORD, startServer, type Server } from "../utils/postgresServer.ts";

describeEngines("values of the database", (fixture) => {
  it("come out alike", async () => {
    const { rows } = await sql`
      select 9007199254740993::int8 as int8, ${2n ** 200n}::numeric as numeric, 0.1::float8 as float8, 7::int4 as int4,
        ${toJson({ a: 2n ** 70n, b: Infinity, c: [0.1] })}::jsonb as jsonb, null::jsonb as nothing, true as bool,
        'text' as text, to_timestamp(1.5) as time, count(*) as count`.execute(fixture.database.db);
    expect(rows).to.deep.equal([
      {
        int8: 9007199254740993n,
        numeric: 2n ** 200n,
        float8: 0.1,
        int4: 7,
        jsonb: { a: 2n ** 70n, b: Infinity, c: [0.1] },
        nothing: null,
        bool: true,
        text: "text",
        time: new Date(1500),
        count: 1n,
      },
    ]);
  });
});

describe("upgrade of a database", function () {
  this.timeout(20_000);
  for (const engine of ENGINES) {
    it(`keeps what the first version wrote, on ${engine}`, async function () {
      const directory = mkdtempSync(join(tmpdir(), "keel-upgrade-"));
      const server = engine === "postgres" ? await sharedServer() : null;
      if (engine === "postgres" && server === null) this.skip();
      const url = await server?.createDatabase();
      await writeFirstVersion(directory, url);
      const database = await openDatabase(url === undefined ? { directory } : { url });
      const journal = new Journal(database);
      try {
        const [newest, oldest] = await journal.decisions({ limit: 9 });
        expect([newest!.id, oldest!.id]).to.deep.equal([42n, 41n]);
        expect(oldest).to.deep.equal({ ...decisionRecord(hold), id: 41n, params: null, mode: "live" });
        expect(await journal.recordDecision(decisionRecord(hold))).to.equal(43n);
        const [open, ...others] = await journal.unsettled(LANE);
        expect(others).to.deep.equal([]);
        expect(open).to.include({ kind: "rebalance", route: "public", status: "sent", decisionId: 42n });
        expect([open!.raw, open!.gasLimit, open!.sentAt]).to.deep.equal(["0x02f8", 0n, null]);
        expect(await journal.recent(LANE)).to.deep.equal([]);
        expect(await journal.summary(VAULT)).to.include({ rebalances: 1, gasUsed: 400_000n });
      } finally {
        await journal.close();
        rmSync(directory, { recursive: true });
      }
    });
  }

  /** Two decisions, of which one was sent twice: confirmed, then sent. */
  async function writeFirstVersion(directory: string, url: Secret | undefined): Promise<void> {
    const pglite = url === undefined ? await PGlite.create({ dataDir: join(directory, "pgdata") }) : null;
    const db = new Kysely<Record<string, Record<string, unknown>>>({
      dialect:
        pglite === null
          ? new PostgresDialect({ pool: new pg.Pool({ connectionString: url!.reveal() }) })
          : new PGliteDialect({ pglite }),
    });
    const [name, first] = Object.entries(migrations)[0]!;
    const provider = { getMigrations: () => Promise.resolve({ [name]: first }) };
    await new Migrator({ db, provider }).migrateToLatest();
    for (const [id, decision] of [
      [41, hold],
      [42, trade],
    ] as const) {
      const { block } = decisionRecord(decision);
      await sql`insert into decisions values (${id}, ${VAULT}, 31337, ${block.number.toString()}, ${block.hash},
        ${block.timestamp.toString()}, 'optimal-impulse', ${decision.action}, ${decision.reason}, ${toJson(input)}::jsonb,
        ${toJson(decision)}::jsonb)`.execute(db);
    }
    for (const [status, nonce, gas] of [
      ["confirmed", 3, 400_000],
      ["sent", 4, null],
    ] as const) {
      await sql`insert into executions (decision_id, vault, chain_id, account, status, rebalance_nonce, tx_nonce,
        deadline, max_fee_per_gas, max_priority_fee_per_gas, raw, hash, gas_used, fee, block_number) values (42, ${VAULT},
        31337, ${ACCOUNT}, ${status}, 7, ${nonce}, 1, 2, 1, '0x02f8', '0x01', ${gas}, ${gas}, 5)`.execute(db);
    }
    await db.destroy();
  }
});

describe("database on a server", function () {
  this.timeout(30_000);
  let shared: Server;
  before(async function () {
    const server = await sharedServer();
    if (server === null) this.skip();
    shared = server;
  });

  async function refusal(promise: Promise<unknown>): Promise<string> {
    const error = await promise.then(
      () => expect.fail("It was opened."),
      (caught: unknown) => caught,
    );
    expect(error).to.be.instanceOf(DatabaseError);
    const printed = inspect(error, { depth: 10, showHidden: true }) + JSON.stringify(error);
    for (const secret of [PASSWORD, "keel-user", "a-name-of-a-database"])
      expect(printed).not.to.include(secret);
    return (error as Error).message;
  }

  it("is brought up to date by many processes at once", async () => {
    const url = await shared.createDatabase();
    const databases = await Promise.all(Array.from({ length: 8 }, () => openDatabase({ url })));
    for (const database of databases) await new Journal(database).recordDecision(decisionRecord(hold));
    await Promise.all(databases.map((database) => database.close()));
  });

  it("does not take a lease for ended because another process opens it", async () => {
    const url = await shared.createDatabase();
    const [first, second] = [await openDatabase({ url }), await openDatabase({ url })];
    const options = { key: "lane", ttl: 30, log: silentLog };
    const lease = await acquireLease(first, { ...options, holder: "a" });
    await (await openDatabase({ url })).close();
    expect(await acquireLease(second, { ...options, holder: "b" })).to.equal(null);
    await lease!.release();
    await first.close();
    await second.close();
  });

  for (const [what, url] of [
    ["a port where nothing listens", `postgres://keel-user:${PASSWORD}@127.0.0.1:1/a-name-of-a-database`],
    ["a port of several addresses", `postgres://keel-user:${PASSWORD}@localhost:1/a-name-of-a-database`],
    ["no URL at all", `${PASSWORD} a-name-of-a-database`],
    ["a port that is none", `postgres://keel-user:${PASSWORD}@127.0.0.1:99999/a-name-of-a-database`],
    ["another protocol", `mysql://keel-user:${PASSWORD}@127.0.0.1/a-name-of-a-database`],
  ] as const) {
    it(`tells what is wrong with ${what}, but not the URL`, async () => {
      expect(await refusal(openDatabase({ url: new Secret(url) }))).to.match(/ECONNREFUSED|not of the form/);
    });
  }

  it("tells that a password is wrong, but not which", async () => {
    const url = new URL((await shared.createDatabase()).reveal());
    url.password = `${PASSWORD}-other`;
    expect(await refusal(openDatabase({ url: new Secret(url.href) }))).to.include("authentication failed");
  });

  it("gives up on a server that takes the connection and says nothing", async () => {
    const silent = createServer(() => undefined).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as AddressInfo;
    const url = new Secret(`postgres://keel-user:${PASSWORD}@127.0.0.1:${String(port)}/a-name-of-a-database`);
    const began = performance.now();
    expect(await refusal(openDatabase({ url }))).to.include("timeout");
    expect(performance.now() - began).to.be.lessThan(8_000);
    silent.close();
  });

  it("ends what a frozen process began, so that its lease can be taken", async () => {
    const url = await shared.createDatabase();
    const database = await openDatabase({ url });
    const frozen = spawn(process.execPath, [...process.execArgv, "--input-type=module", "-e", FROZEN], {
      env: { ...process.env, DATABASE_URL: url.reveal() },
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      await once(frozen.stdout, "data");
      frozen.kill("SIGSTOP");
      const began = performance.now();
      let lease = null;
      while (lease === null && performance.now() - began < 15_000) {
        lease = await acquireLease(database, { key: "lane", holder: "b", ttl: 30, log: silentLog });
      }
      expect(lease?.token).to.equal(2n);
      expect(performance.now() - began).to.be.lessThan(8_000);
      await lease?.release();
    } finally {
      frozen.kill("SIGKILL");
      await database.close();
    }
  });

  describe("that stops", () => {
    let server: Server;
    let database: Database;
    before(async () => {
      server = (await startServer())!;
      database = await openDatabase({ url: await server.createDatabase() });
    });
    after(async () => {
      await database.close();
      await server.destroy();
    });

    it("fails what is under way at once, keeps the process, and is used again when it is back", async () => {
      const journal = new Journal(database);
      const lease = (await acquireLease(database, { key: "lane", holder: "a", ttl: 60, log: silentLog }))!;
      const troubles: unknown[] = [];
      const jobs = await startJobs(database, {
        ...silentLog,
        warn: (fields: unknown) => troubles.push(fields),
      });
      const done: unknown[] = [];
      await jobs.work("chore", async (data) => void done.push(data), { pollInterval: 0.5 });
      await journal.recordDecision(decisionRecord(hold));
      const query = sql`select pg_sleep(8)`.execute(database.db).then(
        () => "answered",
        () => "failed",
      );
      const transaction = database.db
        .transaction()
        .execute(async (open) => {
          await sql`select 1`.execute(open);
          await new Promise((resolve) => setTimeout(resolve, 1_000));
          await sql`select 1`.execute(open);
        })
        .then(
          () => "done",
          () => "failed",
        );
      await new Promise((resolve) => setTimeout(resolve, 300));
      await server.stop();
      expect([await query, await transaction]).to.deep.equal(["failed", "failed"]);
      const began = performance.now();
      await journal.flush().then(
        () => expect.fail("It was written."),
        () => undefined,
      );
      expect(performance.now() - began).to.be.lessThan(6_000);
      // The queue looks for jobs meanwhile.
      await new Promise((resolve) => setTimeout(resolve, 1_200));
      expect(troubles).not.to.deep.equal([]);
      expect(inspect(troubles)).not.to.include(PASSWORD);
      await server.start();
      await journal.flush();
      expect(await journal.decisions({ limit: 9 })).to.have.length(1);
      expect(lease.isHeld()).to.equal(true);
      await lease.release();
      await jobs.enqueue("chore", { n: 1 });
      while (done.length === 0) await new Promise((resolve) => setTimeout(resolve, 100));
      expect(done).to.deep.equal([{ n: 1 }]);
      await jobs.stop();
    });
  });
});

/** Takes the lease for a moment and stands still in the midst of a write under it. */
const FROZEN = `
  import { Secret } from ${JSON.stringify(new URL("../../../keeper/config/secret.ts", import.meta.url).href)};
  import { openDatabase } from ${JSON.stringify(new URL("../../../keeper/store/database.ts", import.meta.url).href)};
  import { acquireLease, fenced } from ${JSON.stringify(new URL("../../../keeper/store/leases.ts", import.meta.url).href)};
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const database = await openDatabase({ url: new Secret(process.env.DATABASE_URL) });
  const lease = await acquireLease(database, { key: "lane", holder: "a", ttl: 1, log });
  await fenced(database, lease, () => {
    console.log("writing");
    return new Promise((resolve) => setTimeout(resolve, 60_000));
  });
`;
