import { Command } from "commander";

import { numberIn, wholeIn } from "./numberFlag.ts";

export interface BacktestFlags {
  readonly prices?: string;
  readonly model?: string;
  readonly days: number;
  readonly spot: number;
  readonly from?: string;
  readonly to?: string;
  readonly paths: number;
  readonly seed: number;
  readonly strategy?: string;
  readonly book: string;
  readonly riskAversion: number;
  readonly unhedged?: true;
  readonly step: number;
  readonly check: number;
  readonly dvol?: string;
  readonly sigma?: number;
  readonly expect: string;
  readonly gas?: string;
  readonly gasGwei?: number;
  readonly gasUnits?: number;
  readonly feeRate: number;
  readonly kappa?: number;
  readonly liquidity?: number;
  readonly fundingRate: number;
  readonly blockTime: number;
  readonly oracleDeviation: number;
  readonly oracleHeartbeat: number;
  readonly collateralRatio: number;
  readonly deltaLimit?: number;
  readonly gammaLimit?: number;
  readonly vegaLimit?: number;
  readonly risk?: true | string;
  readonly minDrift: number;
  readonly maxAge?: number;
  readonly workers?: number;
  readonly state?: string;
  readonly worker?: true;
  readonly points: number;
  readonly detail: number;
  readonly json?: string;
  readonly csv?: string;
  readonly report?: string;
  readonly open?: true;
}

/** What nobody means; beyond it sums would have no value. */
const MOST = {
  ...{ days: 36_500, usd: 1e9, volatility: 10, aversion: 1e3, seconds: 1e9, gwei: 1e6, gas: 1e9, eth: 1e9 },
  ...{ kappa: 1e6, liquidity: 1e30, paths: 1e6, points: 1e6, threads: 1024, ratio: 1e3, vega: 1e12 },
} as const;

const HELP = `
Prices come from candles of any length (--prices: CSV, gzipped or not, with ts in unix seconds, open, high, low, close),
filled in step by step by Brownian bridges that meet every open and extreme; or from a model (--model). Each strategy then
decides every --check seconds by the same code as live. It sees the oracle's price, and its trades are filled at the
market's, a block later. The book is marked at the market with the implied volatility of --dvol or --sigma, or else with
what the past has shown (half-life ten days); for a model with the model's own.

Books (--book): a JSON file, an array of options {type, strike | strikeRatio, cap | capRatio, quantity, tau | expiry, sigma},
quantity negative when short, tau in years, or {"options": […], "roll": true}; or a standard book NAME[:size=100][:days=30]
[:roll=1]: short-call, long-call, short-put, short-straddle, short-strangle, call-spread, risk-reversal, butterfly,
rolling-weekly, rolling-monthly.

Strategies (--strategy): NAME or NAME:key=value:key=value, separated by commas.

Risk is the sum of A/2 d^2 (change of spot)^2, d the drift in ETH; friction is cost and risk. A short hedge owes ether: a
rebalance brings its collateral to --collateral-ratio times the debt, which counts 78 % of it; within 10 % of liquidation
the venue wants margin, and a liquidation closes half of the debt and costs 5 % of that.

The limits (--delta-limit, --gamma-limit, --vega-limit, --max-age) and --risk reach the strategies that run live: optimal-impulse,
threshold, time, volatility, margin and fixed-band. The rules of others play as their owners run them, without either.

With --risk each of the former has the risk state of the live keeper beside it, which looks whenever the strategy is asked and only
tightens: its limits, the risk aversion of optimal-impulse, and what it may trade. It sees depth change with --liquidity only as
the price moves it, and no feed. Its changes are in the JSON, with their reasons.

One job is one strategy on one path; --workers of them are made at a time, and the result does not depend on how many.
With --state, or PostgreSQL in DATABASE_URL, what has been made is kept and never made again by the same code. With
DATABASE_URL the jobs go through its queue: give the same command on other machines, or \`backtest --worker\`.

With --json the output is {version, made, runs: [{strategy, label, path, totals, series, trades, risk?}]}, a file or - for
standard output. --csv writes totals.csv, series.csv and trades.csv into a directory, or the trades alone to a .csv file.

Exit codes: 0 done, 1 failed, 2 bad input.

Examples:
  $ npm run keeper -- backtest --prices eth_usd_1h.csv.gz --from 2024-08-03 --to 2024-08-07 --strategy optimal-impulse
  $ npm run keeper -- backtest --prices eth_usd_1h.csv.gz --from 2023-01-01 --to 2023-12-31 --dvol eth_dvol_1h.csv.gz \\
      --gas gas_daily.csv.gz --book rolling-weekly --strategy optimal-impulse,band-to-edge,crab-v1 --json out.json
  $ npm run keeper -- backtest --model heston --days 30 --paths 200 --strategy optimal-impulse,time:seconds=3600
  $ DATABASE_URL=postgres://… npm run keeper -- backtest --worker`;

/** `keeper backtest`: what strategies would have done, and what it would have cost. */
export function backtestCommand(): Command {
  return new Command("backtest")
    .description("Play strategies over real or generated prices: what they trade, pay and risk.")
    .option("--prices <file>", "candles: ts, open, high, low, close in USD per ETH; CSV, gzipped or not")
    .option("--model <name>", "or generated prices: gbm, heston or jumps")
    .option("--days <days>", "with --model: how long", numberIn({ most: MOST.days }), 30)
    .option("--spot <usd>", "with --model: price at the start", numberIn({ most: MOST.usd }), 3000)
    .option("--from <time>", "begin at this day (UTC) or ISO time; default: of the file")
    .option("--to <time>", "end after this day, or at this ISO time; default: of the file")
    .option("--paths <n>", "paths; of candles, other walks through them", wholeIn(1, MOST.paths), 1)
    .option("--seed <n>", "of what is random", wholeIn(0, Number.MAX_SAFE_INTEGER), 1)
    .option("--strategy <list>", "strategies: NAME[:key=value…][,NAME…]")
    .option("--book <book>", "JSON file or standard book", "rolling-monthly")
    .option(
      "--risk-aversion <A>",
      "absolute risk aversion, 1/USD: see `calibrate`",
      numberIn({ most: MOST.aversion }),
      1e-4,
    )
    .option("--unhedged", "begin without a hedge; default: hedged, at no cost")
    .option("--step <seconds>", "seconds between prices", wholeIn(1, MOST.seconds), 60)
    .option("--check <seconds>", "seconds between decisions", wholeIn(1, MOST.seconds), 300)
    .option("--dvol <file>", "implied volatility: ts, open, high, low, close in per cent a year; CSV")
    .option(
      "--sigma <fraction>",
      "or a constant one, a fraction per root year",
      numberIn({ most: MOST.volatility }),
    )
    .option("--expect <what>", "volatility strategies expect of spot: implied or realised", "implied")
    .option("--gas <file>", "gas prices in gwei: date, avg_gas_price_gwei or ts, average_gwei; CSV")
    .option("--gas-gwei <gwei>", "or a constant one; default 10", numberIn({ least: 0, most: MOST.gwei }))
    .option(
      "--gas-units <gas>",
      "gas a rebalance uses; default: what the keeper assumes",
      numberIn({ most: MOST.gas }),
    )
    .option(
      "--fee-rate <fraction>",
      "proportional cost, a fraction of the value traded",
      numberIn({ least: 0, most: 1 }),
      0.0005,
    )
    .option(
      "--kappa <usd>",
      "price impact, USD per ETH squared; default 0",
      numberIn({ least: 0, most: MOST.kappa }),
    )
    .option(
      "--liquidity <L>",
      "or in-range liquidity of the pool, as it states it",
      numberIn({ least: 1, most: MOST.liquidity }),
    )
    .option(
      "--funding-rate <fraction>",
      "cost of holding a hedge, of its value, a year",
      numberIn({ least: 0, most: MOST.ratio }),
      0,
    )
    .option(
      "--block-time <seconds>",
      "seconds from a decision to its fill",
      numberIn({ least: 0, most: MOST.seconds }),
      12,
    )
    .option(
      "--oracle-deviation <fraction>",
      "move at which the oracle writes; 0: always",
      numberIn({ least: 0, most: 1 }),
      0.005,
    )
    .option(
      "--oracle-heartbeat <seconds>",
      "seconds after which it writes anyway",
      numberIn({ most: MOST.seconds }),
      3600,
    )
    .option(
      "--collateral-ratio <ratio>",
      "collateral over debt of a short hedge; 0: no margin",
      numberIn({ least: 0, most: MOST.ratio }),
      2,
    )
    .option(
      "--delta-limit <eth>",
      "|drift| at which strategies that run live act whatever it costs",
      numberIn({ most: MOST.eth }),
    )
    .option(
      "--gamma-limit <gamma>",
      "|gamma| of the book, ETH per USD, above which that tightens",
      numberIn({ most: MOST.eth }),
    )
    .option(
      "--vega-limit <vega>",
      "|vega| of the book, USD per 1.00 of volatility, likewise",
      numberIn({ most: MOST.vega }),
    )
    .option(
      "--risk [file]",
      "with the live keeper's risk state beside those; its settings as JSON, as a vault's `risk`, or the defaults",
    )
    .option(
      "--min-drift <eth>",
      "|drift| below which the chain refuses a rebalance",
      numberIn({ least: 0, most: MOST.eth }),
      0,
    )
    .option(
      "--max-age <seconds>",
      "seconds after which strategies that run live rebalance whatever it costs",
      numberIn({ most: MOST.seconds }),
    )
    .option("--workers <n>", "threads; default: one for each core", wholeIn(1, MOST.threads))
    .option("--state <directory>", "keep results there, and go on where an earlier run stopped")
    .option("--worker", "make the runs that wait in the queue of DATABASE_URL, until stopped")
    .option("--points <n>", "samples of each series, at most", wholeIn(1, MOST.points), 2000)
    .option(
      "--detail <n>",
      "paths whose series and trades are kept, the first ones",
      wholeIn(1, MOST.paths),
      1,
    )
    .option("--json <file>", "write the result there; - for standard output, in place of the table")
    .option("--csv <place>", "write CSV: a directory, or a .csv file for the trades alone")
    .option("--report <file>", "write a report with pictures there: one HTML file")
    .option("--open", "open the report when it is written")
    .addHelpText("after", HELP)
    .action(answer);
}

/** Loads what it needs only here, so that other commands and --help start without it. */
async function answer(flags: BacktestFlags): Promise<void> {
  const { runBacktest } = await import("./runBacktest.ts");
  process.exitCode = await runBacktest(flags, {
    env: process.env,
    stdout: process.stdout,
    stderr: process.stderr,
  });
}
