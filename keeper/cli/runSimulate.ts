import { writeFileSync } from "node:fs";

import { experiments } from "../herd/experiments.ts";
import { runExperiments, type HerdResult } from "../herd/runExperiments.ts";
import { describeError } from "../log/describeError.ts";
import type { HerdFlags } from "./simulate.ts";

export interface RunSimulateOptions {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

const EXIT = { done: 0, failed: 1, badInput: 2 } as const;

/** Runs what the flags ask for. @returns The exit code; every failure is one line on `stderr`. */
export async function runSimulateHerd(
  flags: HerdFlags,
  { stdout, stderr }: RunSimulateOptions,
): Promise<number> {
  const known = experiments().map(({ id }) => id);
  for (const id of flags.only ?? []) {
    if (known.includes(id)) continue;
    stderr.write(`simulate: --only ${id}: must be one of ${known.join(", ")}\n`);
    return EXIT.badInput;
  }
  const shows = stderr.isTTY === true;
  const result = runExperiments({
    ...flags,
    onProgress: (done) => {
      if (shows)
        stderr.write(`\rsimulate: ${String(Math.round(100 * done))} % of ${String(flags.paths)} paths`);
    },
  });
  if (shows) stderr.write("\r\u001b[K");
  const json = (): string => `${JSON.stringify(result, null, 1)}\n`;
  if (flags.json === "-") {
    await print(stdout, json());
    return EXIT.done;
  }
  await print(stdout, await tablesOf(result));
  if (flags.json === undefined) return EXIT.done;
  try {
    writeFileSync(flags.json, json());
  } catch (error) {
    stderr.write(`simulate: --json: ${describeError(error)}\n`);
    return EXIT.failed;
  }
  return EXIT.done;
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
