import Table from "cli-table3";

import type { Scenario } from "./scenario.ts";
import type { RunResult } from "./playRun.ts";

/** The whole story of one scenario as text: its sources, then one column a strategy. */
export function renderTable(scenario: Scenario, runs: readonly RunResult[]): string {
  const table = new Table({
    head: ["", ...runs.map(({ title }) => title)],
    colAligns: ["left", ...runs.map(() => "right" as const)],
    style: { head: [], border: [] },
  });
  for (const [label, show] of ROWS) table.push([label, ...runs.map(show)]);
  const { prices, volatility, baseFee } = scenario.sources;
  return [
    `prices      ${prices}`,
    `volatility  ${volatility}`,
    `base fee    ${baseFee}`,
    table.toString(),
  ].join("\n");
}

const ROWS: readonly (readonly [string, (run: RunResult) => string])[] = [
  ["rebalances", ({ totals }) => String(totals.rebalances)],
  ["holds", ({ holds }) => holds.toLocaleString("en-US")],
  ["mean |drift| before, ETH", ({ totals }) => totals.driftBefore.toFixed(2)],
  ["mean |drift| after, ETH", ({ totals }) => totals.driftAfter.toFixed(2)],
  ["volume, ETH", ({ totals }) => totals.volumeEth.toFixed(0)],
  ["gas, USD", ({ totals }) => usd(totals.gasUsd)],
  [
    "gas a rebalance, units",
    ({ totals }) => (totals.rebalances ? whole(totals.gasUsed / totals.rebalances) : "-"),
  ],
  ["fee, USD", ({ totals }) => usd(totals.feeUsd)],
  ["slippage against the oracle, USD", ({ totals }) => usd(totals.slippageUsd)],
  ["hedging cost, USD", ({ totals }) => usd(totals.gasUsd + totals.feeUsd + totals.slippageUsd)],
  ["P&L hedged, after gas, USD", ({ pnlHedged }) => usd(pnlHedged)],
  ["P&L unhedged, USD", ({ pnlUnhedged }) => usd(pnlUnhedged)],
  ["hourly P&L deviation hedged, USD", ({ deviationHedged }) => usd(deviationHedged)],
  ["hourly P&L deviation unhedged, USD", ({ deviationUnhedged }) => usd(deviationUnhedged)],
  [
    "lowest health factor of the short",
    ({ lowestHealth }) => (lowestHealth === null ? "-" : lowestHealth.toFixed(2)),
  ],
  ["NAV at the end, USDC", ({ nav }) => usd(nav)],
  ["share price, USDC", ({ sharePrice }) => sharePrice.toFixed(6)],
  ["holders paid to the unit", ({ paid, holders }) => `${String(paid)} of ${String(holders)}`],
  ["redeemed, USDC", ({ redeemed }) => usd(redeemed)],
];

function usd(value: number): string {
  return value.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

function whole(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 0 });
}
