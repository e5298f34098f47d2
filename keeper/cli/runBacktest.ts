import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";

import { csvFilesAt, writeCsvFiles } from "../backtest/csvFiles.ts";
import type { BacktestFile, StrategyRun } from "../backtest/result.ts";
import { parseStrategyList } from "../backtest/strategyList.ts";
import { planSweep, runSweep, type Sweep } from "../backtest/sweep.ts";
import { WorkerPool } from "../backtest/workerPool.ts";
import { buildId } from "../config/build.ts";
import { Secret, secretsOfUrl } from "../config/secret.ts";
import { InputError } from "../history/inputError.ts";
import { describeError } from "../log/describeError.ts";
import { createLogger } from "../log/logger.ts";
import type { BacktestFlags } from "./backtest.ts";
import { scenarioOf } from "./backtestScenario.ts";
import { checkApart } from "./checkApart.ts";
import { checkReportFlags } from "./checkReportFlags.ts";
import { checkWritable } from "./checkWritable.ts";
import { Progress } from "./progress.ts";

export interface RunBacktestOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

const EXIT = { done: 0, failed: 1, badInput: 2 } as const;

/** Plays what the flags name. @returns The exit code; every failure is one line on `stderr`. */
export async function runBacktest(flags: BacktestFlags, options: RunBacktestOptions): Promise<number> {
  const { env, stderr } = options;
  const url = env["DATABASE_URL"] ?? "";
  const databaseUrl = url === "" ? null : new Secret(url);
  const pool = new WorkerPool(flags.workers ?? availableParallelism());
  try {
    if (flags.worker === true) await work(databaseUrl, pool, stderr);
    else await play(flags, databaseUrl, pool, options);
    return EXIT.done;
  } catch (error) {
    const secrets = databaseUrl === null ? [] : secretsOfUrl(databaseUrl);
    const text = secrets.reduce((line, secret) => secret.blot(line), describeError(error));
    stderr.write(`backtest: ${text}\n`);
    return error instanceof InputError ? EXIT.badInput : EXIT.failed;
  } finally {
    await pool.close();
  }
}

async function play(
  flags: BacktestFlags,
  databaseUrl: Secret | null,
  pool: WorkerPool,
  { stdout, stderr }: RunBacktestOptions,
): Promise<void> {
  if (flags.strategy === undefined) throw new InputError("--strategy is needed");
  const strategies = parseStrategyList(flags.strategy, { riskAversion: flags.riskAversion });
  const { scenario, made } = scenarioOf(flags);
  checkWritable("--json", flags.json);
  checkReportFlags(flags);
  checkCsv(flags);
  const { points, paths, detail } = flags;
  const sweep = planSweep(scenario, strategies, paths, { points, detailed: detail });
  const progress = new Progress(stderr, "backtest");
  let done = 0;
  const advance = (count: number): void => {
    done += count;
    const all = sweep.jobs.length;
    progress.show(done / all, `${String(done)} of ${String(all)}`);
  };
  advance(0);
  let runs: StrategyRun[];
  try {
    runs = await sweepRuns(sweep, flags, databaseUrl, pool, advance);
  } finally {
    progress.stop();
  }
  const file: BacktestFile = { version: 1, made, runs };
  const json = `${JSON.stringify(file)}\n`;
  if (flags.csv !== undefined) writeCsvFiles(flags.csv, runs);
  if (flags.json !== undefined && flags.json !== "-") writeFileSync(flags.json, json);
  if (flags.report !== undefined) {
    const { writeReport } = await import("./writeReport.ts");
    const order = { name: "the result", json, file: flags.report, isOpened: flags.open === true };
    stderr.write(`${await writeReport(order)}\n`);
  }
  if (flags.json === "-") {
    await print(stdout, json);
    return;
  }
  const { backtestTable } = await import("./backtestTable.ts");
  await print(stdout, `${backtestTable(made, runs)}\n`);
}

/** Says before the work that its tables could not be written, or would be written over something else. */
function checkCsv({ json, report, csv }: BacktestFlags): void {
  if (csv === undefined) return;
  const others = [["--json", json] as const, ["--report", report] as const];
  // Before a directory is made of it.
  checkApart([...others, ["--csv", csv]]);
  const files = csvFilesAt(csv);
  checkApart([...others, ...files.map((file) => ["--csv", file] as const)]);
  for (const file of files) checkWritable("--csv", file);
}

/** On PostgreSQL with all who work there, in a directory's store with what it has, or for nothing but the answer. */
async function sweepRuns(
  sweep: Sweep,
  { state }: BacktestFlags,
  databaseUrl: Secret | null,
  pool: WorkerPool,
  onDone: (count: number) => void,
): Promise<StrategyRun[]> {
  const build = buildId();
  if (databaseUrl === null && state === undefined)
    return runSweep(sweep, { pool, build, store: null, onDone });
  const [{ openDatabase }, { ResultStore }, { runSharedSweep }, { startJobs }] = await Promise.all([
    import("../store/database.ts"),
    import("../backtest/resultStore.ts"),
    import("../backtest/sharedSweep.ts"),
    import("../store/jobs.ts"),
  ]);
  const database = await openDatabase(databaseUrl === null ? { directory: state } : { url: databaseUrl });
  try {
    if (databaseUrl === null)
      return await runSweep(sweep, { pool, build, store: new ResultStore(database), onDone });
    const jobs = await startJobs(database, logOf(databaseUrl));
    try {
      return await runSharedSweep(sweep, { database, jobs, pool, build, onDone });
    } finally {
      await jobs.stop();
    }
  } finally {
    await database.close();
  }
}

/** Works on the sweeps of others until Ctrl-C or SIGTERM. */
async function work(
  databaseUrl: Secret | null,
  pool: WorkerPool,
  stderr: NodeJS.WritableStream,
): Promise<void> {
  if (databaseUrl === null) throw new InputError("--worker needs PostgreSQL in DATABASE_URL");
  const [{ openDatabase }, { workOnSweeps }, { startJobs }] = await Promise.all([
    import("../store/database.ts"),
    import("../backtest/sharedSweep.ts"),
    import("../store/jobs.ts"),
  ]);
  const build = buildId();
  const database = await openDatabase({ url: databaseUrl });
  const jobs = await startJobs(database, logOf(databaseUrl));
  let made = 0;
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const)
      process.once(signal, () => {
        resolve();
      });
  });
  try {
    await workOnSweeps({ database, jobs, pool, build, onDone: () => (made += 1) });
    stderr.write(`backtest: works on the sweeps of build ${build} until stopped\n`);
    await stopped;
  } finally {
    await jobs.stop();
    await database.close();
    stderr.write(`backtest: made ${String(made)} runs\n`);
  }
}

function logOf(databaseUrl: Secret) {
  return createLogger({ level: "warn", secrets: secretsOfUrl(databaseUrl) });
}

function print(stdout: NodeJS.WritableStream, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stdout.write(text, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
