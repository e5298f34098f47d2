import { readFileSync, writeFileSync } from "node:fs";

import type { GasRow } from "./row.ts";

/** The committed gas of every row, by name. */
export type GasSnapshot = Readonly<Record<string, number>>;

const FILE = new URL("../gas.snapshot.json", import.meta.url);
/** What a row may differ from the snapshot, as a fraction: gas is exact, but who changes a contract need not post every unit. */
const TOLERANCE = 0.02;

export function readSnapshot(): GasSnapshot {
  return JSON.parse(readFileSync(FILE, "utf8")) as GasSnapshot;
}

export function writeSnapshot(rows: readonly GasRow[]): void {
  const snapshot: GasSnapshot = Object.fromEntries(rows.map(({ name, gas }) => [name, gas]));
  writeFileSync(FILE, `${JSON.stringify(snapshot, null, 2)}\n`);
}

/** One line for each row that is not as the snapshot has it, and for each target met there and missed here. */
export function compareWithSnapshot(rows: readonly GasRow[], snapshot: GasSnapshot): string[] {
  const differences: string[] = [];
  for (const { name, gas, target } of rows) {
    const before = snapshot[name];
    if (before === undefined) {
      differences.push(`${name}: not in the snapshot`);
    } else if (target !== null && before <= target && gas > target) {
      differences.push(`${name}: ${String(gas)}, its target of ${String(target)} was met`);
    } else if (Math.abs(gas - before) > TOLERANCE * before) {
      differences.push(`${name}: ${String(gas)}, not ${String(before)}`);
    }
  }
  const measured = new Set(rows.map(({ name }) => name));
  for (const name of Object.keys(snapshot)) {
    if (!measured.has(name)) differences.push(`${name}: no longer measured`);
  }
  return differences;
}
