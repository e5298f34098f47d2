import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";

import Mocha from "mocha";

/** What this process answers, on the last line of its standard output. */
export interface TestRun {
  readonly passed: number;
  /** Full title of the first test or hook that failed; null when none did. */
  readonly failed: string | null;
}

/** As Hardhat's own task has it. */
const TIMEOUT = 40_000;

// Tests load every file beside them; only a process started with this one runs it.
if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.env["NODE_ENV"] ??= "test";
  const result = await run(process.argv.slice(2));
  process.stdout.write(`\n${JSON.stringify(result)}\n`, () => process.exit(0));
}

/** Runs test files of this directory's project in order, until one test fails. A file that cannot be loaded is a failure. */
async function run(files: readonly string[]): Promise<TestRun> {
  // The base of all reporters prints nothing.
  const mocha = new Mocha({ bail: true, timeout: TIMEOUT, reporter: Mocha.reporters.Base });
  for (const file of files) mocha.addFile(file);
  try {
    await mocha.loadFilesAsync();
  } catch (error) {
    return { passed: 0, failed: `loading: ${String(error)}` };
  }
  let [passed, failed]: [number, string | null] = [0, null];
  await new Promise<void>((resolve) => {
    mocha
      .run(() => {
        resolve();
      })
      .on("pass", () => passed++)
      .on("fail", (test) => {
        failed ??= test.fullTitle();
      });
  });
  return { passed, failed };
}
