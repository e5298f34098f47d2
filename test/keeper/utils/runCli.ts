import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

import { ownEnvironment } from "../../support/ownEnvironment.ts";

export const MAIN = fileURLToPath(new URL("../../../keeper/main.ts", import.meta.url));

export interface CliRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the keeper's command line in a process of its own: what it prints where, and its exit code, are promises. */
export async function runCli(
  args: readonly string[],
  stdin = "",
  env: Readonly<Record<string, string>> = {},
): Promise<CliRun> {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { ...ownEnvironment(), ...env } });
  // A command that needs no input may be gone before it is written.
  child.stdin.on("error", () => undefined).end(stdin);
  const closed = new Promise<number | null>((resolve) => child.on("close", resolve));
  const [code, stdout, stderr] = await Promise.all([closed, text(child.stdout), text(child.stderr)]);
  return { code, stdout, stderr };
}
