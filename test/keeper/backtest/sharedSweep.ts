import { expect } from "chai";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

import { sql } from "kysely";

import { JobRunner } from "../../../keeper/backtest/job.ts";
import { runSharedSweep } from "../../../keeper/backtest/sharedSweep.ts";
import { parseStrategyList } from "../../../keeper/backtest/strategyList.ts";
import { planSweep } from "../../../keeper/backtest/sweep.ts";
import { WorkerPool } from "../../../keeper/backtest/workerPool.ts";
import { buildId } from "../../../keeper/config/build.ts";
import type { Secret } from "../../../keeper/config/secret.ts";
import { silentLog } from "../../../keeper/log/logger.ts";
import { openDatabase, type Database } from "../../../keeper/store/database.ts";
import { startJobs, type Jobs } from "../../../keeper/store/jobs.ts";
import { ownEnvironment } from "../../support/ownEnvironment.ts";
import { DAY, scenario, START } from "../utils/backtestScenarios.ts";
import { closeSharedServer, sharedServer } from "../utils/postgres.ts";
import { MAIN, runCli } from "../utils/runCli.ts";

/** The dead are found as soon as the queue allows. A process that is only slow lives: how long a job takes here, nobody knows. */
const QUICK = { retries: 5, retryDelay: 1, retryDelayMax: 1, expireIn: 3600, heartbeat: 10 };

describe("a sweep that processes share", function () {
  this.timeout(180_000);
  after(closeSharedServer);
  let url: Secret;
  let database: Database;
  let jobs: Jobs;
  const pool = new WorkerPool(1);
  const children: ChildProcess[] = [];

  before(async function () {
    const server = await sharedServer();
    if (server === null) this.skip();
    url = await server.createDatabase();
    database = await openDatabase({ url });
    jobs = await startJobs(database, silentLog, { superviseInterval: 1 });
  });
  after(async () => {
    for (const child of children) {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    }
    await pool.close();
    await (jobs as Jobs | undefined)?.stop();
    await (database as Database | undefined)?.close();
  });

  /** `keeper backtest --worker`, once it works. */
  async function worker(): Promise<ChildProcess> {
    const args = [MAIN, "backtest", "--worker", "--workers", "1"];
    const child = spawn(process.execPath, args, {
      env: { ...ownEnvironment(), DATABASE_URL: url.reveal() },
      stdio: ["ignore", "ignore", "pipe"],
    });
    children.push(child);
    await once(createInterface({ input: child.stderr! }), "line");
    return child;
  }

  const counts = async () => {
    const { rows } = await sql<{ state: string; count: bigint }>`
      select state::text, count(*) from keel_jobs.job where name like 'backtest-%' group by state`.execute(
      database.db,
    );
    return Object.fromEntries(rows.map(({ state, count }) => [state, Number(count)]));
  };

  it("is made whole where a worker is killed in the midst of a job, the same as alone", async () => {
    // Longer than the half second between looks for jobs, so that two who work are both at it.
    const world = scenario({
      prices: { kind: "model", model: "gbm", start: START, seconds: 320 * DAY, spot: 3000, volatility: 0.6 },
      ...{ step: 60, check: 60 },
    });
    const strategies = parseStrategyList("optimal-impulse", { riskAversion: 1e-4 });
    const sweep = planSweep(world, strategies, 4, { points: 20, detailed: 1 });
    const doomed = await worker();
    let done = 0;
    const shared = runSharedSweep(sweep, {
      ...{ database, jobs, pool, build: buildId(), tries: QUICK },
      onDone: (count) => (done += count),
    });
    // This process does one at a time: of two under way, one is the other's.
    const both = async () => {
      while (done < 4 && ((await counts())["active"] ?? 0) < 2) await sleep(20);
    };
    await Promise.race([both(), shared]);
    expect(done, "runs before the other took part").to.be.lessThan(4);
    doomed.kill("SIGKILL");
    await once(doomed, "exit");
    const runner = new JobRunner(world);
    const alone = sweep.jobs.map((job) => runner.run(job));
    expect(JSON.stringify(await shared)).to.equal(JSON.stringify(alone));
    expect(done).to.equal(4);
    expect((await counts())["failed"]).to.equal(undefined);
    const { rows } = await sql<{ retries: bigint }>`
      select sum(retry_count) as retries from keel_jobs.job where name like 'backtest-%'`.execute(
      database.db,
    );
    expect(Number(rows[0]!.retries), "the job of the killed").to.be.greaterThan(0);
  });

  it("ends with the error of a job that fails at every try, and tries again when it is asked again", async () => {
    // More prices than a thread can hold.
    const endless = scenario({
      prices: { kind: "model", model: "gbm", start: START, seconds: 1e17, spot: 3000, volatility: 0.6 },
    });
    const sweep = planSweep(endless, parseStrategyList("time", { riskAversion: 1e-4 }), 1, {
      ...{ points: 0, detailed: 0 },
    });
    const fail = () =>
      runSharedSweep(sweep, {
        ...{ database, jobs, pool, build: "of-what-fails" },
        tries: { retries: 1, retryDelay: 1, retryDelayMax: 1 },
      }).then(
        () => null,
        (error: unknown) => (error as Error).message,
      );
    const retried = async () => {
      const { rows } = await sql<{ retries: bigint }>`
        select sum(retry_count) as retries from keel_jobs.job where name = 'backtest-of-what-fails'`.execute(
        database.db,
      );
      return Number(rows[0]!.retries);
    };
    expect(await fail()).to.match(/^time: .*(array|allocation)/i);
    expect(await retried()).to.equal(1);
    expect(await fail()).to.match(/^time: .*(array|allocation)/i);
    expect(await retried()).to.equal(2);
  });

  it("is shared by the command itself, which a second time makes nothing", async () => {
    const args = [
      "backtest",
      "--model",
      "gbm",
      "--days",
      "2",
      "--strategy",
      "time,periodic",
      "--paths",
      "4",
      "--json",
      "-",
    ];
    const before = (await counts())["completed"] ?? 0;
    const env = { DATABASE_URL: url.reveal() };
    const [one, two] = await Promise.all([runCli(args, "", env), runCli(args, "", env)]);
    expect(one).to.deep.include({ code: 0, stderr: "" });
    expect(two).to.deep.equal(one);
    expect(await runCli(args, "", { DATABASE_URL: "" })).to.deep.equal(one);
    const made = (await counts())["completed"]! - before;
    // More where one of them asks for a run that the other has just made: the queue takes that again, and whoever gets it has nothing to do.
    expect(made).to.be.at.least(8);
    expect(await runCli(args, "", env)).to.deep.equal(one);
    expect((await counts())["completed"]! - before).to.equal(made);
  });

  it("says in one line that there is no such database", async () => {
    const gone = url.reveal().replace(/[^/]*$/, "none");
    const args = ["backtest", "--model", "gbm", "--days", "1", "--strategy", "time"];
    const { code, stdout, stderr } = await runCli(args, "", { DATABASE_URL: gone });
    expect({ code, stdout }).to.deep.equal({ code: 1, stdout: "" });
    expect(stderr).to.match(/^backtest: The database could not be opened: [^\n]*\n$/);
    expect(stderr).to.not.contain(new URL(gone).password);
  });
});
