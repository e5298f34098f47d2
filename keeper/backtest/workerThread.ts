import { parentPort } from "node:worker_threads";

import { InputError } from "../history/inputError.ts";
import { describeError } from "../log/describeError.ts";
import { PolicyInputError } from "../math/policyInputError.ts";
import { JobRunner, type SweepJob } from "./job.ts";
import type { StrategyRun } from "./result.ts";
import type { Scenario } from "./scenario.ts";

/** What a thread is told: the world first, then jobs in it. */
export type ThreadRequest =
  { readonly scenario: Scenario } | { readonly scenario?: undefined; readonly job: SweepJob };

/** `isInput`: the job itself is at fault, and would fail again. */
export type ThreadAnswer =
  | { readonly run: StrategyRun }
  | { readonly run?: undefined; readonly error: string; readonly isInput: boolean };

let runner: JobRunner | null = null;

// Null where the test runner loads every file.
parentPort?.on("message", (request: ThreadRequest) => {
  if (request.scenario !== undefined) runner = new JobRunner(request.scenario);
  else parentPort!.postMessage(answer(request.job));
});

function answer(job: SweepJob): ThreadAnswer {
  try {
    return { run: runner!.run(job) };
  } catch (error) {
    if (error instanceof InputError) return { error: error.message, isInput: true };
    const isInput = error instanceof PolicyInputError;
    return { error: `${job.strategy.label}: ${describeError(error)}`, isInput };
  }
}
