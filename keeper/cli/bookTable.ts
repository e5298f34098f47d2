import Table from "cli-table3";

import type { BookAnswer, FleetAnswer, VaultAnswer } from "./showBook.ts";

type Column<Row> = readonly [head: string, unit: string, show: (row: Row) => string];

const PLACE: readonly Column<VaultAnswer>[] = [
  ["chain", "", ({ chainId }) => String(chainId)],
  ["block", "", ({ block }) => String(block)],
];
const WORTH: readonly Column<BookAnswer>[] = [
  ["price", "USD", ({ price }) => fixed(price, 2)],
  ["NAV", "USDC", ({ nav }) => fixed(nav, 0)],
  ["delta", "ETH", ({ delta }) => fixed(delta, 2)],
  ["gamma", "ETH/USD", ({ gamma }) => fixed(gamma, 4)],
  ["vega", "USD", ({ vega }) => fixed(vega, 0)],
  ["theta", "USD/year", ({ theta }) => fixed(theta, 0)],
];
const RISK: readonly Column<BookAnswer>[] = [
  ["hedge", "ETH", ({ hedge }) => fixed(hedge, 2)],
  ["drift", "ETH", ({ drift }) => fixed(drift, 2)],
  ["limit", "ETH", ({ limit }) => fixed(limit, 2)],
  ["margin", "", ({ margin }) => (margin === null ? "-" : percent(margin))],
  ["low", "USD", ({ breach }) => price(breach.low)],
  ["high", "USD", ({ breach }) => price(breach.high)],
  ["P(delta)", "", ({ breach }) => percent(breach.delta)],
  ["P(margin)", "", ({ breach }) => percent(breach.margin)],
  ["P(any)", "", ({ breach }) => percent(breach.any)],
];

/**
 * What the books are worth, then how near they are to their limits: one row a vault, the fleet's last. A vault that could not
 * be read says why in its place.
 */
export function renderBook({ horizon, vaults, fleet }: FleetAnswer): string {
  const worth = section(vaults, fleet, PLACE, WORTH);
  const risk = section(vaults, fleet, [], RISK);
  const about = `Breach: the probability within ${horizon.toLocaleString("en-US")} s, without a rebalance.`;
  return (fleet === null ? [worth] : [worth, risk, about]).join("\n\n");
}

function section(
  vaults: FleetAnswer["vaults"],
  fleet: BookAnswer | null,
  place: readonly Column<VaultAnswer>[],
  columns: readonly Column<BookAnswer>[],
): string {
  const all = [...place, ...columns];
  const table = new Table({
    head: ["", ...all.map(([head]) => head)],
    colAligns: ["left", ...all.map(() => "right" as const)],
    chars: {
      ...{ top: "", "top-mid": "", "top-left": "", "top-right": "" },
      ...{ bottom: "", "bottom-mid": "", "bottom-left": "", "bottom-right": "" },
      ...{ left: "", "left-mid": "", mid: "", "mid-mid": "", right: "", "right-mid": "", middle: " " },
    },
    style: { head: [], border: [], "padding-left": 0, "padding-right": 1, compact: true },
  });
  const blank = place.map(() => "");
  table.push(["", ...all.map(([, unit]) => unit)]);
  // As wide as every name, also of the rows put in below.
  const width = Math.max(...vaults.map(({ name }) => name.length));
  for (const row of vaults) {
    if (!("error" in row)) table.push([row.name.padEnd(width), ...all.map(([, , show]) => show(row))]);
  }
  if (fleet !== null) table.push(["fleet", ...blank, ...columns.map(([, , show]) => show(fleet))]);
  const [head, units, ...rows] = table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd());
  const rule = "─".repeat(Math.max(...[head!, ...rows].map((line) => line.length)));
  for (const [index, row] of vaults.entries()) {
    if ("error" in row) rows.splice(index, 0, `${row.name.padEnd(width)} not read: ${row.error}`);
  }
  return [head, units, rule, ...rows].join("\n");
}

function fixed(value: number, digits: number): string {
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function price(value: number | null): string {
  return value === null ? "-" : fixed(value, 2);
}

/** A probability that is not 0 does not show as 0, nor one below 1 as 1. */
function percent(part: number): string {
  if (part > 0 && part < 5e-5) return "< 0.01 %";
  if (part < 1 && part > 0.99995) return "> 99.99 %";
  return `${fixed(100 * part, 2)} %`;
}
