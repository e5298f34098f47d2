import { existsSync } from "node:fs";

import type { BacktestFlags } from "./backtest.ts";
import { InputError } from "../history/inputError.ts";
import { formatInstant, parseFrom } from "../history/instant.ts";
import { ETHER } from "../history/heston.ts";
import { ASSUMED_GAS } from "../market/rebalanceCost.ts";
import type { BacktestHeader } from "../backtest/result.ts";
import {
  ENGINE_VERSION,
  type BookSpec,
  type CandleColumns,
  type Costs,
  type Margin,
  type ModelPrices,
  type Scenario,
  type Series,
} from "../backtest/scenario.ts";
import { JUMP_VARIANCE } from "../backtest/pricePath.ts";
import { constantSeries } from "../backtest/seriesCursor.ts";
import { readBook } from "../backtest/inputs/bookFile.ts";
import { readCandles, type CandleFile } from "../backtest/inputs/candles.ts";
import { readGasPrices } from "../backtest/inputs/gasPrices.ts";
import { isBookName, namedBook } from "../backtest/inputs/namedBooks.ts";
import { readRiskSettings } from "../backtest/inputs/riskFile.ts";
import { HALF_LIFE, readImpliedVolatility, trailingVolatility } from "../backtest/inputs/volatility.ts";

const DEFAULT_GWEI = 10;
/** Of prices that are made up; any time will do. */
const MODEL_START = "2025-01-01";
/** Aave's for USDC as collateral, rounded; half of a debt can be liquidated at a time. */
const MARGIN: Omit<Margin, "collateralRatio"> = {
  liquidationThreshold: 0.78,
  trigger: 0.1,
  closeFactor: 0.5,
  penalty: 0.05,
};
/** Prices of a path: 2.4 GB for a thread. */
const MOST_PRICES = 3e8;
/** Of what `withLimits` keeps strategies to. */
const WHOSE = "for the strategies that run live, not for the rules of others";
const MODELS = ["gbm", "heston", "jumps"] as const;

/** A scenario, and in words what it is. */
export interface DescribedScenario {
  readonly scenario: Scenario;
  readonly made: BacktestHeader;
}

interface Prices {
  readonly prices: CandleColumns | ModelPrices;
  readonly source: string;
  readonly start: number;
  readonly end: number;
  readonly file: CandleFile | null;
}

/** The world the flags describe. @throws InputError when a file or a flag cannot be used. */
export function scenarioOf(flags: BacktestFlags): DescribedScenario {
  if (flags.check % flags.step !== 0)
    throw new InputError(
      `--check ${String(flags.check)} is not a whole number of --step ${String(flags.step)}`,
    );
  const prices = pricesOf(flags);
  const count = (prices.end - prices.start) / flags.step;
  if (count > MOST_PRICES)
    throw new InputError(
      `--step ${String(flags.step)} makes ${String(count)} prices, at most ${String(MOST_PRICES)} can be played`,
    );
  const implied = impliedOf(flags, prices);
  const expected = expectedOf(flags, prices);
  const { costs, gas } = costsOf(flags, prices);
  const book = bookOf(flags.book, prices.start);
  const { seed, step, check, riskAversion, oracleDeviation: deviation, oracleHeartbeat: heartbeat } = flags;
  const margin = flags.collateralRatio > 0 ? { collateralRatio: flags.collateralRatio, ...MARGIN } : null;
  if (margin !== null && margin.collateralRatio * margin.liquidationThreshold <= 1 + margin.trigger)
    throw new InputError(
      `--collateral-ratio ${String(margin.collateralRatio)} is liquidated at once: it must be above 1.41`,
    );
  const scenario: Scenario = {
    version: ENGINE_VERSION,
    prices: prices.prices,
    ...{ step, check, seed, book, costs, margin, riskAversion },
    implied: implied.series,
    expected: expected.series,
    oracle: deviation > 0 ? { deviation, heartbeat } : null,
    limits: {
      delta: flags.deltaLimit ?? null,
      minDrift: flags.minDrift,
      maxAge: flags.maxAge ?? null,
      gamma: flags.gammaLimit ?? null,
      vega: flags.vegaLimit ?? null,
    },
    startsHedged: flags.unhedged !== true,
    ...(flags.risk === undefined ? {} : { risk: readRiskSettings(flags.risk === true ? null : flags.risk) }),
  };
  const { gasUnits, feeRate, kappa, liquidity, fundingRate, blockTime } = costs;
  return {
    scenario,
    made: {
      source: prices.source,
      from: formatInstant(prices.start),
      to: formatInstant(prices.end),
      ...{ step, check, seed, riskAversion },
      paths: flags.paths,
      book: book.name,
      volatility: implied.source,
      expected: expected.source,
      oracle:
        scenario.oracle === null
          ? "the market"
          : `a round at ${percent(deviation)} or after ${String(heartbeat)} s`,
      margin:
        margin === null
          ? "none"
          : `collateral ${String(margin.collateralRatio)} times the debt, counted ${percent(margin.liquidationThreshold)}; ` +
            `a liquidation closes ${percent(margin.closeFactor)} and costs ${percent(margin.penalty)} of it`,
      ...wordsOf(flags),
      costs: { gas, gasUnits, feeRate, kappa, liquidity, fundingRate, blockTime },
    },
  };
}

/** Hard limits and risk state, and that they are not those of all strategies. */
function wordsOf({
  deltaLimit,
  gammaLimit,
  vegaLimit,
  maxAge,
  risk,
}: BacktestFlags): Pick<BacktestHeader, "limits" | "risk"> {
  const limits = [
    ...(deltaLimit === undefined ? [] : [`|drift| ${String(deltaLimit)} ETH`]),
    ...(gammaLimit === undefined ? [] : [`|gamma| ${String(gammaLimit)} ETH per USD`]),
    ...(vegaLimit === undefined ? [] : [`|vega| ${String(vegaLimit)} USD per 1.00 of volatility`]),
    ...(maxAge === undefined ? [] : [`age ${String(maxAge)} s`]),
  ];
  return {
    ...(limits.length === 0 ? {} : { limits: `${limits.join(", ")}; ${WHOSE}` }),
    ...(risk === undefined
      ? {}
      : {
          risk: `${risk === true ? "as the live keeper's defaults have it" : `as ${risk} has it`}; ${WHOSE}`,
        }),
  };
}

function pricesOf(flags: BacktestFlags): Prices {
  if ((flags.prices === undefined) === (flags.model === undefined))
    throw new InputError("either --prices or --model is needed");
  return flags.prices === undefined ? modelOf(flags) : candlesOf(flags, flags.prices);
}

function candlesOf({ from, to, step }: BacktestFlags, prices: string): Prices {
  const file = readCandles({ prices, from, to });
  const { start, seconds, open } = file.candles;
  if (seconds % step !== 0)
    throw new InputError(
      `--step ${String(step)} does not divide the candles of ${prices}: ${String(seconds)} s`,
    );
  return { prices: file.candles, source: file.source, start, end: start + open.length * seconds, file };
}

function modelOf({ model, days, spot, from, to, sigma, step }: BacktestFlags): Prices {
  const name = MODELS.find((known) => known === model);
  if (name === undefined) throw new InputError(`--model ${model!} is not one of ${MODELS.join(", ")}`);
  if (to !== undefined) throw new InputError("--to goes with --prices; with --model it is --days");
  const start = parseFrom("--from", from ?? MODEL_START);
  const seconds = Math.floor((days * 86_400) / step) * step;
  if (seconds < step) throw new InputError(`--days ${String(days)} is less than a --step`);
  const volatility = sigma ?? ETHER.volatility;
  if (name === "jumps" && volatility ** 2 <= JUMP_VARIANCE)
    throw new InputError(
      `--sigma ${String(volatility)} is less than jumps alone have: ${Math.sqrt(JUMP_VARIANCE).toFixed(2)}`,
    );
  const source = `${name}, volatility ${percent(volatility)}, from ${String(spot)} USD`;
  const prices: ModelPrices = { kind: "model", model: name, start, seconds, spot, volatility };
  return { prices, source, start, end: start + seconds, file: null };
}

interface DescribedSeries<T> {
  readonly series: T;
  readonly source: string;
}

function impliedOf({ dvol, sigma }: BacktestFlags, prices: Prices): DescribedSeries<Series> {
  if (dvol !== undefined && sigma !== undefined && prices.file !== null)
    throw new InputError("only one of --dvol and --sigma can be given");
  if (dvol !== undefined) return { series: readImpliedVolatility(dvol, prices), source: `implied, ${dvol}` };
  if (prices.prices.kind === "model") {
    const { volatility } = prices.prices;
    return { series: constantSeries(volatility), source: `the model's, ${percent(volatility)}` };
  }
  if (sigma !== undefined) return { series: constantSeries(sigma), source: `constant, ${percent(sigma)}` };
  return { series: trailingVolatility(prices.file!), source: trailing() };
}

function expectedOf({ expect }: BacktestFlags, prices: Prices): DescribedSeries<Series | null> {
  if (expect === "implied") return { series: null, source: "as implied" };
  if (expect !== "realised") throw new InputError(`--expect ${expect} is neither implied nor realised`);
  if (prices.file === null) throw new InputError("--expect realised goes with --prices");
  return { series: trailingVolatility(prices.file), source: trailing() };
}

function trailing(): string {
  return `realised until then, half-life ${String(HALF_LIFE / 86_400)} days`;
}

function costsOf(flags: BacktestFlags, prices: Prices): { readonly costs: Costs; readonly gas: string } {
  const { gas, gasGwei, feeRate, kappa, liquidity, fundingRate, blockTime } = flags;
  if (gas !== undefined && gasGwei !== undefined)
    throw new InputError("only one of --gas and --gas-gwei can be given");
  if (kappa !== undefined && liquidity !== undefined)
    throw new InputError("only one of --kappa and --liquidity can be given");
  const gwei = gasGwei ?? DEFAULT_GWEI;
  return {
    gas: gas ?? `${String(gwei)} gwei`,
    costs: {
      gasUnits: flags.gasUnits ?? Number(ASSUMED_GAS),
      gasGwei: gas === undefined ? constantSeries(gwei) : readGasPrices(gas, prices),
      kappa: liquidity === undefined ? (kappa ?? 0) : null,
      liquidity: liquidity ?? null,
      ...{ feeRate, fundingRate, blockTime },
    },
  };
}

function bookOf(text: string, start: number): BookSpec {
  const book = isBookName(text) && !existsSync(text) ? namedBook(text) : readBook(text);
  if (!book.entries.some(({ expiry }) => expiry === undefined || expiry > start))
    throw new InputError(`--book ${text}: all of it has expired by ${formatInstant(start)}`);
  return book;
}

function percent(fraction: number): string {
  return `${String(Number((100 * fraction).toPrecision(6)))} %`;
}
