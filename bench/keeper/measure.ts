import { loadavg } from "node:os";

import { startServer } from "../../test/keeper/utils/postgresServer.ts";
import { searchMost, tryVaults, type Trial } from "./capacity.ts";
import { measureLatency, type EngineName, type LatencyRun } from "./latency.ts";
import { measurePool, type PoolOverhead } from "./poolOverhead.ts";
import type { Recording } from "./recording.ts";

export interface KeeperBenchSettings {
  /** At which CPU, waits and memory are measured, and from which the search starts. */
  readonly vaults: number;
  /** In a trial; undefined for as many as fill about twenty seconds, and at least two. */
  readonly blocks?: number | undefined;
  /** The most vaults that are searched. */
  readonly most: number;
  /** Of each engine. */
  readonly rebalances: number;
  /** In the book. */
  readonly series: number;
  /** Seconds between blocks. */
  readonly intervals: readonly number[];
  readonly engines: readonly EngineName[];
  readonly poolRequests: number;
}

/** How many vaults one core serves between two blocks. */
export interface Capacity {
  readonly engine: EngineName;
  /** Seconds. */
  readonly interval: number;
  /** Of the largest number of vaults that skipped nothing; null where one was too many. */
  readonly best: Trial | null;
  readonly trials: readonly Trial[];
}

export interface Measurements {
  /** One-minute loads of the machine, before and after. */
  readonly load: readonly [number, number];
  readonly latency: readonly LatencyRun["latency"][];
  readonly calls: LatencyRun["calls"];
  readonly capacity: readonly Capacity[];
  /** Bytes that one vault more takes, between 1 and `vaults`. */
  readonly memory: { readonly vaults: number; readonly rss: number; readonly heap: number };
  readonly pool: readonly PoolOverhead[];
}

/** Seconds a trial takes. */
const TRIAL = 20;
const MEMORY_INTERVAL = 1;
const MEMORY_BLOCKS = 3;
/** Of the search: an embedded database, as one process has, or the server that several share. */
const SEARCHED: EngineName = "pglite";

/** @param tell Told what was found as it is found. */
export async function measureKeeper(
  settings: KeeperBenchSettings,
  tell: (progress: string) => void,
): Promise<Measurements> {
  const before = loadavg()[0]!;
  const server = settings.engines.includes("postgres") ? await startServer({ fsync: true }) : null;
  const urlFor = async (engine: EngineName) =>
    engine === "pglite" ? null : (await server!.createDatabase()).reveal();
  try {
    const engines = settings.engines.filter((engine) => engine === "pglite" || server !== null);
    const runs: LatencyRun[] = [];
    for (const engine of engines) {
      const { rebalances, series } = settings;
      const run = await measureLatency({ engine, rebalances, series, databaseUrl: await urlFor(engine) });
      tell(`${engine}: block to broadcast in ${run.latency.p50.toFixed(1)} ms`);
      runs.push(run);
    }
    const [{ calls, recording, riskAversion }] = runs as [LatencyRun];
    const capacity: Capacity[] = [];
    for (const interval of settings.intervals) {
      const found = await measureCapacity(settings, { recording, riskAversion }, interval, tell);
      capacity.push(found);
    }
    const memory = await measureMemory({ recording, riskAversion }, settings.vaults, capacity);
    const pool = await measurePool(recording, settings.poolRequests);
    const latency = runs.map((run) => run.latency);
    return { load: [before, loadavg()[0]!], latency, calls, capacity, memory, pool };
  } finally {
    await server?.destroy();
  }
}

async function measureCapacity(
  { vaults, most, blocks }: KeeperBenchSettings,
  subject: { readonly recording: Recording; readonly riskAversion: number },
  interval: number,
  tell: (progress: string) => void,
): Promise<Capacity> {
  const trials: Trial[] = [];
  const best = await searchMost({
    most,
    // What a core has time for is about in proportion to the time between blocks.
    from: Math.max(1, Math.round(Math.min(vaults, (vaults * interval) / 5))),
    async attempt(count) {
      const trial = await tryVaults({
        ...subject,
        ...{ interval, vaults: count, databaseUrl: null },
        blocks: blocks ?? Math.max(2, Math.round(TRIAL / interval)),
      });
      trials.push(trial);
      const outcome = trial.isSustained ? "sustained" : `${String(trial.skipped)} skipped`;
      const wait = Number.isNaN(trial.slowest)
        ? "none decided"
        : `the last decided after ${trial.slowest.toFixed(2)} s`;
      tell(`${String(count)} vaults at ${String(interval)} s: ${outcome}, ${wait}`);
      return trial;
    },
  });
  return { engine: SEARCHED, interval, best, trials };
}

/** Of trials where two at one pace were of one vault and of so many; of their own otherwise. */
async function measureMemory(
  subject: { readonly recording: Recording; readonly riskAversion: number },
  vaults: number,
  capacity: readonly Capacity[],
): Promise<Measurements["memory"]> {
  const of = (trials: readonly Trial[], count: number) =>
    trials.find((trial) => trial.vaults === count && trial.isSustained);
  const tried = capacity.find(({ trials }) => [1, vaults].every((count) => of(trials, count) !== undefined));
  const used = async (count: number) => {
    const trial = tried === undefined ? undefined : of(tried.trials, count);
    if (trial !== undefined) return trial.memory;
    const options = { interval: MEMORY_INTERVAL, blocks: MEMORY_BLOCKS, databaseUrl: null };
    return (await tryVaults({ ...options, ...subject, vaults: count })).memory;
  };
  const one = await used(1);
  const many = vaults === 1 ? one : await used(vaults);
  const slope = (part: "rss" | "heap") => (many[part] - one[part]) / Math.max(1, vaults - 1);
  return { vaults, rss: slope("rss"), heap: slope("heap") };
}
