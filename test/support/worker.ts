import { inspect } from "node:util";

// Hardhat has Node load a compiler into each process that runs test files, by way of the environment. The commands that tests start run
// as a user's do, without it.
delete process.env["NODE_OPTIONS"];

/** What Mocha shows of an error as it is. */
const PLAIN = new Set(["name", "message", "stack", "showDiff", "operator", "code"]);

/** A worker sends what failed as JSON, where one bigint would keep the results of the whole file back. */
export const mochaHooks = {
  afterEach(this: Mocha.Context): void {
    const error = this.currentTest?.err as Record<string, unknown> | undefined;
    for (const key of Object.keys(error ?? {})) {
      if (!PLAIN.has(key) && typeof error![key] !== "string")
        error![key] = inspect(error![key], { depth: 6 });
    }
  },
};
