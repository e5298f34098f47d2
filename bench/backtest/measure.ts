import { once } from "node:events";
import { loadavg } from "node:os";
import { Worker } from "node:worker_threads";

import { currentCommit } from "../../scripts/currentCommit.ts";
import { thisMachine, type Machine } from "../machine.ts";
import type { Assignment } from "./thread.ts";
import { OPTIONS, WORKLOADS, type WorkloadName } from "./workloads.ts";

/** Option-steps a second of one core, and what two make of it. */
const LEAST_RATE = 20e6;
const LEAST_SCALING = 1.8;
const THREADS = 2;

export interface BacktestBenchSettings {
  /** Of which the best counts: others use the machine as well. */
  readonly repeats: number;
  /** Milliseconds of each. */
  readonly duration: number;
}

export interface BacktestRow {
  readonly workload: WorkloadName;
  readonly options: number;
  /** Option-steps a second on one thread, and on two together. */
  readonly one: number;
  readonly two: number;
  readonly scaling: number;
  /** At least; null where nothing is asked. */
  readonly target: number | null;
  readonly met: boolean | null;
}

/** The JSON of `bench backtest`. */
export interface BacktestReport {
  readonly commit: string | null;
  readonly machine: Machine;
  readonly settings: BacktestBenchSettings;
  readonly rows: readonly BacktestRow[];
  readonly leastScaling: number;
  readonly isLinear: boolean;
}

/** One thread and two take turns, so that what else the machine does befalls both. */
export async function measureBacktest(
  settings: BacktestBenchSettings,
  tell: (progress: string) => void,
): Promise<BacktestReport> {
  const before = loadavg()[0]!;
  const threads = Array.from({ length: THREADS }, () => new Worker(new URL("./thread.ts", import.meta.url)));
  const rows: BacktestRow[] = [];
  try {
    for (const workload of WORKLOADS) {
      const rates = async (count: number) => {
        const assignment: Assignment = { workload, duration: settings.duration };
        const answers = threads.slice(0, count).map(async (thread) => {
          const [rate] = (await (thread.postMessage(assignment), once(thread, "message"))) as [number];
          return rate;
        });
        return (await Promise.all(answers)).reduce((sum, rate) => sum + rate, 0);
      };
      // Each compiles it once before it counts.
      await rates(THREADS);
      let [one, two] = [0, 0];
      for (let repeat = 0; repeat < settings.repeats; repeat++) {
        one = Math.max(one, await rates(1));
        two = Math.max(two, await rates(THREADS));
      }
      const target = workload === "optimal-impulse" ? null : LEAST_RATE;
      rows.push({
        ...{ workload, options: OPTIONS, one, two, scaling: two / one, target },
        met: target === null ? null : one >= target,
      });
      tell(`${workload}: ${(one / 1e6).toFixed(1)} million option-steps a second on one core`);
    }
  } finally {
    await Promise.all(threads.map((thread) => thread.terminate()));
  }
  return {
    commit: currentCommit(),
    machine: thisMachine([before, loadavg()[0]!]),
    settings,
    rows,
    leastScaling: LEAST_SCALING,
    isLinear: rows.every(({ scaling }) => scaling >= LEAST_SCALING),
  };
}
