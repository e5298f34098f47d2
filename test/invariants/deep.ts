import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

/** Seeds of every search, and cases of every Solidity fuzz test, unless the environment says otherwise. */
const RUNS = process.env["KEEL_RUNS"] ?? "25";
const FUZZ_RUNS = process.env["KEEL_FUZZ_RUNS"] ?? "20000";
const HARDHAT = join(createRequire(import.meta.url).resolve("hardhat/package.json"), "..", "dist/src/cli.js");

// Run as a command: Mocha loads every file here.
if (process.argv[1] === import.meta.filename) process.exitCode = main();

/** `npm run test:deep`: what `npm test` does in seconds, for as long as it is worth. */
function main(): number {
  const searches = globSync("test/invariants/*.ts")
    .filter((file) => !file.endsWith("deep.ts"))
    .sort()
    .concat("test/contracts/risk/RiskBounds.ts");
  const fuzzed = globSync("test/contracts/**/*.t.sol").sort();
  const statuses = [run(["mocha", ...searches]), run(["solidity", ...fuzzed])];
  return statuses.every((status) => status === 0) ? 0 : 1;
}

function run(args: readonly string[]): number | null {
  const env = { ...process.env, KEEL_RUNS: RUNS, KEEL_FUZZ_RUNS: FUZZ_RUNS };
  return spawnSync(process.execPath, [HARDHAT, "test", ...args], { env, stdio: "inherit" }).status;
}
