import Table from "cli-table3";

import { atLeast } from "../backtest/riskWatch.ts";
import type { BacktestHeader, RunTotals, StrategyRun } from "../backtest/result.ts";

const HEAD = ["strategy", "trades", "gas", "fees", "impact", "cost", "risk", "friction"];
const MORE = ["tracking std", "worst drift", "max drawdown", "P&L"];

/** What the strategies came to, one row each; means over the paths where there are several. */
export function backtestTable(made: BacktestHeader, runs: readonly StrategyRun[]): string {
  const table = new Table({
    style: { head: [], border: [], compact: true },
    head: [...HEAD, ...MORE],
    colAligns: ["left", ...[...HEAD, ...MORE].slice(1).map(() => "right" as const)],
  });
  const labels = [...new Set(runs.map(({ label }) => label))];
  for (const label of labels) {
    const totals = runs.filter((run) => run.label === label).map((run) => run.totals);
    const mean = (of: (one: RunTotals) => number) =>
      totals.reduce((sum, one) => sum + of(one), 0) / totals.length;
    const most = (of: (one: RunTotals) => number) => Math.max(...totals.map(of));
    const trades = mean((one) => one.trades);
    table.push([
      label,
      Number.isInteger(trades) ? trades : trades.toFixed(1),
      usd(mean((one) => one.gasUsd)),
      usd(mean((one) => one.feeUsd)),
      usd(mean((one) => one.impactUsd)),
      usd(mean((one) => one.costUsd)),
      usd(mean((one) => one.riskUsd)),
      usd(mean((one) => one.frictionUsd)) + errorOf(totals),
      usd(mean((one) => one.trackingStd)),
      most((one) => one.worstDrift).toFixed(2),
      usd(most((one) => one.maxDrawdownUsd)),
      usd(mean((one) => one.pnlUsd)),
    ]);
  }
  const [first] = runs;
  const liquidations = runs.reduce((sum, { totals }) => sum + totals.liquidations, 0);
  return [
    `${made.source}; ${made.book}`,
    `volatility ${made.volatility}; gas ${made.costs.gas}; risk aversion ${String(made.riskAversion)} per USD`,
    table.toString(),
    `USD; worst drift in ETH; tracking std in USD per root year. Friction = cost + risk.` +
      (made.paths > 1 ? ` Means of ${String(made.paths)} paths, the worst of drift and drawdown.` : "") +
      (liquidations > 0 ? ` Liquidations: ${String(liquidations)}.` : ""),
    ...(made.risk === undefined ? [] : [riskChanges(made.paths, labels, runs)]),
    ...(first !== undefined && first.totals.decisions === 0 ? ["Nothing was decided."] : []),
  ].join("\n");
}

/** How often the risk state changed beside each strategy that has one: a mean where there are several paths. */
function riskChanges(paths: number, labels: readonly string[], runs: readonly StrategyRun[]): string {
  const counts = labels.flatMap((label) => {
    const changes = runs.flatMap((run) => (run.label === label && run.risk ? [run.risk.length] : []));
    if (changes.length === 0) return [];
    const mean = changes.reduce((sum, count) => sum + count, 0) / changes.length;
    return [`${label} ${atLeast(changes)}${paths > 1 ? mean.toFixed(1) : String(mean)}`];
  });
  if (counts.length === 0) return "These rules of others have no risk state.";
  const without = counts.length < labels.length ? " The rules of others have no risk state." : "";
  return `Changes of the risk state${paths > 1 ? ", mean of a path" : ""}: ${counts.join(", ")}.${without}`;
}

/** Standard error of mean friction. */
function errorOf(totals: readonly RunTotals[]): string {
  if (totals.length < 2) return "";
  const mean = totals.reduce((sum, one) => sum + one.frictionUsd, 0) / totals.length;
  const squares = totals.reduce((sum, one) => sum + (one.frictionUsd - mean) ** 2, 0);
  return ` ± ${usd(Math.sqrt(squares / (totals.length - 1) / totals.length))}`;
}

function usd(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
