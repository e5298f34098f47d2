import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

import { InputError } from "../history/inputError.ts";
import type { StrategyRun } from "./result.ts";

type Cell = string | number | null;

/** What a directory gets. */
const TABLES = { "totals.csv": totalRows, "series.csv": seriesRows, "trades.csv": tradeRows } as const;

/**
 * The files {@link writeCsvFiles} writes at `place`; a directory that is not there is made.
 * @throws InputError when it cannot be.
 */
export function csvFilesAt(place: string): string[] {
  if (isFile(place)) return [place];
  try {
    makeDirectory(resolve(place));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new InputError(`--csv ${place} cannot be made: ${code ?? message}`);
  }
  return Object.keys(TABLES).map((name) => join(place, name));
}

/** Writes totals, series and trades of runs into a directory; where `place` ends in `.csv`, the trades alone into that file. */
export function writeCsvFiles(place: string, runs: readonly StrategyRun[]): void {
  if (isFile(place)) {
    writeFileSync(place, toCsv(tradeRows(runs)));
    return;
  }
  makeDirectory(resolve(place));
  for (const [name, rowsOf] of Object.entries(TABLES)) writeFileSync(join(place, name), toCsv(rowsOf(runs)));
}

function isFile(place: string): boolean {
  return place.endsWith(".csv") && !isDirectory(place);
}

function isDirectory(place: string): boolean {
  return statSync(place, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** With those it lies in. `mkdirSync` never comes back where a file system like /proc takes no directories. */
function makeDirectory(path: string): void {
  if (isDirectory(path)) return;
  if (dirname(path) !== path) makeDirectory(dirname(path));
  mkdirSync(path);
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
