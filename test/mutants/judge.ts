import { spawn } from "node:child_process";

import type { Killers } from "./killers.ts";
import { HARDHAT } from "./project.ts";
import type { TestRun } from "./runTests.ts";
import { coinbaseOf } from "./switchedSource.ts";

export type Status = "killed" | "survived" | "timeout";

export interface Verdict {
  readonly status: Status;
  /** The test that fails, or the tests that took too long. */
  readonly by: string | null;
  readonly seconds: number;
}

const NODE_FLAGS = ["--experimental-strip-types", "--disable-warning=ExperimentalWarning"];

/**
 * Runs tests against one mutant, in processes of their own, until one fails.
 * @param root The project of the switched contracts.
 * @param id 0 for no mutant.
 * @param patience Seconds the Mocha tests, and then the Solidity tests, may take.
 */
export async function judge(root: string, id: number, killers: Killers, patience: number): Promise<Verdict> {
  const start = performance.now();
  const verdict = (status: Status, by: string | null): Verdict => ({
    status,
    by,
    seconds: Math.round((performance.now() - start) / 100) / 10,
  });
  const mocha = await run(root, id, [...NODE_FLAGS, "test/mutants/runTests.ts", ...killers.mocha], patience);
  if (mocha === null) return verdict("timeout", "Mocha");
  const { passed, failed } = lastLine(mocha.output) ?? { passed: 0, failed: "the process ends early" };
  if (failed !== null) return verdict("killed", failed);
  if (passed === 0) throw new Error(`no test ran: ${mocha.output}`);
  if (killers.solidity.length === 0) return verdict("survived", null);

  const solidity = await run(
    root,
    id,
    [HARDHAT, "test", "solidity", "--no-compile", ...killers.solidity],
    patience,
  );
  if (solidity === null) return verdict("timeout", "Solidity");
  const failing = /\d+\) (\S.*)/.exec(solidity.output)?.[1];
  if (solidity.code !== 0) return verdict("killed", failing ?? "Solidity tests");
  return verdict("survived", null);
}

function lastLine(output: string): TestRun | undefined {
  const line = output.trimEnd().split("\n").at(-1) ?? "";
  try {
    return JSON.parse(line) as TestRun;
  } catch {
    return undefined;
  }
}

/** Null when it takes too long. */
async function run(
  root: string,
  id: number,
  args: readonly string[],
  patience: number,
): Promise<{ code: number | null; output: string } | null> {
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, KEEL_INSTRUMENTED: "1", KEEL_MUTANT_COINBASE: coinbaseOf(id), NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "ignore"],
    timeout: Math.ceil(patience * 1000),
    killSignal: "SIGKILL",
  });
  let output = "";
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (text: string) => (output += text));
  return new Promise((resolve, reject) => {
    child.once("error", reject).once("close", (code, signal) => {
      resolve(signal === null ? { code, output } : null);
    });
  });
}
