import { jobKey, scenarioKey, type SweepJob } from "./job.ts";
import type { StrategyRun } from "./result.ts";
import type { ResultStore } from "./resultStore.ts";
import type { Scenario } from "./scenario.ts";
import type { StrategyChoice } from "./strategyList.ts";
import type { WorkerPool } from "./workerPool.ts";

export interface Sweep {
  readonly scenario: Scenario;
  /** In the order of their results: path by path, each with all strategies. */
  readonly jobs: readonly SweepJob[];
}

/** @param detailed Paths, the first of them, of which series and trades are kept. */
export function planSweep(
  scenario: Scenario,
  strategies: readonly StrategyChoice[],
  paths: number,
  { points, detailed }: { readonly points: number; readonly detailed: number },
): Sweep {
  const jobs = Array.from({ length: paths }, (_, path) =>
    strategies.map((strategy) => ({ strategy, path, points: path < detailed ? points : 0 })),
  ).flat();
  return { scenario, jobs };
}

export interface SweepOptions {
  readonly pool: WorkerPool;
  /** Names the code: results of other code do not count. */
  readonly build: string;
  /** Where results are kept; null for nowhere. */
  readonly store: ResultStore | null;
  /** Told of each job when it is done, at once of those that were done before. */
  readonly onDone?: (count: number) => void;
}

/**
 * Makes all runs of a sweep on this machine's threads, but for those that are kept.
 * @returns In the order of the jobs, whatever ended first.
 */
export async function runSweep({ scenario, jobs }: Sweep, options: SweepOptions): Promise<StrategyRun[]> {
  const { pool, build, store, onDone = () => undefined } = options;
  const world = scenarioKey(scenario);
  const keys = jobs.map((job) => jobKey(world, job, build));
  const kept = (await store?.find(keys)) ?? new Map<string, StrategyRun>();
  if (kept.size > 0) onDone(kept.size);
  return Promise.all(
    jobs.map(async (job, index) => {
      const key = keys[index]!;
      const before = kept.get(key);
      if (before !== undefined) return before;
      const run = await pool.run(world, scenario, job);
      await store?.put(key, run);
      onDone(1);
      return run;
    }),
  );
}
