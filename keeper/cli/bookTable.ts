import Table from "cli-table3";

import type { BookAnswer, FleetAnswer } from "./showBook.ts";

type Column = readonly [head: string, unit: string, show: (row: BookAnswer) => string];

const COLUMNS: readonly Column[] = [
  ["price", "USD", ({ price }) => fixed(price, 2)],
  ["NAV", "USDC", ({ nav }) => fixed(nav, 0)],
  ["delta", "ETH", ({ delta }) => fixed(delta, 2)],
  ["gamma", "ETH/USD", ({ gamma }) => fixed(gamma, 4)],
  ["vega", "USD", ({ vega }) => fixed(vega, 0)],
  ["theta", "USD/year", ({ theta }) => fixed(theta, 0)],
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

/** One row a vault, the fleet's last; a vault that could not be read says why. */
export function renderBook({ horizon, vaults, fleet }: FleetAnswer): string {
  const table = new Table({
    head: ["", "chain", "block", ...COLUMNS.map(([head]) => head)],
    colAligns: ["left", ...Array.from({ length: COLUMNS.length + 2 }, () => "right" as const)],
    chars: {
      ...{ top: "", "top-mid": "", "top-left": "", "top-right": "" },
      ...{ bottom: "", "bottom-mid": "", "bottom-left": "", "bottom-right": "" },
      ...{ left: "", "left-mid": "", mid: "", "mid-mid": "", right: "", "right-mid": "", middle: " " },
    },
    style: { head: [], border: [], "padding-left": 0, "padding-right": 1, compact: true },
  });
  table.push(["", "", "", ...COLUMNS.map(([, unit]) => unit)]);
  const name = Math.max(...vaults.map((row) => row.name.length), "fleet".length);
  const cells = (row: BookAnswer) => COLUMNS.map(([, , show]) => show(row));
  for (const row of vaults) {
    // As wide as every name, also of the rows put in below.
    if (!("error" in row)) table.push([row.name.padEnd(name), row.chainId, row.block, ...cells(row)]);
  }
  if (fleet !== null) table.push(["fleet", "", "", ...cells(fleet)]);
  const [head, units, ...rows] = table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd());
  for (const [index, row] of vaults.entries()) {
    if ("error" in row) rows.splice(index, 0, `${row.name.padEnd(name)} not read: ${row.error}`);
  }
  return [
    `Breach: probability within ${horizon.toLocaleString("en-US")} s without a rebalance.`,
    "",
    head,
    units,
    "─".repeat(Math.max(...rows.map((line) => line.length))),
    ...rows,
  ].join("\n");
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
