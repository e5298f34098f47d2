import { html } from "hono/html";

import { atLeast } from "../backtest/riskWatch.ts";
import type { Html } from "./html.ts";
import { mark } from "./marks.ts";
import { count, instant, plain } from "./numbers.ts";
import type { StrategySummary } from "./summary.ts";
import { heading, number } from "./totalsTable.ts";

const MOST_ROWS = 500;

/** How often the risk state of each strategy changed, and every change and its reason, in order of time; null where no run has one. */
export function riskTable(strategies: readonly StrategySummary[]): Html | null {
  const runs = strategies.flatMap((strategy) => strategy.runs.map((run) => ({ strategy, run })));
  if (runs.every(({ run }) => run.risk === undefined)) return null;
  const all = runs
    .flatMap(({ strategy, run: { path, risk = [] } }) => risk.map((change) => ({ strategy, path, change })))
    .toSorted((a, b) => a.change.at - b.change.at || a.strategy.index - b.strategy.index || a.path - b.path);
  const without = runs.some(({ run }) => run.risk === undefined)
    ? " The rules of others have no risk state."
    : "";
  if (all.length === 0) return html`<p>It never left normal.${without}</p>`;
  const hasPaths = all.some(({ path }) => path !== all[0]!.path);
  return html`<p class="note">
      ${all.length > MOST_ROWS ? `The first ${count(MOST_ROWS)} of ${atLeast(runs.map(({ run }) => run.risk?.length ?? 0))}${count(all.length)} changes.` : `All ${count(all.length)} changes.`}
      ${perStrategy(strategies)}${without} Higher states tighten limits; none loosens what was asked for.
    </p>
    <div class="scroll tall" tabindex="0" role="region" aria-label="Changes of the risk state">
      <table class="sortable" id="risk">
        <thead>
          <tr>
            ${heading("Time, UTC")}${heading("Strategy")}${hasPaths ? heading("Path") : ""}${heading("From")}${heading("To")}${heading("Why")}
          </tr>
        </thead>
        <tbody>
          ${all.slice(0, MOST_ROWS).map(
            ({ strategy, path, change: { at, from, to, why } }) =>
              html`<tr>
                ${number(at, instant(at))}
                <td data-v="${strategy.label}">${mark(strategy.index)}${strategy.label}</td>
                ${hasPaths ? number(path, count(path)) : ""}
                <td data-v="${from}">${from}</td>
                <td data-v="${to}">${to}</td>
                <td data-v="${why}">${why}</td>
              </tr> `,
          )}
        </tbody>
      </table>
    </div>`;
}

/** Changes beside each strategy that has the state: a mean where there are several paths. */
function perStrategy(strategies: readonly StrategySummary[]): string {
  const counts = strategies.flatMap(({ label, runs }) => {
    const changes = runs.flatMap(({ risk }) => (risk === undefined ? [] : [risk.length]));
    if (changes.length === 0) return [];
    const mean = changes.reduce((sum, one) => sum + one, 0) / changes.length;
    return [`${label} ${atLeast(changes)}${plain(mean)}`];
  });
  const isMean = strategies.some(({ runs }) => runs.length > 1);
  return `${isMean ? "On average a path" : "Beside each strategy"}: ${counts.join(", ")}.`;
}
