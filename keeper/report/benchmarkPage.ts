import { html } from "hono/html";

import { DEFAULT } from "../optimum/verdict.ts";
import { reportDocument } from "./document.ts";
import { heatMap, type HeatCell, type HeatMap } from "./heatMap.ts";
import { percent, plain, usd } from "./numbers.ts";
import type { BenchmarkCase, BenchmarkResult } from "./resultFile.ts";
import { verdictSentence } from "./verdictSentence.ts";

/** Ends of the colour scale of excesses: a tenth of a per cent, and ten times the optimum. */
const RANGE = [0.001, 10] as const;
const LEGEND =
  "Excess over the optimum ± standard error; colours from 0.1 % to 1,000 %, logarithmic, the stronger the worse.";

type Result = BenchmarkCase["strategies"][number];

/** A benchmark against the optimum as one page of HTML. */
export function benchmarkPage({ made, cases, verdict }: BenchmarkResult): string {
  const isMet = verdict.isWithinTargets && verdict.isAhead;
  const groups = [...Map.groupBy(cases, (each) => titleOf(each))];
  const settings: (readonly [string, string])[] = [
    ["Price of ETH", `${usd(made.spot)} USD`],
    ["Volatility", percent(made.sigma)],
    ["Fee", percent(made.feeRate, 3)],
    ["Impact", `${plain(made.kappa)} USD per ETH²`],
    ["Paths a strategy", String(made.paths)],
    ["Rules of others", made.isTuned ? "as published and tuned in each case" : "as published"],
    ["Looks over a book's life", [...new Set(cases.map(({ steps }) => plain(steps, 7)))].join(", ")],
  ];
  const body = html` <header>
      <h1>Benchmark against the optimum</h1>
      <div class="verdict${isMet ? "" : " missed"}">
        ${verdictSentence(verdict)
          .replaceAll(" %", "\u00a0%")
          .split("\n")
          .map((line) => html`<p class="lead">${line}</p>`)}
      </div>
      <p class="note">
        ${String(cases.length)} cases. The optimum is the best hedge there is, by dynamic programming; an
        excess is certainty-equivalent friction above it, as a part of it.
      </p>
    </header>
    <section aria-labelledby="h-worst">
      <h2 id="h-worst">Worst of all cases</h2>
      <p class="note">${LEGEND}</p>

      ${heatMap(worstMap(cases))}
    </section>
    <section aria-labelledby="h-cases">
      <h2 id="h-cases">Every case</h2>
      ${groups.map(([title, group]) => heatMap(caseMap(title, group)))}
    </section>
    <section aria-labelledby="h-made">
      <h2 id="h-made">How it was made</h2>
      <dl>
        ${settings.map(
          ([name, value]) =>
            html`<dt>${name}</dt>
              <dd>${value}</dd>`,
        )}
      </dl>
    </section>`;
  return reportDocument({ title: "Benchmark against the optimum", body, data: null });
}

function titleOf({ cost, gasUsd, riskAversion }: BenchmarkCase): string {
  return `${cost}: ${usd(gasUsd)} USD a trade, risk aversion ${plain(riskAversion)} per USD`;
}

/** Strategies down, books across. */
function caseMap(title: string, group: readonly BenchmarkCase[]): HeatMap {
  return {
    caption: title,
    legend: "",
    corner: "Strategy",
    columns: group.map(({ book }) => book),
    rows: [
      {
        name: "The optimum itself, USD",
        isPlain: true,
        cells: group.map(({ optimum }) => ({ value: optimum, text: usd(optimum) })),
      },
      ...rulesOf(group).map(([id, name]) => ({
        name,
        cells: group.map(({ strategies }) => {
          const found = strategies.find((each) => idOf(each) === id);
          return found === undefined ? null : excessCell(found);
        }),
      })),
    ],
    scale: "log",
    range: RANGE,
  };
}

/** Each strategy's largest excess at each cost level. */
function worstMap(cases: readonly BenchmarkCase[]): HeatMap {
  const levels = [...Map.groupBy(cases, ({ cost }) => cost)];
  return {
    caption: "Largest excess of any book and risk aversion",
    legend: "",
    corner: "Strategy",
    columns: levels.map(([cost]) => cost),
    rows: rulesOf(cases).map(([id, name]) => ({
      name,
      cells: levels.map(([, of]) => {
        const all = of.flatMap(({ book, strategies }) =>
          strategies.filter((each) => idOf(each) === id).map((result) => ({ book, result })),
        );
        if (all.length === 0) return null;
        const worst = all.reduce((a, b) => (b.result.excess > a.result.excess ? b : a));
        return { ...excessCell(worst.result), hint: worst.book };
      }),
    })),
    scale: "log",
    range: RANGE,
  };
}

/** Every rule there is, in order, by id and as it is shown. */
function rulesOf(cases: readonly BenchmarkCase[]): [string, string][] {
  const rules = cases.flatMap(({ strategies }) =>
    strategies.map((each): [string, string] => [
      idOf(each),
      each.name === DEFAULT ? `${each.title} (the default)` : `${each.title}, ${each.kind}`,
    ]),
  );
  return [...new Map(rules)];
}

function idOf({ name, kind }: Result): string {
  return `${kind} ${name}`;
}

/** With as many digits as its error leaves. */
function excessCell({ excess, standardError, trades, params }: Result): HeatCell {
  const digits = standardError < 0.0005 ? 2 : standardError < 0.005 ? 1 : 0;
  const settings = Object.entries(params).map(([key, value]) => `, ${key} ${plain(value)}`);
  return {
    value: excess,
    text: `${percent(excess, digits).replace("\u00a0%", "")} ± ${percent(standardError, digits)}`,
    hint: `${plain(trades)} trades${settings.join("")}`,
  };
}
