import { expect } from "chai";
import { mkdirSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { createServer } from "node:net";
import { PassThrough } from "node:stream";

import { sql } from "kysely";
import pg from "pg";
import { privateKeyToAccount } from "viem/accounts";

import { runKeeper } from "../../../keeper/cli/runKeeper.ts";
import { buildId } from "../../../keeper/config/build.ts";
import type { Secret } from "../../../keeper/config/secret.ts";
import { judgeSpace, checkDatabaseClock } from "../../../keeper/doctor/store.ts";
import { checkNode } from "../../../keeper/doctor/machine.ts";
import { activate, pause } from "../../../keeper/store/controls.ts";
import { openDatabase, type Database } from "../../../keeper/store/database.ts";
import { lockDirectory } from "../../../keeper/store/directoryLock.ts";
import { doctorHarness, ill, named, one } from "../utils/doctorHarness.ts";
import { KEEPER_KEY, OTHER_KEY } from "../utils/keys.ts";
import { startJsonServer } from "../utils/jsonServer.ts";
import { closeSharedServer, sharedServer } from "../utils/postgres.ts";
import { PASSWORD } from "../utils/postgresServer.ts";

const ACCOUNT = privateKeyToAccount(KEEPER_KEY).address;
const NOBODY = `0x${"ab".repeat(20)}` as const;
/** Above every number that Linux gives a process. */
const NO_PROCESS = 4_194_305;

after(closeSharedServer);

describe("keeper doctor, of the store", function () {
  this.timeout(60_000);
  const harness = doctorHarness();
  const directory = () => `${harness.directory}/store`;
  const subject = () => ({ chainId: 31337, vault: harness.keel.contracts.Vault });

  /** Does something with the embedded store as a keeper would. */
  async function withStore(work: (database: Database) => Promise<unknown>): Promise<void> {
    const database = await openDatabase({ directory: directory() });
    await work(database);
    await database.close();
  }
  /** All that is in it, leases and schema included. */
  async function contents(database: Database): Promise<unknown> {
    const tables = ["activations", "pauses", "leases", "alerts", "gains", "executions", "decisions"] as const;
    const rows = await Promise.all(
      tables.map((table) => database.db.selectFrom(table).selectAll().execute()),
    );
    const { rows: schema } = await sql`select * from kysely_migration`.execute(database.db);
    return [...rows, schema];
  }

  it("names the settings it was given in what is to be done", async () => {
    const checks = await harness.examine({ options: { configFile: "mainnet.json" } });
    expect(one(checks, "vault weekly: activation").mend).to.contain(
      "npm run keeper -- activate --config mainnet.json --vault weekly",
    );
  });

  it("changes nothing in it", async () => {
    let before: unknown;
    await withStore(async (database) => {
      await activate(database, { ...subject(), build: "old", account: ACCOUNT });
      await sql`insert into leases values ('k', 'h', 7, now() + interval '1 day')`.execute(database.db);
      before = await contents(database);
    });
    expect(ill(await harness.examine())).to.deep.equal([]);
    await withStore(async (database) => {
      // Opening it as a keeper does ends leases; everything else is as it was.
      const after = await contents(database);
      expect(JSON.stringify(after, plain)).to.equal(
        JSON.stringify(before, plain).replace(/"expires_at":"[^"]+"/, '"expires_at":null'),
      );
    });
  });

  it("tells a directory where nothing can be made", async () => {
    const storeDir = harness.write("file", {});
    const checks = await harness.examine({ config: { storeDir: `${storeDir}/store` } });
    expect(one(checks, "store directory").ok).to.equal(false);
    expect(one(checks, "vault weekly: role").ok).to.equal(true);
  });

  it("tells a store that is corrupt", async () => {
    mkdirSync(`${directory()}/pgdata`, { recursive: true });
    writeFileSync(`${directory()}/pgdata/PG_VERSION`, "nonsense\n");
    const checks = await harness.examine();
    const check = one(checks, "store");
    expect(check.ok, check.detail).to.equal(false);
    expect(check.mend).to.contain("docs/runbook.md");
    // It gave the directory back.
    lockDirectory(directory())();
  });

  it("tells a store of a newer build", async () => {
    await withStore((database) =>
      sql`insert into kysely_migration values ('9999_later', '2027')`.execute(database.db),
    );
    const check = one(await harness.examine(), "store");
    expect(check.ok).to.equal(false);
    expect(check.detail).to.match(/has changes that this build does not know: 9999_later$/);
  });

  it("warns where another process has the directory and does not answer", async () => {
    mkdirSync(directory(), { recursive: true });
    mkdirSync(`${directory()}/pgdata`);
    const unlock = lockDirectory(directory());
    const check = one(await harness.examine(), "store");
    unlock();
    expect(check.ok).to.equal("warn");
    expect(check.detail).to.match(/ is in use by this process\.$/);
  });

  it("asks the keeper that runs, and shows its lane and its health", async () => {
    await withStore((database) => activate(database, { ...subject(), build: buildId(), account: ACCOUNT }));
    const stop = new AbortController();
    let text = "";
    let noticed: () => void = () => undefined;
    const decided = new Promise<void>((resolve) => (noticed = resolve));
    const stderr = new PassThrough().on("data", (chunk) => {
      text += String(chunk);
      if (text.includes("The status is served.") && text.includes("Decided.")) noticed();
    });
    const config = {
      server: { port: 0 },
      strategy: { name: "fixed-band", params: { fraction: 9 } },
      pollInterval: 5,
    };
    const configFile = harness.prepare({ config });
    const env = { KEEL_PRIVATE_KEY: KEEPER_KEY };
    const running = runKeeper({ configFile, once: false, shadowOf: null, env, signal: stop.signal, stderr });
    await Promise.race([decided, running]);
    const port = Number(/127\.0\.0\.1:(\d+)","msg":"The status is served/.exec(text)![1]);
    const checks = await harness.examine({ config: { ...config, server: { port } } });
    stop.abort();
    expect(await running, text).to.equal(0);
    expect(ill(checks), JSON.stringify(checks, null, 1)).to.deep.equal([]);
    expect(one(checks, "store").detail).to.match(/in use by a keeper that runs and answers$/);
    expect(one(checks, "vault weekly: activation").ok).to.equal(true);
    expect(one(checks, "vault weekly: lane").detail).to.equal(
      `held by process ${String(process.pid)} on ${hostname()}; a keeper started beside it stands by`,
    );
    expect(one(checks, "status server").detail).to.match(/a keeper at 127\.0\.0\.1:\d+ is healthy$/);
  });

  it("tells a port that something else has", async () => {
    const other = await startJsonServer(() => ({ text: "<!doctype html>" }));
    const port = Number(new URL(other.url).port);
    const status = async () => one(await harness.examine({ config: { server: { port } } }), "status server");
    expect(await status()).to.include({
      ok: false,
      detail: `something else answers at 127.0.0.1:${String(port)}`,
    });
    await other.close();
    expect(await status()).to.include({ ok: true, detail: `127.0.0.1:${String(port)} is free` });
    const silent = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => silent.listen(port, "127.0.0.1", resolve));
    expect((await status()).detail).to.match(/ cannot be listened at \(EADDRINUSE\)$/);
    await new Promise((resolve) => silent.close(resolve));
  });

  describe("on a PostgreSQL server", () => {
    let url: Secret;
    before(async function () {
      const server = await sharedServer();
      if (server === null) this.skip();
      url = await server.createDatabase();
    });
    const examine = (env: Record<string, string> = {}, options = {}) =>
      harness.examine({
        env: { DATABASE_URL: url.reveal(), ...env },
        options: { now: () => Date.now() / 1000, ...options },
      });
    async function query(text: string, at = url.reveal()): Promise<Record<string, unknown>[]> {
      const client = new pg.Client(at);
      await client.connect();
      try {
        return (await client.query<Record<string, unknown>>(text)).rows;
      } finally {
        await client.end();
      }
    }

    it("leaves an empty database empty", async () => {
      const checks = await examine();
      expect(ill(checks)).to.deep.equal([]);
      expect(one(checks, "store").detail).to.match(
        /^PostgreSQL \d+.*; the next start makes 0001_decisions_and_executions, /,
      );
      expect(await query("select 1 from pg_tables where schemaname = 'public'")).to.deep.equal([]);
    });

    it("tells a user who may not make the tables", async () => {
      await query(
        `create role reader login password '${PASSWORD}'; revoke create on schema public from public`,
      );
      const as = url.reveal().replace("//keel:", "//reader:");
      const check = one(await examine({ DATABASE_URL: as }), "store");
      expect(check.ok).to.equal(false);
      expect(check.detail).to.match(/and this user may not create tables$/);
    });

    it("compares clocks", async () => {
      expect(one(await examine(), "database: clock").ok).to.equal(true);
      const check = one(await examine({}, { now: () => Date.now() / 1000 - 30 }), "database: clock");
      expect(check.ok).to.equal("warn");
      expect(check.detail).to.equal("30 s ahead of this machine's");
      expect(checkDatabaseClock({ clockAhead: -3 }).detail).to.equal("3 s behind this machine's");
      expect(checkDatabaseClock({ clockAhead: -2 }).ok).to.equal(true);
    });

    it("says whether a vault is active, for this build and account, or paused", async () => {
      const database = await openDatabase({ url });
      const said = async (build: string, account: typeof ACCOUNT) => {
        await activate(database, { ...subject(), build, account });
        return one(await examine(), "vault weekly: activation");
      };
      const active = await said(buildId(), ACCOUNT);
      expect(active.ok).to.equal(true);
      expect(active.detail).to.match(/^active since \d{4}-\d\d-\d\dT[\d:]+Z, build [0-9a-f]{12}$/);
      const older = await said("0123456789ab", ACCOUNT);
      expect(older.ok).to.equal("warn");
      expect(older.detail).to.equal(
        `activated for build 0123456789ab, this is ${buildId()}: it sends nothing`,
      );
      expect((await said(buildId(), NOBODY)).detail).to.match(
        /^activated for 0x[aA][bB]\w+, this is 0x\w+: it sends nothing$/,
      );
      await pause(database, subject(), "venue upgrade");
      const paused = await said(buildId(), ACCOUNT);
      await database.close();
      expect(paused.detail).to.match(/^paused since .*: venue upgrade$/);
      expect(paused.mend).to.equal("npm run keeper -- resume --vault weekly");
    });

    it("shows who has the lane, and that its holder is gone", async () => {
      const database = await openDatabase({ url });
      const key = `31337:${ACCOUNT}`;
      const hold = (holder: string) =>
        sql`insert into leases values (${key}, ${holder}, 1, now() + interval '1 hour')
          on conflict (key) do update set holder = excluded.holder`.execute(database.db);
      await hold("other-host:77:uuid");
      const before = await contents(database);
      const checks = await examine();
      expect(one(checks, "store").detail).to.match(/^PostgreSQL \d.*, schema up to date$/);
      expect(one(checks, "vault weekly: lane").detail).to.match(/^held by process 77 on other-host; /);
      expect(await contents(database)).to.deep.equal(before);
      await hold(`${hostname()}:${String(NO_PROCESS)}:uuid`);
      const gone = one(await examine(), "vault weekly: lane");
      await database.close();
      expect(gone.ok).to.equal("warn");
      expect(gone.detail).to.match(/of this machine, which is gone$/);
      expect(gone.mend).to.match(/^wait: it is free in 3\d{3} s/);
    });

    it("prices a rebalance as the newest in the journal, where none is simulated now", async () => {
      const database = await openDatabase({ url });
      await sql`insert into executions (vault, chain_id, account, kind, status, gas_used, fee)
        select ${harness.keel.contracts.Vault}, 31337, ${ACCOUNT}, 'rebalance', 'confirmed', gas, 0
        from unnest(array[400000, 600000]) as gas`.execute(database.db);
      await database.close();
      const config = { strategy: { name: "fixed-band", params: { fraction: 9 } } };
      await harness.rpc("hardhat_setNextBlockBaseFeePerGas", ["0x3b9aca00"]);
      await harness.keel.networkHelpers.mine();
      // An account without the role has nothing simulated.
      const env = { DATABASE_URL: url.reveal(), KEEL_PRIVATE_KEY: OTHER_KEY };
      const { detail } = one(await harness.examine({ config, env }), "vault weekly: balance");
      // Ten times 600,000 at 1 gwei and a tip of 0.1.
      expect(detail).to.contain("; 0.0066 ETH pays for 10 rebalances at the present gas price");
    });

    it("tells a server that is not there, or lets nobody in, without its URL", async () => {
      const gone = await examine({ DATABASE_URL: "postgres://keel:not-to-be-printed@127.0.0.1:1/keel" });
      expect(ill(gone)).to.deep.equal(["store"]);
      const wrong = await examine({ DATABASE_URL: url.reveal().replace(PASSWORD, "another-password") });
      expect(ill(wrong)).to.deep.equal(["store"]);
      expect(JSON.stringify([gone, wrong]))
        .to.not.contain("not-to-be-printed")
        .and.not.contain("another-password");
      expect(named(gone, "vault weekly: activation")[0]!.ok).to.not.equal(true);
    });
  });

  it("judges what room is left on the disk", () => {
    expect([2 ** 31, 2 ** 29, 2 ** 25].map((bytes) => judgeSpace(bytes).ok)).to.deep.equal([
      true,
      "warn",
      false,
    ]);
  });

  it("tells a Node that is too old", () => {
    expect(checkNode("v22.13.0", "22.13").ok).to.equal(true);
    expect(checkNode("24.0.1", "22.13").ok).to.equal(true);
    expect(checkNode("22.12.9", "22.13")).to.include({ ok: false, detail: "22.12.9 is older than 22.13" });
  });
});

function plain(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
