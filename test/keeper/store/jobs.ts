import { expect } from "chai";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { sql } from "kysely";

import { silentLog } from "../../../keeper/log/logger.ts";
import { openDatabase, type Database, type DatabaseLocation } from "../../../keeper/store/database.ts";
import { embeddedQueue } from "../../../keeper/store/embeddedQueue.ts";
import { startJobs, type Jobs } from "../../../keeper/store/jobs.ts";
import { Journal } from "../../../keeper/store/journal.ts";
import { describeEngines } from "../utils/engines.ts";
import { decisionRecord, hold } from "../utils/journalRecords.ts";
import { until } from "../utils/until.ts";

const WORKER = fileURLToPath(new URL("../utils/jobWorker.ts", import.meta.url));
const FAST = { pollInterval: 0.5 };
const QUICK_RETRY = { retryDelay: 1, retryDelayMax: 1, expireIn: 2 };

/** Milliseconds: a worker is a process that has to start. */
const LONG = 15_000;

describeEngines("jobs", (fixture) => {
  let jobs: Jobs;
  const children: ChildProcess[] = [];
  const directories: string[] = [];
  afterEach(async () => {
    await (jobs as Jobs | undefined)?.stop();
    for (const child of children.splice(0)) {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    }
    for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
  });

  /** A process of its own that does jobs, and tells which it began. */
  async function worker(
    location: DatabaseLocation,
    behaviour: "does" | "hangs",
  ): Promise<{ readonly began: string[]; child: ChildProcess }> {
    const child = spawn(process.execPath, [...process.execArgv, WORKER, behaviour], {
      env: { ...process.env, STORE_URL: location.url?.reveal() ?? "", STORE_DIR: location.directory ?? "" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    children.push(child);
    const began: string[] = [];
    let ready = false;
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line === "ready") ready = true;
      else began.push(line);
    });
    await until(() => ready, "a worker", LONG);
    return { began, child };
  }
  function elsewhere(): DatabaseLocation {
    if (fixture.url !== undefined) return { url: fixture.url };
    const directory = mkdtempSync(join(tmpdir(), "keel-jobs-"));
    directories.push(directory);
    return { directory };
  }

  it("are tried again until they are done or given up, with what they were given", async () => {
    jobs = await startJobs(fixture.database, silentLog);
    const tries: [number, unknown][] = [];
    await jobs.work<{ amount: bigint; text: string }>(
      "deliver",
      (data, { retry }) => {
        tries.push([retry, data]);
        return retry < 2 ? Promise.reject(new Error("503")) : Promise.resolve();
      },
      FAST,
    );
    let hopeless = 0;
    await jobs.work("hopeless", () => Promise.reject(new Error(String((hopeless += 1)))), FAST);
    const data = { amount: 2n ** 70n, text: "drift" };
    await jobs.enqueue("hopeless", {}, { ...QUICK_RETRY, retries: 1 });
    await jobs.enqueue("deliver", data, QUICK_RETRY);
    await until(() => tries.length === 3, "three tries", LONG);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(tries).to.deep.equal([0, 1, 2].map((retry) => [retry, data]));
    expect(hopeless).to.equal(2);
  });

  it("wait while nobody does them, and are done after a restart", async () => {
    const location = elsewhere();
    const before = await openDatabase(location);
    const first = await startJobs(before, silentLog);
    await first.enqueue("deliver", { n: 1 });
    await first.stop();
    await before.close();

    const after = await openDatabase(location);
    const second = await startJobs(after, silentLog);
    const done: unknown[] = [];
    await second.work("deliver", async (data) => void done.push(data), FAST);
    await until(() => done.length === 1, "a job done", LONG);
    expect(done).to.deep.equal([{ n: 1 }]);
    await second.stop();
    await after.close();
  });

  it("are done by another when their process is killed in the midst of one", async () => {
    const location = elsewhere();
    const setup = await openDatabase(location);
    const first = await startJobs(setup, silentLog);
    await first.enqueue("chore", { n: 7 }, QUICK_RETRY);
    await first.stop();
    await setup.close();

    const { began, child } = await worker(location, "hangs");
    await until(() => began.length === 1, "a job begun", LONG);
    child.kill("SIGKILL");
    await once(child, "exit");

    const database = await openDatabase(location);
    const second = await startJobs(database, silentLog, { superviseInterval: 1 });
    const done: unknown[] = [];
    await second.work("chore", async (data, { retry }) => void done.push([retry, data]), FAST);
    await until(() => done.length === 1, "a job done", LONG);
    expect(done).to.deep.equal([[1, { n: 7 }]]);
    await second.stop();
    await database.close();
  });

  it("leave the store's own work alone when one of their blocks fails", async function () {
    const { connection } = fixture.database;
    if (connection.name !== "pglite") this.skip();
    const queue = embeddedQueue(connection.pglite);
    const journal = new Journal(fixture.database);
    const failing: Promise<unknown>[] = [];
    for (let i = 0; i < 50; i += 1) {
      failing.push(queue.executeSql("\n BEGIN; select 1 / 0; COMMIT;").catch(() => "failed"));
      await journal.recordDecision(decisionRecord(hold));
      await journal.flush();
    }
    expect(new Set(await Promise.all(failing))).to.deep.equal(new Set(["failed"]));
    const { rows } = await queue.executeSql("begin; select 2::int8 as a, '{}'::jsonb as b; commit;");
    expect(rows).to.deep.equal([{ a: "2", b: {} }]);
    expect(await journal.decisions({ limit: 99 })).to.have.length(50);
  });

  it("are scheduled by the clock, once however often it is said", async () => {
    jobs = await startJobs(fixture.database, silentLog);
    await jobs.schedule("daily", "0 3 * * *", { days: 30 });
    await jobs.schedule("daily", "0 4 * * *", { days: 60 });
    const { rows } = await sql<{ cron: string; data: unknown }>`
      select cron, data from keel_jobs.schedule where name = 'daily'`.execute(fixture.database.db);
    expect(rows).to.deep.equal([{ cron: "0 4 * * *", data: { days: 60 } }]);
  });

  it("are each done once by two processes", async function () {
    if (fixture.url === undefined) this.skip();
    const { url } = fixture;
    const databases: Database[] = await Promise.all([openDatabase({ url }), openDatabase({ url })]);
    // Both at once, on a database that has no queue yet.
    await Promise.all(databases.map(async (database) => (await startJobs(database, silentLog)).stop()));
    const workers = [await worker({ url }, "does"), await worker({ url }, "does")];
    jobs = await startJobs(databases[0]!, silentLog);
    for (let n = 0; n < 20; n += 1) await jobs.enqueue("chore", { n });
    const began = () => workers.flatMap((one) => one.began);
    await until(() => began().length >= 20, "twenty jobs begun", 20_000);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(
      began()
        .map(Number)
        .toSorted((a, b) => a - b),
    ).to.deep.equal(Array.from({ length: 20 }, (_, n) => n));
    for (const { began: own } of workers) expect(own.length).to.be.greaterThan(0);
    await jobs.stop();
    for (const database of databases) await database.close();
  });
});
