import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { StrategyRun } from "./result.ts";

type Cell = string | number | null;

/** Writes totals, series and trades of runs into a directory; where `place` ends in `.csv`, the trades alone into that file. */
export function writeCsvFiles(place: string, runs: readonly StrategyRun[]): void {
  if (place.endsWith(".csv")) {
    writeFileSync(place, toCsv(tradeRows(runs)));
    return;
  }
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, "totals.csv"), toCsv(totalRows(runs)));
  writeFileSync(join(place, "series.csv"), toCsv(seriesRows(runs)));
  writeFileSync(join(place, "trades.csv"), toCsv(tradeRows(runs)));
}

function totalRows(runs: readonly StrategyRun[]): Cell[][] {
  const names = Object.keys(runs[0]!.totals);
  return [
    ["strategy", "path", ...names],
    ...runs.map(({ label, path, totals }) => [
      label,
      path,
      ...names.map((name) => totals[name as keyof typeof totals]),
    ]),
  ];
}

function seriesRows(runs: readonly StrategyRun[]): Cell[][] {
  return [
    ["strategy", "path", "time", "spot", "equity", "drift", "low", "high", "gas_gwei"],
    ...runs.flatMap(({ label, path, series }) =>
      series.time.map((time, index): Cell[] => [
        label,
        path,
        time,
        series.spot[index]!,
        series.equity[index]!,
        series.drift[index]!,
        series.low[index]!,
        series.high[index]!,
        series.gasGwei[index]!,
      ]),
    ),
  ];
}

function tradeRows(runs: readonly StrategyRun[]): Cell[][] {
  return [
    [
      "strategy",
      "path",
      "time",
      "spot",
      "trade",
      "reason",
      "gas_usd",
      "fee_usd",
      "impact_usd",
      "before",
      "after",
    ],
    ...runs.flatMap(({ label, path, trades }) =>
      trades.map((one): Cell[] => [
        label,
        path,
        one.time,
        one.spot,
        one.trade,
        one.reason,
        one.gasUsd,
        one.feeUsd,
        one.impactUsd,
        one.before,
        one.after,
      ]),
    ),
  ];
}

function toCsv(rows: readonly (readonly Cell[])[]): string {
  return rows.map((row) => `${row.map(cell).join(",")}\n`).join("");
}

/** Quoted where a comma, a quote or a line break would tell otherwise. */
function cell(value: Cell): string {
  const text = value === null ? "" : String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
