import { styleText } from "node:util";

import Table from "cli-table3";

import { moment } from "./moment.ts";
import { paidToTheUnit, type DemoReport, type RunReport, type SeriesSold } from "./report.ts";
import { describeSeries } from "./terms.ts";
import { conclude } from "./verdict.ts";

/** No wider than this, in characters. */
const WIDTH = 100;

/** A row: its label, its unit, what a strategy's column shows, and what the column of the unhedged vault shows. */
type Row = readonly [
  label: string,
  unit: string,
  show: (run: RunReport) => string,
  unhedged?: (run: RunReport) => string,
];

const GROUPS: readonly (readonly [title: string, rows: readonly Row[]])[] = [
  [
    "TRADING",
    [
      ["rebalances", "", ({ rebalances }) => whole(rebalances)],
      ["decisions to hold", "", ({ holds }) => whole(holds)],
      ["refused in simulation", "", ({ blocked }) => whole(blocked)],
      ["reverted on chain", "", ({ reverted }) => whole(reverted)],
      ["mean |drift| before", "ETH", (run) => afterTrading(run, run.driftBefore.toFixed(2))],
      ["mean |drift| after", "ETH", (run) => afterTrading(run, run.driftAfter.toFixed(2))],
      ["volume", "ETH", ({ volume }) => whole(volume)],
    ],
  ],
  [
    "COST",
    [
      ["gas", "USD", ({ cost }) => cents(cost.gas)],
      [
        "gas a transaction",
        "units",
        (run) => afterTrading(run, whole(run.cost.gasUnits / (run.rebalances + run.reverted))),
      ],
      ["pool fee", "USD", ({ cost }) => cents(cost.fee)],
      ["slippage against the oracle", "USD", ({ cost }) => cents(cost.slippage)],
      ["cost of hedging", "USD", ({ cost }) => cents(cost.total)],
    ],
  ],
  [
    "RESULT",
    [
      [
        "P&L after all costs",
        "USD",
        ({ hedged }) => cents(hedged.pnl),
        ({ unhedged }) => cents(unhedged.pnl),
      ],
      [
        "deviation of hourly P&L",
        "USD",
        ({ hedged }) => cents(hedged.hourlyDeviation),
        ({ unhedged }) => cents(unhedged.hourlyDeviation),
      ],
      ["lowest health factor", "", ({ lowestHealth }) => lowestHealth?.toFixed(2) ?? "-"],
      ["NAV at the end", "USDC", ({ nav }) => cents(nav)],
      ["share price", "USDC", ({ sharePrice }) => sharePrice.toFixed(6)],
      [
        "holders paid to the unit",
        "",
        (run) => `${String(paidToTheUnit(run))} of ${String(run.claims.length)}`,
      ],
      ["redeemed by a depositor", "USDC", ({ redeemed }) => cents(redeemed)],
    ],
  ],
];

/** The whole story of one scenario as text: its sources, one column a strategy, and what the numbers say. */
export function renderTable(report: DemoReport): string {
  return [heading(report), comparison(report), ...conclude(report).map((line) => wrap(line, WIDTH))].join(
    "\n\n",
  );
}

function heading({ sources, book, drain }: DemoReport): string {
  const premium = book.reduce((sum, series) => sum + series.premium, 0);
  const lines = [
    ["prices", sources.prices],
    ["volatility", sources.volatility],
    ["base fee", sources.baseFee],
    ["book", `${whole(book[0]?.quantity ?? 0)} ETH each of ${listBook(book)}`],
    ["", `${whole(premium)} USDC of premium`],
    ...(drain ? [["drain", "without the arbitrageur and 90 % of the pool's liquidity"]] : []),
  ];
  return lines.map(([label, text]) => `${label!.padEnd(12)}${wrap(text!, WIDTH - 12, 12)}`).join("\n");
}

/** Each expiry's series together. */
function listBook(book: readonly SeriesSold[]): string {
  const expiries = [...new Set(book.map(({ expiry }) => expiry))];
  return expiries
    .map((expiry) => {
      const listed = book.filter((series) => series.expiry === expiry).map(describeSeries);
      return `${listed.join(", ")} to ${moment(expiry)}`;
    })
    .join("; ");
}

function comparison({ runs }: DemoReport): string {
  const table = new Table({
    head: ["", "", ...runs.map(({ title }) => title), "unhedged"],
    colAligns: ["left", "left", ...runs.map(() => "right" as const), "right"],
    chars: {
      ...{ top: "", "top-mid": "", "top-left": "", "top-right": "" },
      ...{ bottom: "", "bottom-mid": "", "bottom-left": "", "bottom-right": "" },
      ...{ left: "", "left-mid": "", mid: "", "mid-mid": "", right: "", "right-mid": "", middle: " " },
    },
    style: { head: [], border: [], "padding-left": 1, "padding-right": 1, compact: true },
  });
  for (const [title, rows] of GROUPS) {
    table.push([bold(title), "", ...runs.map(() => ""), ""]);
    for (const [label, unit, show, unhedged] of rows) {
      table.push([
        `  ${label}`,
        unit,
        ...runs.map(show),
        runs[0] === undefined ? "" : (unhedged?.(runs[0]) ?? ""),
      ]);
    }
  }
  const [head, ...rows] = table.toString().split("\n");
  return [bold(head!), "─".repeat(head!.length), ...rows].map((line) => line.trimEnd()).join("\n");
}

/** Nothing is measured where nothing was traded. */
function afterTrading({ rebalances, reverted }: RunReport, text: string): string {
  return rebalances + reverted === 0 ? "-" : text;
}

function bold(text: string): string {
  return styleText("bold", text, { stream: process.stdout });
}

function cents(value: number): string {
  return value.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

function whole(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 0 });
}

/** Breaks between words; what follows the first line is indented. */
function wrap(text: string, width: number, indent = 0): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${" ".repeat(indent)}`);
}
