import { Command } from "commander";

export interface ForecastFlags {
  readonly data: string;
  readonly json?: string;
}

/** `bench forecasts`: what the default's decisions gain by a forecast of volatility or of gas. */
export function forecastsCommand(): Command {
  return new Command("forecasts")
    .description(
      "What a forecast of volatility or gas is worth to the default's decisions, on recorded history.",
    )
    .requiredOption(
      "--data <dir>",
      "with the files of prices, implied volatility, daily and hourly gas that this names where one is missing",
    )
    .option("--json <file>", "write the results there as well; - for standard output alone")
    .addHelpText(
      "after",
      `
A weekly at-the-money straddle of 100 options is hedged by the default, which is told one thing otherwise: the volatility to expect (of
the week ahead, each forecast made from the past alone, and what the week then showed), or the gas to decide by. Figures are
friction, cost and risk together, over that of the default as it is: below 1 the forecast helps.

Example:
  npm run bench -- forecasts --data ../shared/data`,
    )
    .action(run);
}

async function run(flags: ForecastFlags): Promise<void> {
  const { runForecastBench } = await import("./run.ts");
  process.exitCode = runForecastBench(flags);
}
