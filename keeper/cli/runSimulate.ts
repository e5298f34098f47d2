import { writeFileSync } from "node:fs";

import { EXPERIMENTS } from "../herd/experiments.ts";
import { runExperiments, type HerdResult } from "../herd/runExperiments.ts";
import { InputError } from "../history/inputError.ts";
import { describeError } from "../log/describeError.ts";
import { checkWritable } from "./checkWritable.ts";
import { Progress } from "./progress.ts";
import type { HerdFlags } from "./simulate.ts";

export interface RunSimulateOptions {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

const EXIT = { done: 0, failed: 1, badInput: 2 } as const;

/** Runs what the flags ask for. @returns The exit code; every failure is one line on `stderr`. */
export async function runSimulateHerd(flags: HerdFlags, options: RunSimulateOptions): Promise<number> {
  const { stdout, stderr } = options;
  try {
    checkExperiments(flags.only ?? []);
    checkWritable("--json", flags.json);
    const result = experimentsOf(flags, stderr);
    const json = (): string => `${JSON.stringify(result, null, 1)}\n`;
    if (flags.json !== undefined && flags.json !== "-") writeFileSync(flags.json, json());
    await print(stdout, flags.json === "-" ? json() : await tablesOf(result));
    return EXIT.done;
  } catch (error) {
    stderr.write(`simulate: ${describeError(error)}\n`);
    return error instanceof InputError ? EXIT.badInput : EXIT.failed;
  }
}

function checkExperiments(asked: readonly string[]): void {
  const known = EXPERIMENTS.map(({ id }) => id);
  const unknown = asked.find((id) => !known.includes(id));
  if (unknown !== undefined) throw new InputError(`--only ${unknown}: must be one of ${known.join(", ")}`);
}

function experimentsOf(flags: HerdFlags, stderr: RunSimulateOptions["stderr"]): HerdResult {
  const progress = new Progress(stderr, "simulate");
  try {
    return runExperiments({
      ...flags,
      onProgress: (done) => {
        progress.show(done / flags.paths, `${String(done)} of ${String(flags.paths)} paths`);
      },
    });
  } finally {
    progress.stop();
  }
}

async function tablesOf(result: HerdResult): Promise<string> {
  const { herdTables } = await import("./herdTables.ts");
  return `${herdTables(result)}\n`;
}

/** Waits until it is written: a process that ends before cuts a pipe short. */
function print(stdout: NodeJS.WritableStream, text: string): Promise<void> {
  return new Promise((resolve) => {
    stdout.write(text, () => {
      resolve();
    });
  });
}
