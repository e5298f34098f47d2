import { Command } from "commander";

import { numberIn, wholeIn } from "./numberFlag.ts";

export interface BenchmarkFlags {
  readonly books?: readonly string[];
  readonly costs?: readonly string[];
  readonly aversions?: readonly number[];
  readonly strategies?: readonly string[];
  readonly steps?: number;
  readonly paths: number;
  readonly kappa: number;
  readonly tune: boolean;
  readonly workers?: number;
  readonly json?: string;
  readonly report?: string;
  readonly open?: true;
}

const HELP = `
The optimum is solved by dynamic programming on a binomial lattice of prices with the hedge in whole lots: exponential
utility, a finite horizon, the price a geometric Brownian motion whose volatility is also the implied one. It is exact for
that discrete problem, so no rule can do better. Each strategy is then played by its own code on simulated paths, and what
it gives up against the optimum is its excess: certainty-equivalent friction (risk, gas, fees, impact) above the optimum's,
as a part of it, with the standard error over paths.

Rules of others are measured as published and, with other paths, tuned to their best in each case.

Targets: the default at most 1.2 % above the optimum on books of one sign of gamma and at most 2 % on the others, and ahead of
every other rule in every case. With --json the output is {version, made, cases: [{book, isSingleSign, cost, gasUsd,
riskAversion, steps, optimum, lot, strategies: [{name, title, kind, params, excess, standardError, trades}]}], verdict}.

All of it takes up to half an hour on two cores, and up to a gigabyte of memory a thread; --costs and --books take parts of it.
Exit codes: 0 the targets are met, 1 they are not or it failed, 2 bad input.

Examples:
  $ npm run keeper -- benchmark
  $ npm run keeper -- benchmark --books short-call,butterfly --costs 30-gwei --paths 50
  $ npm run keeper -- benchmark --costs L2 --strategies whalley-wilmott,zakamouline --json benchmark.json`;

/** `keeper benchmark`: what strategies cost above the best that any could. */
export function benchmarkCommand(): Command {
  return new Command("benchmark")
    .description("Measure how far strategies are from the best hedge there is, with standard errors.")
    .option("--books <names>", "only these books: short-call, long-call, short-straddle, …", toNames)
    .option("--costs <names>", "only these cost levels: L2, 5-gwei, 30-gwei", toNames)
    .option("--aversions <list>", "risk aversions, 1/USD; 1e-5,1e-4 by default", toAversions)
    .option("--strategies <names>", "besides the default only these; none for the default alone", toNames)
    .option("--steps <n>", "looks over a book's life; by default 1000, 2000 on L2", wholeIn(2, 5000))
    .option("--paths <n>", "paths a strategy is measured on", wholeIn(2, 1e6), 200)
    .option("--kappa <usd>", "price impact, USD per ETH squared", numberIn({ least: 0, most: 1000 }), 0)
    .option("--no-tune", "do not tune the rules of others: a third of the time")
    .option("--workers <n>", "threads; by default one a core", wholeIn(1, 1024))
    .option("--json <file>", "write all of it as JSON too; - prints it instead of the tables")
    .option("--report <file>", "write a report with pictures there: one HTML file")
    .option("--open", "open the report when it is written")
    .addHelpText("after", HELP)
    .action(answer);
}

/** Loads what it needs only here, so that other commands and --help start without it. */
async function answer(flags: BenchmarkFlags): Promise<void> {
  const { runBenchmark } = await import("./runBenchmark.ts");
  process.exitCode = await runBenchmark(flags, process);
}

function toNames(value: string): string[] {
  return value === "none" ? [] : value.split(",").map((name) => name.trim());
}

function toAversions(value: string): number[] {
  return value.split(",").map(numberIn({ least: 1e-8, most: 1 }));
}
