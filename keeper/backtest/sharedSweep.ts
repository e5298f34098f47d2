import { setTimeout as sleep } from "node:timers/promises";

import { InputError } from "../history/inputError.ts";
import { describeError } from "../log/describeError.ts";
import type { Database } from "../store/database.ts";
import type { EnqueueOptions, Jobs } from "../store/jobs.ts";
import { jobKey, scenarioKey, type SweepJob } from "./job.ts";
import type { StrategyRun } from "./result.ts";
import { ResultStore } from "./resultStore.ts";
import type { Scenario } from "./scenario.ts";
import type { Sweep, SweepOptions } from "./sweep.ts";
import type { WorkerPool } from "./workerPool.ts";

/** Of the jobs in the queue. The build is part of it: a machine with other code must not do them. */
const queueOf = (build: string) => `backtest-${build}`;

/** How often a job is tried, which whoever makes it must know to tell the last time. */
type Tries = EnqueueOptions & { readonly retries: number };

/** A run may take hours; the process that makes it says all the while that it lives. */
const TRIES: Tries = {
  // After the first, of a job that fails; one whose process dies counts as well.
  retries: 20,
  retryDelay: 1,
  retryDelayMax: 30,
  expireIn: 12 * 3600,
  heartbeat: 15,
};
/** Seconds between looks for jobs, and for results. */
const POLL_INTERVAL = 0.5;
/** Seconds after which jobs are put in the queue again that nobody has and that have no result. */
const REQUEUE_INTERVAL = 60;

interface JobData {
  readonly key: string;
  readonly scenario: string;
  readonly job: SweepJob;
}

export interface SharedOptions extends Omit<SweepOptions, "store"> {
  readonly database: Database;
  readonly jobs: Jobs;
  readonly tries?: Tries;
}

/**
 * Makes all runs of a sweep together with every process that works for the same database, {@link workOnSweeps}; this one among them.
 * What one leaves undone, killed or cut off, another does.
 * @returns In the order of the jobs.
 */
export async function runSharedSweep(sweep: Sweep, options: SharedOptions): Promise<StrategyRun[]> {
  const { database, build, onDone = () => undefined } = options;
  const store = new ResultStore(database);
  const world = scenarioKey(sweep.scenario);
  const keys = sweep.jobs.map((job) => jobKey(world, job, build));
  const found = await store.find(keys);
  if (found.size > 0) onDone(found.size);
  if (found.size < keys.length) await store.putScenario(world, sweep.scenario);
  const missing = () => keys.filter((key) => !found.has(key));
  const enqueue = async () => {
    for (const [index, key] of keys.entries()) {
      if (found.has(key)) continue;
      const data: JobData = { key, scenario: world, job: sweep.jobs[index]! };
      await options.jobs.enqueueOnce(queueOf(build), key, data, options.tries ?? TRIES);
    }
  };
  if (missing().length > 0) {
    await enqueue();
    await workOnSweeps({ ...options, onDone: () => undefined });
  }
  let enqueuedAt = performance.now();
  while (missing().length > 0) {
    await sleep(POLL_INTERVAL * 1000);
    const news = await store.find(missing());
    for (const [key, run] of news) found.set(key, run);
    if (news.size > 0) onDone(news.size);
    if (performance.now() - enqueuedAt > REQUEUE_INTERVAL * 1000) {
      await enqueue();
      enqueuedAt = performance.now();
    }
  }
  return keys.map((key) => found.get(key)!);
}

/** Makes the runs that wait in the queue on this machine's threads, those of every sweep of this build, until the jobs are stopped. */
export async function workOnSweeps({
  database,
  jobs,
  pool,
  build,
  tries = TRIES,
  onDone = () => undefined,
}: SharedOptions): Promise<void> {
  const store = new ResultStore(database);
  const scenarios = new Map<string, Promise<Scenario>>();
  const scenarioOf = (key: string) => {
    const scenario = scenarios.get(key) ?? store.scenario(key);
    scenarios.clear();
    scenarios.set(key, scenario);
    scenario.catch(() => scenarios.delete(key));
    return scenario;
  };
  await jobs.work<JobData>(
    queueOf(build),
    async ({ key, scenario, job }, { retry }) => {
      if (await store.has(key)) return;
      const isLast = retry >= tries.retries;
      await store.put(key, await made(pool, scenario, await scenarioOf(scenario), job, isLast));
      onDone(1);
    },
    { pollInterval: POLL_INTERVAL, concurrency: pool.size, isOnce: true },
  );
}

/** A run, or why trying again would not help: the job is at fault, or it has failed so often that whoever waits must be told. */
async function made(
  pool: WorkerPool,
  key: string,
  scenario: Scenario,
  job: SweepJob,
  isLast: boolean,
): Promise<StrategyRun | { error: string }> {
  try {
    return await pool.run(key, scenario, job);
  } catch (error) {
    if (error instanceof InputError || isLast) return { error: describeError(error) };
    throw error;
  }
}
