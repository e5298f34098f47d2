import { spawn } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

import { parseReport, uncoveredLines } from "./coverage/report.ts";

/** Per cent of the lines, and of the statements, under contracts/. */
const LEAST = 98;
/** Compiles in a process of its own, where the contracts are not instrumented. */
const OWN_BUILD = "test/contracts/risk/greeksOnchain.ts";
const HARDHAT = join(createRequire(import.meta.url).resolve("hardhat/package.json"), "..", "dist/src/cli.js");
const TRACEFILE = "coverage/lcov.info";

const status = await main();
process.exitCode = status;

async function main(): Promise<number> {
  const files = [
    ...globSync("test/contracts/**/*.ts", { exclude: ["test/contracts/utils/**"] }),
    ...globSync("test/contracts/**/*.t.sol"),
  ].filter((file) => file !== OWN_BUILD);
  const { code, output } = await runTests(files.sort());
  if (code !== 0) {
    console.error("The tests fail, so their coverage says nothing.");
    return 1;
  }
  const { total } = parseReport(output);
  const uncovered = uncoveredLines(readFileSync(TRACEFILE, "utf8"));
  for (const line of uncovered) console.log(`not covered: ${line}`);
  console.log(
    `${total.lines.toFixed(2)} % of lines and ${total.statements.toFixed(2)} % of statements; at least ${String(LEAST)} % of each`,
  );
  return Math.min(total.lines, total.statements) < LEAST ? 1 : 0;
}

/** Hardhat with `--coverage`, which lifts the code size limit; what it prints is shown and kept. */
async function runTests(files: readonly string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [HARDHAT, "test", "--coverage", ...files], {
    env: { ...process.env, KEEL_INSTRUMENTED: "1" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (text: string) => {
    output += text;
    process.stdout.write(text);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject).once("close", resolve);
  });
  return { code, output };
}
