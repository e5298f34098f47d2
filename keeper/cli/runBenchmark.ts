import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";

import Table from "cli-table3";

import { CATALOGUE } from "../competitors/catalogue.ts";
import { InputError } from "../history/inputError.ts";
import { describeError } from "../log/describeError.ts";
import { PolicyInputError } from "../math/policyInputError.ts";
import { BOOKS, COST_LEVELS, INCUMBENTS, named, RISK_AVERSIONS, SPOT } from "../optimum/benchmarkCases.ts";
import { runCases } from "../optimum/benchmarkThreads.ts";
import { DEFAULT, judge, type MeasuredCase } from "../optimum/verdict.ts";
import { verdictSentence } from "../report/verdictSentence.ts";
import type { BenchmarkFlags } from "./benchmark.ts";
import { checkReportFlags } from "./checkReportFlags.ts";
import { checkWritable } from "./checkWritable.ts";

/** Fraction per root year. */
const SIGMA = 0.6;
/** Of a 0.05 % pool. */
const FEE_RATE = 0.0005;

const EXIT = { met: 0, missed: 1, failed: 1, badInput: 2 } as const;

export interface BenchmarkStreams {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
}

/** Measures strategies against the optimum. @returns The exit code; what cannot be used is one line on `stderr`. */
export async function runBenchmark(
  flags: BenchmarkFlags,
  { stdout, stderr }: BenchmarkStreams,
): Promise<number> {
  try {
    const { json } = flags;
    checkWritable("--json", json);
    checkReportFlags(flags);
    const started = performance.now();
    const cases = await measure(flags, (done, all) => {
      const seconds = ((performance.now() - started) / 1000).toFixed(0);
      stderr.write(`benchmark: ${String(done)} of ${String(all)} cases, ${seconds} s\n`);
    });
    const verdict = judge(cases);
    const { paths, kappa, tune } = flags;
    const made = { spot: SPOT, sigma: SIGMA, feeRate: FEE_RATE, kappa, paths, isTuned: tune };
    const whole = `${JSON.stringify({ version: 1, made, cases, verdict }, null, 2)}\n`;
    if (json !== undefined && json !== "-") writeFileSync(json, whole);
    if (flags.report !== undefined) {
      const { writeReport } = await import("./writeReport.ts");
      const order = { name: "the result", json: whole, file: flags.report, isOpened: flags.open === true };
      stderr.write(`${await writeReport(order)}\n`);
    }
    stdout.write(json === "-" ? whole : `${tables(cases)}\n${verdictSentence(verdict)}\n`);
    return verdict.isWithinTargets && verdict.isAhead ? EXIT.met : EXIT.missed;
  } catch (error) {
    const isInput = error instanceof PolicyInputError || error instanceof InputError;
    const path = error instanceof PolicyInputError && error.path !== "" ? `--${error.path} ` : "";
    stderr.write(`benchmark: ${isInput ? "" : "failed: "}${path}${describeError(error)}\n`);
    return isInput ? EXIT.badInput : EXIT.failed;
  }
}

async function measure(
  flags: BenchmarkFlags,
  report: (done: number, all: number) => void,
): Promise<MeasuredCase[]> {
  const others = named("strategies", CATALOGUE, flags.strategies ?? INCUMBENTS);
  const strategies = [DEFAULT, ...others.map(({ name }) => name).filter((name) => name !== DEFAULT)];
  const conditions = named("costs", COST_LEVELS, flags.costs).flatMap((cost) =>
    (flags.aversions ?? RISK_AVERSIONS).flatMap((riskAversion) =>
      named("books", BOOKS, flags.books).map((book) => ({
        book,
        cost,
        riskAversion,
        steps: flags.steps ?? cost.steps,
      })),
    ),
  );
  const requests = conditions.map(({ book, cost, riskAversion, steps }) => ({
    problem: {
      legs: book.legs,
      spot: SPOT,
      sigma: SIGMA,
      riskAversion,
      gasUsd: cost.gasUsd,
      feeRate: FEE_RATE,
      kappa: flags.kappa,
      steps,
    },
    strategies,
    paths: flags.paths,
    isTuned: flags.tune,
  }));
  const results = await runCases(requests, flags.workers ?? availableParallelism(), (done) => {
    report(done, requests.length);
  });
  return conditions.map(({ book, cost, riskAversion, steps }, i) => ({
    book: book.name,
    isSingleSign: book.isSingleSign,
    cost: cost.name,
    gasUsd: cost.gasUsd,
    riskAversion,
    steps,
    ...results[i]!,
  }));
}

/** One table for each cost level and risk aversion: strategies down, books across. */
function tables(cases: readonly MeasuredCase[]): string {
  const groups = new Map<string, MeasuredCase[]>();
  for (const each of cases) {
    const { cost, gasUsd, riskAversion } = each;
    const title = `${cost}: ${gasUsd.toFixed(2)} USD a trade, risk aversion ${riskAversion.toExponential()} per USD`;
    groups.set(title, [...(groups.get(title) ?? []), each]);
  }
  return [...groups].map(([title, group]) => `${title}\n${tableOf(group)}\n`).join("\n");
}

function tableOf(group: readonly MeasuredCase[]): string {
  const table = new Table({
    style: { head: [], border: [], compact: true },
    head: ["excess over the optimum", "", ...group.map(({ book }) => book)],
    colAligns: ["left", "left", ...group.map(() => "right" as const)],
  });
  table.push(["the optimum itself, USD", "", ...group.map(({ optimum }) => optimum.toFixed(1))]);
  const rows = group[0]!.strategies;
  for (const [row, { name, title, kind }] of rows.entries()) {
    const cells = group.map(({ strategies }) => percent(strategies[row]!));
    table.push([title, name === DEFAULT ? "" : kind, ...cells]);
  }
  return table.toString();
}

/** With as many digits as its error leaves. */
function percent({ excess, standardError }: { excess: number; standardError: number }): string {
  const digits = standardError < 0.0005 ? 2 : standardError < 0.005 ? 1 : 0;
  return `${(100 * excess).toFixed(digits)} ± ${(100 * standardError).toFixed(digits)} %`;
}
