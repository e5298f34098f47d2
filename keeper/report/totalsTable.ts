import { html } from "hono/html";

import type { Html } from "./html.ts";
import { mark } from "./marks.ts";
import { count, duration, eth, percent, usd, usdWithError } from "./numbers.ts";
import type { BacktestTotals } from "./resultFile.ts";
import type { StrategySummary } from "./summary.ts";

interface Column {
  readonly key: keyof BacktestTotals;
  readonly title: string;
  readonly text: (value: number) => string;
  /** Left out where it is zero for all. */
  readonly isOptional?: true;
}

const COLUMNS: readonly Column[] = [
  { key: "frictionUsd", title: "Friction, USD", text: usd },
  { key: "costUsd", title: "Cost, USD", text: usd },
  { key: "riskUsd", title: "Risk, USD", text: usd },
  { key: "trades", title: "Trades", text: count },
  { key: "turnoverEth", title: "Turnover, ETH", text: eth },
  { key: "gasUsd", title: "Gas, USD", text: usd },
  { key: "feeUsd", title: "Fees, USD", text: usd },
  { key: "impactUsd", title: "Impact, USD", text: usd, isOptional: true },
  { key: "fundingUsd", title: "Funding, USD", text: usd, isOptional: true },
  { key: "penaltyUsd", title: "Penalties, USD", text: usd, isOptional: true },
  { key: "liquidations", title: "Liquidations", text: count, isOptional: true },
  { key: "breachSeconds", title: "Past the delta limit", text: duration, isOptional: true },
  { key: "trackingStd", title: "Tracking deviation, USD/√yr", text: usd },
  { key: "deltaStd", title: "from drift, USD/√yr", text: usd },
  { key: "worstDrift", title: "Worst drift, ETH", text: eth },
  { key: "maxDrawdownUsd", title: "Largest drawdown, USD", text: usd },
  { key: "pnlUsd", title: "P&L, USD", text: usd },
  { key: "optionUsd", title: "of options, USD", text: usd },
  { key: "hedgeUsd", title: "of the hedge, USD", text: usd },
];

/** Every strategy's totals; the default's row is marked. */
export function totalsTable(strategies: readonly StrategySummary[], own: StrategySummary | null): Html {
  const isShown = ({ key, isOptional }: Column) =>
    isOptional !== true || strategies.some(({ totals }) => totals[key] !== 0);
  const columns = COLUMNS.filter(isShown);
  const zero = COLUMNS.filter((column) => !isShown(column)).map(({ title }) =>
    title.split(",")[0]!.toLowerCase(),
  );
  const least = Math.min(...strategies.map(({ totals }) => totals.frictionUsd));
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Totals">
      <table class="sortable" id="totals">
        <thead>
          <tr>
            ${heading("Strategy")}${heading("Above least")}${columns.map(({ title }) => heading(title))}
          </tr>
        </thead>
        <tbody>
          ${strategies.map(
            (strategy) => html`<tr${strategy === own ? html` class="own"` : ""}>
              <th scope="row" data-v="${strategy.label}">${mark(strategy.index)}${strategy.label}</th>
              ${number(strategy.totals.frictionUsd / least - 1, percent(strategy.totals.frictionUsd / least - 1))}
              ${columns.map(({ key, text }) => number(strategy.totals[key], textOf(strategy, key, text), key))}
            </tr>
            `,
          )}
        </tbody>
      </table>
    </div>
    <p class="note">
      Friction is cost and risk; risk is the sum of A/2 · drift² · (change of spot)².
      ${
        strategies.some(({ frictionError }) => frictionError !== null)
          ? "Means over the paths, with the standard error of friction; of drift and drawdown the worst path."
          : ""
      }
      ${zero.length === 0 ? "" : `Zero for all and left out: ${zero.join(", ")}.`}
    </p>`;
}

function textOf(
  { totals, frictionError }: StrategySummary,
  key: Column["key"],
  text: Column["text"],
): string {
  return key === "frictionUsd" && frictionError !== null
    ? usdWithError(totals[key], frictionError)
    : text(totals[key]);
}

/** A cell that sorts by its number. */
export function number(value: number, text: string, key?: string): Html {
  return html`<td data-v="${value}" ${key === undefined ? "" : html` data-key="${key}"`}>${text}</td>`;
}

/** A heading that sorts its column. */
export function heading(title: string): Html {
  return html`<th scope="col"><button type="button">${title}</button></th>`;
}
