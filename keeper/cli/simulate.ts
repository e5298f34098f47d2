import { Command } from "commander";

import { wholeIn } from "./numberFlag.ts";

/** A path of them is held in memory. */
const MOST_DAYS = 1_000;

export interface HerdFlags {
  readonly agents: number;
  readonly seed: number;
  readonly paths: number;
  readonly days: number;
  readonly only?: readonly string[];
  readonly json?: string;
}

const HELP = `
Each agent is short (or long) 500 one-month options at the money, renewed all the time, and hedges them by one rule: a fixed
band of drift, a clock, or Keel's own band, asked of the strategies that run live. Its trades reach the market a block later
and move the price, by flow over depth; half of that is for good. The feedback gain says by how much of a move the price
moves again because all of them hedge it. Providers may leave when volatility rises, hedges on margin may be closed by force.

Experiments (--only): rules, reference, jitter, adoption, rough, pause, shares, gains, liquidity, shock.

Columns, means over paths with their standard error: vol, daily vol: deviation of hourly and daily returns over the
fundamental's; kurtosis: of hourly returns; 5σ: hours a month past five usual deviations, 5σ own: past five of the path's own;
flow: largest net hedging of a minute, in units of one day's delta move of all; drawdown: of the price; trades: per agent and day;
drift: root mean square, in units of one day's delta move; closed: by force, per 100 agents a month, after a shock per 100 agents;
depth: lowest, of the usual; pushed, lasting: by hedging below the fundamental, at worst and a day after a shock; back: hours
until half of the difference was gone; broken: share of paths on which hedging halved or doubled the price. Those paths end there
and count nowhere else but in depth.

With --json the output is {version, made, scale, experiments: [{id, title, note, columns, rows: [{setting, measures}]}], jitter}, each
measure {mean, se, paths}; a file, or - for standard output in place of the tables. The same flags give the same numbers.
Exit codes: 0 done, 1 it could not be written, 2 bad flags.

Examples:
  $ npm run keeper -- simulate herd
  $ npm run keeper -- simulate herd --only shock,liquidity --paths 8 --json herd.json
  $ npm run --silent keeper -- simulate herd --agents 50 --days 10 --seed 7 --json -`;

/** `keeper simulate`: worlds that one book's history cannot show. */
export function simulateCommand(): Command {
  return new Command("simulate")
    .description("Play what one vault's history cannot show.")
    .addCommand(herdCommand())
    .addHelpText("after", "\nExample:\n  $ npm run keeper -- simulate herd");
}

function herdCommand(): Command {
  return new Command("herd")
    .description("Do many hedgers whose trades move the price calm a market or amplify it?")
    .option("--agents <n>", "agents", wholeIn(1, 999_999), 200)
    .option("--seed <n>", "of all that is random", wholeIn(0, Number.MAX_SAFE_INTEGER), 1)
    .option("--paths <n>", "paths of the price", wholeIn(1, 999_999), 24)
    .option("--days <n>", "days of a path, after a first one that is not measured", wholeIn(1, MOST_DAYS), 30)
    .option("--only <ids>", "experiments, separated by commas; default: all", list)
    .option("--json <file>", "write the result there; - for standard output, in place of the tables")
    .addHelpText("after", HELP)
    .action(answer);
}

/** Loads what it needs only here, so that other commands and --help start without it. */
async function answer(flags: HerdFlags): Promise<void> {
  const { runSimulateHerd } = await import("./runSimulate.ts");
  process.exitCode = await runSimulateHerd(flags, { stdout: process.stdout, stderr: process.stderr });
}

function list(text: string): string[] {
  return text.split(",").map((part) => part.trim());
}
