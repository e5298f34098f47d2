import { Command } from "commander";

export interface HistoryFlags {
  readonly data: string;
  readonly books: string;
  readonly levels: string;
  readonly only?: string;
  readonly json?: string;
}

/** `bench history`: the default against every rule in use, year by year and in every stress window, tuned on the past alone. */
export function historyCommand(): Command {
  return new Command("history")
    .description(
      "Walk forward through recorded history: what hedging cost, by every rule, chosen on the past alone.",
    )
    .requiredOption("--data <dir>", "with eth_usd_1h.csv.gz and gas_daily_etherscan.csv.gz")
    .option(
      "--books <list>",
      "standard books that roll, with the days their options live",
      "rolling-weekly:7,rolling-monthly:30",
    )
    .option("--levels <list>", "mainnet (the gas recorded) and L2 (0.05 USD a transaction)", "mainnet,L2")
    .option("--only <fold>", "one year, or the first day of one stress window")
    .option("--json <file>", "write the results there as well; - for standard output alone")
    .addHelpText(
      "after",
      `
Each fold is a year from 2018 or a stress window. On the year before it the risk aversion is calibrated (a P&L deviation of
3 % of the options' notional), and every rule is tuned to its least friction; then all are played. Friction is cost and risk, risk
is the sum of A/2 d^2 (change of spot)^2. Cost at our risk is what a rule would have cost at the default's risk had its parameter been
chosen afterwards, over the default's: above 1 the default is ahead even of hindsight.

Examples:
  npm run bench -- history --data ../shared/data
  npm run bench -- history --data ../shared/data --only 2020-03-11 --json -`,
    )
    .action(run);
}

async function run(flags: HistoryFlags): Promise<void> {
  const { runHistory } = await import("./run.ts");
  process.exitCode = await runHistory(flags);
}
