import { Command } from "commander";

export interface ForecastFlags {
  readonly prices?: string;
  readonly dvol?: string;
  readonly gas?: string;
  readonly pool?: string;
  readonly learned?: true;
  readonly json?: string;
}

const HELP = `
Every forecast is made from the past of its moment alone: each model is fit again and again on what was known by then, and
judged on what came after. Files are CSV with a header, gzipped where the name ends in .gz, times in unix seconds:
  --prices  ts, open, high, low, close: hourly without gaps, at least 14 months. Volatility 1, 7 and 30 days ahead
  --dvol    ts, open, high, low, close: an implied volatility hour by hour, annualised per cent
  --gas     ts, average_gwei (about hourly: 1 to 24 hours ahead) or date, avg_gas_price_gwei (daily: 1 to 30 days ahead);
            and what waiting for cheaper gas saves
  --pool    ts, close_tick, net_amount1_weth_wei, liquidity: a Uniswap v3 pool of USDC (token 0) and WETH minute by
            minute. Its depth over the next 5 minutes, hour and 6 hours, and the slippage that follows from it

Columns: loss is QLIKE for variances (outcome/forecast − ln of it − 1) and the mean square of the logarithm's error for
the rest; rmse is that of the logarithm (of volatility, fee or depth); R² is 1 − Σe²/Σe²(naive) of the logarithm; t is the
gain in loss over the naive forecast in its standard errors, which allow for outcomes that overlap. A model is used where it
was best and t is at least 1.6, otherwise the naive forecast is; the last row of a table is what choosing so at every moment
from the past alone came to.

With --learned, boosted trees are trained on what the best-informed formula leaves, anew at each refit. They are used only where
they convincingly beat the best formula; their t against it stands in the last column. Where they have no forecast the best
formula's is used. The JSON has how they were trained as learned, with a version: the same data and version give the same model.

Exit codes: 0 done, 2 a file cannot be used.

Examples:
  $ npm run --silent keeper -- forecast --prices eth_usd_1h.csv.gz --dvol eth_dvol_1h.csv.gz
  $ npm run --silent keeper -- forecast --prices eth_usd_1h.csv.gz --gas gas_hourly.csv.gz --json skill.json`;

/** `keeper forecast`: volatility, base fee and pool depth, each with its skill out of sample. */
export function forecastCommand(): Command {
  return new Command("forecast")
    .description("Forecast volatility, base fee and pool depth, and show what each forecast is worth.")
    .option("--prices <file>", "hourly candles of ETH in USD")
    .option("--dvol <file>", "with --prices, hourly candles of an implied volatility index")
    .option("--gas <file>", "gas prices, about hourly or daily")
    .option("--pool <file>", "a pool's ticks, amounts and in-range liquidity, minute by minute")
    .option(
      "--learned",
      "let a learned model take part: boosted trees on what the formula leaves; takes a minute",
    )
    .option("--json <file>", "write all of it as JSON too; - prints it instead of the tables")
    .addHelpText("after", HELP)
    .action(answer);
}

/** Loads what it needs only here, so that other commands and --help start without it. */
async function answer(flags: ForecastFlags): Promise<void> {
  const { runForecast } = await import("./runForecast.ts");
  process.exitCode = runForecast(flags, process);
}
