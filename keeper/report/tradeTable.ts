import { html } from "hono/html";

import type { Html } from "./html.ts";
import { mark } from "./marks.ts";
import { count, eth, instant, usd } from "./numbers.ts";
import type { BacktestRun } from "./resultFile.ts";
import type { StrategySummary } from "./summary.ts";
import { heading, number } from "./totalsTable.ts";

const MOST_ROWS = 500;

interface Row {
  readonly strategy: StrategySummary;
  readonly path: number;
  readonly trade: BacktestRun["trades"][number];
  readonly cost: number;
}

/** The dearest trades, in order of time. */
export function tradeTable(strategies: readonly StrategySummary[]): Html {
  const recorded = strategies.flatMap((strategy) =>
    strategy.runs.flatMap(({ path, trades }) =>
      trades.map((trade): Row => ({
        strategy,
        path,
        trade,
        cost: trade.gasUsd + trade.feeUsd + trade.impactUsd,
      })),
    ),
  );
  const all = strategies
    .flatMap(({ runs }) => runs)
    .reduce((sum, { totals, trades }) => sum + Math.max(totals.trades || 0, trades.length), 0);
  if (recorded.length === 0)
    return html`<p>${all === 0 ? "Nothing was traded." : "No trades were recorded."}</p>`;
  const rows = recorded
    .toSorted((a, b) => b.cost - a.cost)
    .slice(0, MOST_ROWS)
    .toSorted((a, b) => a.trade.time - b.trade.time || a.strategy.index - b.strategy.index);
  const hasPaths = recorded.some(({ path }) => path !== recorded[0]!.path);
  return html`<p class="note">${noteOf(rows.length, recorded.length, all)}</p>
    <div class="scroll tall" tabindex="0" role="region" aria-label="Trades">
      <table class="sortable" id="trades">
        <thead>
          <tr>
            ${heading("Time, UTC")}${heading("Strategy")}${hasPaths ? heading("Path") : ""}${heading("Trade, ETH")}${heading("Spot, USD")}${heading("Reason")}${heading("Drift before, ETH")}${heading("after, ETH")}${heading("Cost, USD")}${heading("Gas, USD")}${heading("Fee, USD")}${heading("Impact, USD")}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ({ strategy, path, trade, cost }) =>
              html`<tr>
                ${number(trade.time, instant(trade.time))}
                <td data-v="${strategy.label}">${mark(strategy.index)}${strategy.label}</td>
                ${hasPaths ? number(path, count(path)) : ""}${number(trade.trade, eth(trade.trade))}${number(trade.spot, usd(trade.spot))}
                <td data-v="${trade.reason}">${trade.reason}</td>
                ${number(trade.before, eth(trade.before))}${number(trade.after, eth(trade.after))}${number(cost, usd(cost))}${number(trade.gasUsd, usd(trade.gasUsd))}${number(trade.feeUsd, usd(trade.feeUsd))}${number(trade.impactUsd, usd(trade.impactUsd))}
              </tr> `,
          )}
        </tbody>
      </table>
    </div>`;
}

function noteOf(shown: number, recorded: number, all: number): string {
  if (shown === all) return `All ${count(all)} trades.`;
  const dearest =
    shown < recorded
      ? `The ${count(shown)} dearest of ${count(recorded)} recorded trades`
      : `${count(shown)} trades`;
  const rest = recorded < all ? `; ${count(all - recorded)} more were made but not recorded` : "";
  return `${dearest}${rest}: ${count(all - shown)} left out here.`;
}
