import { parentPort } from "node:worker_threads";

import { prepare, type WorkloadName } from "./workloads.ts";

export interface Assignment {
  readonly workload: WorkloadName;
  /** Milliseconds. */
  readonly duration: number;
}

const ready = new Map<WorkloadName, () => number>();

// Option-steps a second, over at least the time that was asked for.
parentPort?.on("message", ({ workload, duration }: Assignment) => {
  const work = ready.get(workload) ?? prepare(workload);
  ready.set(workload, work);
  const start = performance.now();
  let done = 0;
  let elapsed = 0;
  while (elapsed < duration) {
    done += work();
    elapsed = performance.now() - start;
  }
  parentPort!.postMessage((1000 * done) / elapsed);
});
