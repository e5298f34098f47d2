import { Command, InvalidArgumentError, Option } from "commander";

import { refuseInOneLine } from "../../keeper/cli/refuseInOneLine.ts";

/** What `npm start` was asked for. */
export interface DemoOptions {
  readonly prices?: string;
  readonly from?: string;
  readonly to?: string;
  readonly dvol?: string;
  readonly gas?: string;
  readonly seed: number;
  readonly hours: number;
  readonly drain: boolean;
  readonly exit: boolean;
  readonly json?: string;
}

/** Reads the command line; prints help or the mistake and exits (code 2) where it cannot be run. */
export function parseOptions(argv: readonly string[]): DemoOptions {
  const program = new Command("npm start --")
    .description(
      "Runs Keel end to end on a local mainnet of real protocol code: deposits, options written on signed quotes,\n" +
        "a market, a keeper that re-hedges when the gain exceeds the gas, settlement, claims, redemption; then the\n" +
        "same path again under a fixed 5 % band and a 24 h clock.",
    )
    .option("--prices <file>", "replay hourly candles: CSV, gzipped or not, with ts,open,high,low,close")
    .option("--from <date>", "first day of the replay, YYYY-MM-DD or an ISO time, UTC")
    .option("--to <date>", "last day of the replay, played to its end")
    .option("--dvol <file>", "implied volatility: CSV with ts,open,high,low,close in annualised per cent")
    .option("--gas <file>", "gas prices: CSV with date,avg_gas_price_gwei or ts,average_gwei")
    .option("--seed <number>", "repeats a run exactly", wholeNumber, 1)
    .addOption(
      new Option("--hours <number>", "length of the generated path")
        .argParser(wholeNumber)
        .default(48)
        .conflicts("prices"),
    )
    .option(
      "--drain",
      "take away the arbitrageur and 90 % of the pool's liquidity a quarter into the path",
      false,
    )
    .option("--exit", "exit after the table, also on a terminal", false)
    .option("--json <file>", "write the table's numbers as JSON too")
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  npm start\n" +
        "  npm start -- --seed 7 --hours 24 --exit\n" +
        "  npm start -- --prices eth_usd_1h.csv.gz --from 2024-08-03 --to 2024-08-07 --dvol eth_dvol_1h.csv.gz\n",
    );
  refuseInOneLine(program).parse([...argv], { from: "user" });
  return program.opts<DemoOptions>();
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
    throw new InvalidArgumentError("expected a whole number, 0 or more");
  return value;
}
