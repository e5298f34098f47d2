import Table from "cli-table3";
import hre from "hardhat";

import { currentCommit } from "../../scripts/currentCommit.ts";
import type { Measurements } from "./measure.ts";
import type { AccuracyRow, GasRow } from "./row.ts";

/** What the contracts were compiled with: codegen alone moves gas by a quarter. */
export interface CompilerSettings {
  readonly solc: string;
  readonly viaIR: boolean;
  readonly runs: number;
  readonly evmVersion: string;
}

/** The JSON of `bench gas`. */
export interface GasReport {
  readonly settings: CompilerSettings;
  /** Null outside a git checkout. */
  readonly commit: string | null;
  readonly rows: readonly GasRow[];
  readonly accuracy: readonly AccuracyRow[];
}

export function gasReport({ groups, accuracy }: Measurements): GasReport {
  return {
    settings: compilerSettings(),
    commit: currentCommit(),
    rows: groups.flatMap(({ rows }) => rows),
    accuracy,
  };
}

/** One table under its settings. */
export function renderReport({ groups, accuracy }: Measurements, { settings, rows }: GasReport): string {
  const table = new Table({
    head: ["", "gas", "target", ""],
    colAligns: ["left", "right", "right", "left"],
    style: { head: [], border: [], compact: true },
  });
  for (const { title, rows: group } of groups) {
    table.push([{ colSpan: 4, content: title.toUpperCase() }]);
    for (const { name, gas, target, met } of group) {
      table.push([`  ${name}`, count(gas), target === null ? "" : count(target), verdict(met)]);
    }
  }
  table.push([{ colSpan: 4, content: "ACCURACY, LARGEST ERROR" }]);
  for (const { name, error, target, met } of accuracy) {
    table.push([`  ${name}`, error.toExponential(1), target.toExponential(0), verdict(met)]);
  }
  const targets = [...rows.filter(({ met }) => met !== null), ...accuracy];
  const met = targets.filter((row) => row.met === true).length;
  const { solc, viaIR, runs, evmVersion } = settings;
  return [
    `solc ${solc}, ${viaIR ? "via-IR" : "legacy codegen"}, runs ${runs.toExponential(0)}, ${evmVersion}`,
    table.toString(),
    `${String(met)} of ${String(targets.length)} targets met`,
  ].join("\n");
}

function count(gas: number): string {
  return gas.toLocaleString("en-US");
}

function verdict(met: boolean | null): string {
  if (met === null) return "";
  return met ? "met" : "missed";
}

function compilerSettings(): CompilerSettings {
  const compiler = hre.config.solidity.profiles["default"]!.compilers[0]!;
  const settings = compiler.settings as {
    viaIR: boolean;
    optimizer: { runs: number };
    evmVersion: string;
  };
  return {
    solc: compiler.version,
    viaIR: settings.viaIR,
    runs: settings.optimizer.runs,
    evmVersion: settings.evmVersion,
  };
}
