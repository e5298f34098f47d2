import { expect } from "chai";

import { jobKey, JobRunner, scenarioKey } from "../../../keeper/backtest/job.ts";
import { ResultStore } from "../../../keeper/backtest/resultStore.ts";
import type { StrategyRun } from "../../../keeper/backtest/result.ts";
import { parseStrategyList } from "../../../keeper/backtest/strategyList.ts";
import { planSweep, runSweep, type SweepOptions } from "../../../keeper/backtest/sweep.ts";
import { WorkerPool } from "../../../keeper/backtest/workerPool.ts";
import { InputError } from "../../../keeper/history/inputError.ts";
import { openDatabase, type Database } from "../../../keeper/store/database.ts";
import { costs, DAY, scenario, START } from "../utils/backtestScenarios.ts";

const strategies = parseStrategyList("optimal-impulse,fixed-band:fraction=0.1,time", { riskAversion: 1e-4 });
const world = scenario({
  prices: { kind: "model", model: "jumps", start: START, seconds: 3 * DAY, spot: 3000, volatility: 0.7 },
  costs: costs({ gasUnits: 800_000, feeRate: 0.0005, blockTime: 12 }),
  oracle: { deviation: 0.005, heartbeat: 3600 },
});
const sweep = planSweep(world, strategies, 4, { points: 50, detailed: 2 });

describe("a sweep of backtests", function () {
  this.timeout(20_000);
  const pools: WorkerPool[] = [];
  let database: Database | undefined;
  after(async () => {
    await Promise.all(pools.map((pool) => pool.close()));
    await database?.close();
  });

  const play = (workers: number, options: Partial<SweepOptions> = {}) => {
    const pool = new WorkerPool(workers);
    pools.push(pool);
    return runSweep(sweep, { pool, build: "of a test", store: null, ...options });
  };

  it("comes out the same to the byte with one, two and three workers, and without any", async () => {
    const texts = (await Promise.all([1, 2, 3].map((workers) => play(workers)))).map((runs) =>
      JSON.stringify(runs),
    );
    const runner = new JobRunner(world);
    // Backwards, which no worker does.
    const alone = sweep.jobs
      .toReversed()
      .map((job) => runner.run(job))
      .reverse();
    expect(new Set([...texts, JSON.stringify(alone)]).size).to.equal(1);
    expect(alone.map(({ label, path }) => `${label} ${String(path)}`)).to.deep.equal(
      [0, 1, 2, 3].flatMap((path) =>
        ["optimal-impulse", "fixed-band:fraction=0.1", "time"].map((label) => `${label} ${String(path)}`),
      ),
    );
    expect(alone.map(({ series }) => series.time.length > 0)).to.deep.equal(
      sweep.jobs.map(({ path }) => path < 2),
    );
    const spots = new Set(alone.slice(0, 6).map(({ series }) => series.spot.at(-1)));
    expect(spots.size, "paths").to.equal(2);
  });

  it("has a strategy with jitter act as another vault on every path, unless its phase is given", () => {
    const runner = new JobRunner(world);
    const phases = (params: Record<string, number>) =>
      [0, 1, 2, 3].map((path) => {
        const strategy = { label: "jittered", name: "optimal-impulse", params };
        return runner.run({ strategy, path, points: 0 }).strategy.params["phase"];
      });
    expect(new Set(phases({ jitter: 0.2 }))).to.have.lengthOf(4);
    expect(phases({ jitter: 0.2 })).to.deep.equal(phases({ jitter: 0.2 }));
    expect(phases({ jitter: 0.2, phase: 7 })).to.deep.equal([7, 7, 7, 7]);
  });

  it("goes on where it stopped: what is kept is not made again", async () => {
    database = await openDatabase();
    const store = new ResultStore(database);
    const told: number[] = [];
    const whole = await play(2, { store, onDone: (count) => told.push(count) });
    expect(told).to.deep.equal(sweep.jobs.map(() => 1));

    // Half of it is lost, and one of the rest is told apart from what would be made.
    const key = scenarioKey(world);
    const keys = sweep.jobs.map((job) => jobKey(key, job, "of a test"));
    await database.db.deleteFrom("backtest_results").where("key", "in", keys.slice(6)).execute();
    await database.db.deleteFrom("backtest_results").where("key", "=", keys[0]!).execute();
    await store.put(keys[0]!, { ...whole[0]!, label: "kept" });
    told.length = 0;
    const again = await play(2, { store, onDone: (count) => told.push(count) });
    expect(told).to.deep.equal([6, 1, 1, 1, 1, 1, 1]);
    expect(again[0]!.label).to.equal("kept");
    expect(JSON.stringify(again.slice(1))).to.equal(JSON.stringify(whole.slice(1)));
  });

  it("keeps results apart that rest on something else", () => {
    const [job] = sweep.jobs as [(typeof sweep.jobs)[number]];
    const keys = [
      jobKey(scenarioKey(world), job, "a"),
      jobKey(scenarioKey(world), job, "b"),
      jobKey(scenarioKey({ ...world, seed: 2 }), job, "a"),
      jobKey(scenarioKey(world), { ...job, path: 1 }, "a"),
      jobKey(scenarioKey(world), { ...job, points: 51 }, "a"),
      jobKey(scenarioKey(world), { ...job, strategy: strategies[1]! }, "a"),
    ];
    expect(new Set(keys).size).to.equal(keys.length);
  });

  it("ends with the error of a job that can never be made", async () => {
    const impossible = { ...scenario(), riskAversion: 0 };
    const pool = new WorkerPool(1);
    pools.push(pool);
    const jobs = planSweep(impossible, strategies.slice(0, 1), 2, { points: 0, detailed: 0 });
    const error = await runSweep(jobs, { pool, build: "", store: null }).then(
      (): StrategyRun[] => [],
      (caught: unknown) => caught,
    );
    expect(error).to.be.instanceOf(InputError);
    expect((error as Error).message).to.match(
      /^--strategy optimal-impulse: riskAversion must be a finite number above 0/,
    );
  });
});
