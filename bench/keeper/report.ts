import Table from "cli-table3";

import { currentCommit } from "../../scripts/currentCommit.ts";
import { describeMachine, thisMachine, type Machine } from "../machine.ts";
import type { KeeperBenchSettings, Measurements } from "./measure.ts";

/** One figure. */
export interface KeeperRow {
  readonly group: string;
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it should be: at most, or at least, this. */
  readonly target: { readonly most: number } | { readonly least: number } | null;
  readonly met: boolean | null;
}

/** The JSON of `bench keeper`. */
export interface KeeperReport {
  /** Null outside a git checkout. */
  readonly commit: string | null;
  readonly machine: Machine;
  readonly settings: KeeperBenchSettings;
  readonly rows: readonly KeeperRow[];
  readonly measurements: Measurements;
}

type Target = KeeperRow["target"];

/** Vaults that one core is to serve, by seconds between blocks. */
const LEAST_VAULTS: ReadonlyMap<number, number> = new Map([
  [12, 1_000],
  [0.25, 50],
]);
const ONE: Target = { most: 1 };
const NONE: Target = { most: 0 };

export function keeperReport(settings: KeeperBenchSettings, measurements: Measurements): KeeperReport {
  return {
    commit: currentCommit(),
    machine: thisMachine(measurements.load),
    settings,
    rows: rowsOf(measurements),
    measurements,
  };
}

function rowsOf({ latency, calls, capacity, memory, pool }: Measurements): KeeperRow[] {
  const rows: KeeperRow[] = [];
  for (const { engine, p50, p99, rpcShare, databaseShare, computingShare } of latency) {
    const group = `Block seen to transaction broadcast, Hardhat node over HTTP, ${ENGINES[engine]}`;
    rows.push(
      row(group, "p50", p50, "ms"),
      row(group, "p99", p99, "ms"),
      row(group, "share spent waiting on RPC", 100 * rpcShare, "%"),
      row(group, "share spent on the database", 100 * databaseShare, "%"),
      row(group, "share spent computing", 100 * computingShare, "%"),
    );
  }
  for (const [decision, of] of [
    ["hold", calls.hold],
    ["trade", calls.trade],
  ] as const) {
    const group = `RPC calls of a decision to ${decision}`;
    const isTrade = decision === "trade";
    rows.push(
      row(group, "read", of.read, "", ONE),
      row(group, "simulate", of.simulate, "", isTrade ? ONE : NONE),
      row(group, "send", of.send, "", isTrade ? ONE : NONE),
      row(group, "lane, for all vaults: the account's nonce while something is pending", of.nonce, ""),
      row(group, "lane: receipts", of.receipt, ""),
      row(group, "lane: the account's balance, every ten blocks", of.other, ""),
    );
  }
  for (const { interval, best, trials } of capacity) {
    const group = `Vaults of one process, a block every ${String(interval)} s, recorded answers of a node`;
    const least = LEAST_VAULTS.get(interval);
    const target = least === undefined ? null : { least };
    rows.push(row(group, "vaults with nothing skipped", best?.vaults ?? 0, "", target));
    const first = trials[0];
    for (const trial of new Set([first, best])) {
      if (trial === null || trial === undefined) continue;
      const at = `at ${count(trial.vaults)} vaults`;
      rows.push(
        row(group, `${at}: CPU a vault and block`, 1000 * trial.cpuPerDecision, "ms"),
        row(group, `${at}: the last decided after`, trial.slowest, "s"),
        row(group, `${at}: requests for the head a block`, trial.headCalls, ""),
      );
    }
  }
  const slope = `Memory of a vault, between 1 and ${count(memory.vaults)}`;
  rows.push(row(slope, "resident", memory.rss / 1024, "KiB"), row(slope, "heap", memory.heap / 1024, "KiB"));
  for (const { endpoints, asked, latency: added, cpu } of pool) {
    const name = `${String(endpoints)} endpoint${endpoints === 1 ? "" : "s"}, ${String(asked)} asked`;
    const group = "RPC pool, added to bare requests";
    rows.push(
      row(group, `${name}: latency`, added, "µs"),
      row(group, `${name}: CPU of a request`, cpu, "µs"),
    );
  }
  return rows;
}

const ENGINES = { pglite: "PGlite on disk", postgres: "PostgreSQL" } as const;

function row(group: string, name: string, value: number, unit: string, target: Target = null): KeeperRow {
  const met = target === null ? null : "most" in target ? value <= target.most : value >= target.least;
  return { group, name, value, unit, target, met };
}

export function renderKeeperReport({ machine, rows }: KeeperReport): string {
  const table = new Table({
    head: ["", "", "target", ""],
    colAligns: ["left", "right", "right", "left"],
    style: { head: [], border: [], compact: true },
  });
  let group = "";
  for (const { name, value, unit, target, met, ...row } of rows) {
    if (row.group !== group) table.push([{ colSpan: 4, content: row.group.toUpperCase() }]);
    group = row.group;
    const bound =
      target === null ? "" : "most" in target ? `≤ ${count(target.most)}` : `≥ ${count(target.least)}`;
    table.push([`  ${name}`, `${digits(value)} ${unit}`.trimEnd(), bound, verdict(met)]);
  }
  const targets = rows.filter(({ met }) => met !== null);
  const met = targets.filter((each) => each.met === true).length;
  return [
    describeMachine(machine),
    table.toString(),
    "The vaults of one process are served recorded answers by a small HTTP server in another: what is measured is the keeper, not a node.",
    `${String(met)} of ${String(targets.length)} targets met`,
  ].join("\n");
}

function verdict(met: boolean | null): string {
  if (met === null) return "";
  return met ? "met" : "missed";
}

function digits(value: number): string {
  return Number.isInteger(value) ? count(value) : value.toPrecision(3);
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}
