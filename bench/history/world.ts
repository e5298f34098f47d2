import { readCandles, type CandleFile } from "../../keeper/backtest/inputs/candles.ts";
import { readGasPrices } from "../../keeper/backtest/inputs/gasPrices.ts";
import { namedBook } from "../../keeper/backtest/inputs/namedBooks.ts";
import { trailingVolatility } from "../../keeper/backtest/inputs/volatility.ts";
import { ENGINE_VERSION, type Scenario, type Series } from "../../keeper/backtest/scenario.ts";
import { ETH_USD_RULE } from "../../keeper/history/chainlinkRule.ts";
import { calibrateRiskAversion } from "../../keeper/math/calibration.ts";
import { normalPdf } from "../../keeper/math/gaussian.ts";

/** Gas of a rebalance on spot with eight series (`npm run bench -- gas`), rounded. */
const GAS_UNITS = 360_000;
const FEE_RATE = 0.0005;
/** USD per ETH²: of a pool as deep as mainnet's at 0.05 %. */
const KAPPA = 0.01;
/** P&L deviation an operator is willing to carry: of the options' notional, a root year. */
const TARGET = 0.03;
/** Options, a strike. */
const SIZE = 100;
const MONTH = 30;

export interface HistoryFiles {
  readonly prices: string;
  /** Daily or hourly gwei; null: an L2, where a transaction costs 0.05 USD. */
  readonly gas: string | null;
}

export interface Period {
  readonly from: string;
  readonly to: string;
}

export interface WorldOptions {
  readonly files: HistoryFiles;
  readonly book: string;
  /** Seconds between prices; decisions are made every five minutes. */
  readonly step: number;
}

const CHECK = 300;
const L2_GAS_USD = 0.05;

/** The market of a period, without anybody's risk aversion. */
export function worldOf(period: Period, { files, book, step }: WorldOptions): Omit<Scenario, "riskAversion"> {
  const file = readCandles({ prices: files.prices, ...period });
  return {
    version: ENGINE_VERSION,
    prices: file.candles,
    step,
    check: CHECK,
    seed: 1,
    book: namedBook(book),
    implied: trailingVolatility(file),
    expected: null,
    costs: {
      gasUnits: GAS_UNITS,
      gasGwei: gweiOf(file, files.gas),
      feeRate: FEE_RATE,
      kappa: KAPPA,
      liquidity: null,
      fundingRate: 0,
      blockTime: files.gas === null ? 2 : 12,
    },
    oracle: ETH_USD_RULE,
    margin: null,
    limits: { delta: null, minDrift: 1e-9, maxAge: null, gamma: null, vega: null },
    startsHedged: true,
  };
}

function gweiOf({ candles }: CandleFile, gas: string | null): Series {
  const end = candles.start + candles.open.length * candles.seconds;
  if (gas !== null) return readGasPrices(gas, { start: candles.start, end });
  // What costs 0.05 USD at the prices of each day.
  const everyDay = Math.max(1, Math.round(86_400 / candles.seconds));
  const days = candles.open.flatMap((price, i) => (i % everyDay === 0 ? [{ i, price }] : []));
  return {
    times: days.map(({ i }) => candles.start + i * candles.seconds),
    values: days.map(({ price }) => (L2_GAS_USD / (GAS_UNITS * price)) * 1e9),
    between: "log",
  };
}

/** The risk aversion that an operator would have calibrated at the end of a past: its last month's prices, volatility and gas. */
export function calibratedOn(past: Omit<Scenario, "riskAversion">, days: number): number {
  const { prices, implied, costs } = past;
  if (prices.kind !== "candles") throw new Error("a past is of candles");
  const spot = prices.close.at(-1)!;
  const sigma = implied.values.at(-1)!;
  const end = prices.start + prices.open.length * prices.seconds;
  const recent = costs.gasGwei.values
    // A day's average, at its noon, is known at its midnight.
    .filter((_, i) => costs.gasGwei.times[i]! > end - MONTH * 86_400 && costs.gasGwei.times[i]! < end)
    .sort((one, other) => one - other);
  const gasUsd = GAS_UNITS * recent[recent.length >> 1]! * 1e-9 * spot;
  const tau = days / 365;
  const gammaCap = (SIZE * normalPdf(0)) / (spot * sigma * Math.sqrt(tau));
  const { feeRate } = costs;
  return calibrateRiskAversion({
    ...{ spot, sigma, gammaCap, gasUsd, feeRate, kappa: KAPPA },
    targetStd: TARGET * SIZE * spot,
  });
}
