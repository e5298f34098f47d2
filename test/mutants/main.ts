import { existsSync, globSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { Command, InvalidArgumentError } from "commander";

import type { Mutant } from "./findMutants.ts";
import { judge, type Status, type Verdict } from "./judge.ts";
import { killersOf, type Killers } from "./killers.ts";
import { buildMutantProject } from "./project.ts";
import { findFaults, keysOf, readExplanations } from "./survivors.ts";

const ROOT = join(import.meta.dirname, "../..");
const PROJECT = join(ROOT, ".keel/mutants");
const RESULTS = join(ROOT, ".keel/mutants.json");
/** Where every require, comparison and rounding has its mutant. */
const TARGETS = [
  "contracts/Vault.sol",
  "contracts/vault/*.sol",
  "contracts/OptionBook.sol",
  "contracts/risk/*.sol",
];
/** A mutant may take this many times what the original takes, and as many seconds more. */
const [PATIENCE_FACTOR, PATIENCE_SECONDS] = [3, 30];

interface Options {
  readonly file?: readonly string[];
  readonly shard: readonly [index: number, count: number];
  readonly json: string;
  readonly resume?: true;
  readonly jobs: number;
  readonly list?: true;
}

interface Result extends Verdict {
  readonly key: string;
  readonly at: string;
  readonly becomes: string;
}

// Hardhat's runner loads every file beside the tests; only the command itself runs.
if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await new Command("test:mutants")
    .description(
      "Change every require, comparison and rounding of the contracts, one at a time; a test must fail.",
    )
    .option("--file <path...>", "only mutants of these files")
    .option("--shard <i/n>", "only every n-th mutant, from the i-th", parseShard, [1, 1] as const)
    .option("--json <file>", "where results go, after every mutant", RESULTS)
    .option("--resume", "keep the results of that file")
    .option("--jobs <n>", "mutants at a time", parseCount, 2)
    .option("--list", "name the mutants and run nothing")
    .addHelpText(
      "after",
      `
Examples:
  npm run test:mutants
  npm run test:mutants -- --file contracts/OptionBook.sol
  npm run test:mutants -- --shard 1/4 --json shard1.json`,
    )
    .action(async (options: Options) => {
      process.exitCode = await main(options);
    })
    .parseAsync();
}

async function main({ file, shard: [index, count], json, resume, jobs, list }: Options): Promise<number> {
  const targets = TARGETS.flatMap((pattern) => globSync(pattern, { cwd: ROOT }).sort());
  const unknown = file?.find((one) => !targets.includes(one));
  if (unknown !== undefined)
    throw new Error(`${unknown} is not among the mutated files: ${targets.join(", ")}`);
  // All files, whatever runs: the numbers and the compilation stay the same.
  const { mutants } = buildMutantProject(ROOT, PROJECT, targets);
  const keys = keysOf(mutants);
  const chosen = mutants
    .map((mutant, i) => ({ id: i + 1, key: keys[i]!, mutant }))
    .filter(({ mutant }) => file === undefined || file.includes(mutant.file))
    .filter((_, i) => i % count === index - 1);
  if (list === true) {
    for (const { key, mutant } of chosen)
      console.log(`${key} → ${mutant.becomes}  (line ${String(mutant.line)})`);
    return 0;
  }

  const results = new Map<string, Result>();
  if (resume === true && existsSync(json)) {
    const { mutants: before } = JSON.parse(readFileSync(json, "utf8")) as { mutants: Result[] };
    const wanted = new Set(chosen.map(({ key }) => key));
    for (const result of before) if (wanted.has(result.key)) results.set(result.key, result);
  }
  const left = chosen.filter(({ key }) => !results.has(key));
  const patience = await measurePatience([...new Set(left.map(({ mutant }) => mutant.file))]);
  let done = results.size;
  const work = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const { id, key, mutant } = next;
      const verdict = await judge(PROJECT, id, killersOf(PROJECT, mutant.file), patience.get(mutant.file)!);
      const at = `${mutant.file}:${String(mutant.line)}`;
      results.set(key, { key, at, becomes: mutant.becomes, ...verdict });
      writeFileSync(json, `${JSON.stringify({ mutants: [...results.values()] }, null, 2)}\n`);
      console.log(progressLine(++done, chosen.length, mutant, verdict));
    }
  };
  await Promise.all([...Array(jobs).keys()].map(work));
  return conclude(keys, results);
}

/** Seconds that the tests of each file's mutants may take. @throws Error when they fail without a mutant. */
async function measurePatience(files: readonly string[]): Promise<Map<string, number>> {
  const byTests = new Map<string, Promise<number>>();
  const measure = async (file: string, killers: Killers) => {
    const { status, by, seconds } = await judge(PROJECT, 0, killers, 3_600);
    if (status !== "survived") throw new Error(`without any mutant, ${file} fails "${String(by)}"`);
    return Math.ceil(PATIENCE_FACTOR * seconds + PATIENCE_SECONDS);
  };
  const pairs = files.map(async (file) => {
    const killers = killersOf(PROJECT, file);
    const tests = JSON.stringify(killers);
    if (!byTests.has(tests)) byTests.set(tests, measure(file, killers));
    return [file, await byTests.get(tests)!] as const;
  });
  return new Map(await Promise.all(pairs));
}

function conclude(all: readonly string[], results: ReadonlyMap<string, Result>): number {
  const outcomes = new Map<string, Status>([...results].map(([key, { status }]) => [key, status]));
  const totalOf = (status: Status) => [...outcomes.values()].filter((one) => one === status).length;
  const faults = findFaults(all, outcomes, readExplanations());
  for (const fault of faults) console.log(fault);
  const [killed, timeouts, survived] = [totalOf("killed"), totalOf("timeout"), totalOf("survived")];
  console.log(
    `${String(outcomes.size)} of ${String(all.length)} mutants: ${String(killed)} killed, ${String(timeouts)} killed by time, ${String(survived)} survived`,
  );
  return faults.length === 0 ? 0 : 1;
}

function progressLine(done: number, of: number, mutant: Mutant, { status, by, seconds }: Verdict): string {
  const what = `${mutant.file}:${String(mutant.line)} ${mutant.inFunction}: ${mutant.text} → ${mutant.becomes}`;
  const how = by === null ? "" : `  by "${by}"`;
  return `[${String(done)}/${String(of)}] ${status.padEnd(8)} ${seconds.toFixed(1).padStart(5)} s  ${what}${how}`;
}

function parseShard(text: string): readonly [number, number] {
  const [index, count] = text.split("/").map(Number);
  if (index === undefined || count === undefined || !(index >= 1 && index <= count)) {
    throw new InvalidArgumentError("Say which of how many, as in 1/4.");
  }
  return [index, count];
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError("Say how many.");
  return count;
}
