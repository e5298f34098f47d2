import Table from "cli-table3";

import type { FoldResult, RuleResult } from "./walkForward.ts";

/** Tables of friction over ours and of cost at our risk, and where the default was not ahead. */
export function renderHistory(results: readonly FoldResult[]): string {
  const groups = new Map<string, FoldResult[]>();
  for (const each of results) {
    for (const kind of ["year", "stress"] as const) {
      if (each.kind !== kind) continue;
      const title = `${each.level}, ${each.book}, ${kind === "year" ? "years" : "stress windows"}`;
      groups.set(title, [...(groups.get(title) ?? []), each]);
    }
  }
  const parts = [...groups].map(([title, group]) => `${title}\n${tableOf(group)}`);
  return `${parts.join("\n\n")}\n\n${behind(results)}`;
}

function tableOf(group: readonly FoldResult[]): string {
  const table = new Table({
    style: { head: [], border: [], compact: true },
    head: ["", "", ...group.map(({ name }) => name)],
    colAligns: ["left", "left", ...group.map(() => "right" as const)],
  });
  const usd = (of: (fold: FoldResult) => number) => group.map((fold) => of(fold).toFixed(0));
  table.push(["Optimal impulse", "cost, USD", ...usd(({ ours }) => ours.costUsd)]);
  table.push(["", "risk, USD", ...usd(({ ours }) => ours.riskUsd)]);
  table.push(["", "trades", ...usd(({ ours }) => ours.trades)]);
  for (const { name, title } of group[0]!.rules) {
    const row = (label: string, of: (rule: RuleResult, fold: FoldResult) => string) => [
      label === "friction, published" ? title : "",
      label,
      ...group.map((fold) =>
        of(
          fold.rules.find((rule) => rule.name === name)!,
          fold,
        ),
      ),
    ];
    table.push(
      row("friction, published", ({ published }, { ours }) =>
        times(published.frictionUsd / ours.frictionUsd),
      ),
    );
    table.push(row("friction, tuned", ({ tuned }, { ours }) => times(tuned.frictionUsd / ours.frictionUsd)));
    table.push(
      row("cost at our risk", ({ costAtOurRisk }) => (costAtOurRisk === null ? "–" : times(costAtOurRisk))),
    );
  }
  return table.toString();
}

function behind(results: readonly FoldResult[]): string {
  const comparisons = results.flatMap((fold) =>
    fold.rules.flatMap((rule) => [
      { fold, rule, what: "friction, published", ratio: rule.published.frictionUsd / fold.ours.frictionUsd },
      {
        fold,
        rule,
        what: "friction, tuned on the past",
        ratio: rule.tuned.frictionUsd / fold.ours.frictionUsd,
      },
      ...(rule.costAtOurRisk === null
        ? []
        : [{ fold, rule, what: "cost at equal risk, with hindsight", ratio: rule.costAtOurRisk }]),
    ]),
  );
  const lost = comparisons.filter(({ ratio }) => ratio < 1);
  const lines = lost.map(
    ({ fold, rule, what, ratio }) =>
      `  ${fold.level}, ${fold.book}, ${fold.name}: ${rule.title}, ${what}: ${times(ratio)} of ours (we traded ${fold.ours.trades.toFixed(0)} times)`,
  );
  const summary = [...new Set(comparisons.map(({ what }) => what))].map((what) => {
    const all = comparisons.filter((each) => each.what === what);
    const ahead = all.filter(({ ratio }) => ratio >= 1).length;
    return `${what}: ahead in ${String(ahead)} of ${String(all.length)} comparisons`;
  });
  return [...summary, ...(lines.length === 0 ? [] : ["Not ahead:", ...lines])].join("\n");
}

function times(ratio: number): string {
  return ratio.toFixed(ratio < 10 ? 2 : 0);
}
