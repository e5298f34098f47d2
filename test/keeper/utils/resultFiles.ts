import type { BacktestFile, RunTotals, StrategyRun } from "../../../keeper/backtest/result.ts";
import { Random } from "../../../keeper/math/random.ts";

const START = Date.UTC(2024, 0, 1) / 1000;
const YEAR = 366 * 86_400;

export interface ResultOrder {
  readonly labels: readonly string[];
  readonly paths?: number;
  /** Paths with series and trades. */
  readonly detailed?: number;
  readonly points?: number;
  /** Recorded of each run. */
  readonly trades?: number;
}

/** A result as `keeper backtest --json` writes it: its shape and sizes, with numbers that are made up. */
export function backtestFile({
  labels,
  paths = 1,
  detailed = 1,
  points = 300,
  trades = 20,
}: ResultOrder): BacktestFile {
  const random = new Random(7);
  const runs = labels.flatMap((label) =>
    Array.from({ length: paths }, (_, path) =>
      runOf(label, path, path < detailed ? { points, trades } : null, random),
    ),
  );
  return {
    version: 1,
    made: {
      source: "made up",
      from: "2024-01-01T00:00:00Z",
      to: "2025-01-01T00:00:00Z",
      ...{ step: 60, check: 300, seed: 1, paths },
      book: "short-call",
      volatility: "60 %",
      expected: "as implied",
      oracle: "the market",
      margin: "none",
      costs: {
        gas: "10 gwei",
        ...{ gasUnits: 830_000, feeRate: 0.0005, kappa: 0, liquidity: null, fundingRate: 0, blockTime: 12 },
      },
      riskAversion: 0.0001,
    },
    runs,
  };
}

function runOf(
  label: string,
  path: number,
  detail: { readonly points: number; readonly trades: number } | null,
  random: Random,
): StrategyRun {
  const [name, ...settings] = label.split(":");
  const params = Object.fromEntries(
    settings.map((each) => each.split("=")).map(([key, value]) => [key, Number(value)]),
  );
  const indices = Array.from({ length: detail?.points ?? 0 }, (_, index) => index);
  const line = (scale: number) => indices.map(() => scale * random.normal());
  const time = indices.map((index) => START + Math.floor((index * YEAR) / Math.max(1, indices.length - 1)));
  return {
    strategy: { name: name!, params },
    label,
    path,
    totals: totalsOf(random, detail?.trades ?? 40),
    series: {
      time,
      spot: line(1).map((value) => 3000 + value),
      equity: line(5000),
      drift: line(20),
      low: line(1).map((value) => -30 + value),
      high: line(1).map((value, index) => (index === 0 ? null : 30 + value)),
      gasGwei: line(1).map((value) => 20 + value),
    },
    trades: Array.from({ length: detail?.trades ?? 0 }, (_, index) => ({
      time: START + index * 1000,
      spot: 3000 + random.normal(),
      trade: 10 * random.normal(),
      reason: "gain-over-gas" as const,
      gasUsd: 10 * random.uniform(),
      feeUsd: random.uniform(),
      impactUsd: random.uniform(),
      before: 20 * random.normal(),
      after: random.normal(),
    })),
  };
}

function totalsOf(random: Random, trades: number): RunTotals {
  const some = () => 1000 * (1 + random.uniform());
  const [gasUsd, feeUsd, riskUsd, optionUsd, hedgeUsd] = [some(), some(), some(), -some(), some()];
  const costUsd = gasUsd + feeUsd;
  return {
    ...{ trades, turnoverEth: some(), gasUsd, feeUsd, impactUsd: 0, fundingUsd: 0, penaltyUsd: 0, costUsd },
    ...{ pnlUsd: optionUsd + hedgeUsd - costUsd, optionUsd, hedgeUsd, trackingStd: some(), deltaStd: some() },
    ...{
      riskUsd,
      frictionUsd: costUsd + riskUsd,
      worstDrift: some(),
      maxDrawdownUsd: some(),
      breachSeconds: 0,
    },
    ...{ liquidations: 0, steps: 1000, decisions: 200 },
  };
}
