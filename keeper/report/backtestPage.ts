import { html } from "hono/html";

import { chartData, type ChartSelection } from "./chartData.ts";
import { reportDocument } from "./document.ts";
import { frontier } from "./frontier.ts";
import { heatMap } from "./heatMap.ts";
import type { Html } from "./html.ts";
import { colourClass, mark } from "./marks.ts";
import { duration, percent, plain } from "./numbers.ts";
import { periodMaps } from "./periods.ts";
import type { BacktestResult } from "./resultFile.ts";
import { riskTable } from "./riskTable.ts";
import { defaultOf, headline, summarise, type StrategySummary } from "./summary.ts";
import { parameterMaps, pathMap } from "./sweepMaps.ts";
import { totalsTable } from "./totalsTable.ts";
import { tradeTable } from "./tradeTable.ts";

/** A backtest as one page of HTML. @throws InputError when its series do not belong together. */
export function backtestPage(result: BacktestResult): string {
  const strategies = summarise(result.runs);
  const own = defaultOf(strategies);
  const charts = chartData(strategies);
  const byPath = pathMap(strategies);
  const maps = [
    ...(byPath === null ? [] : [byPath]),
    ...parameterMaps(strategies),
    ...periodMaps(strategies),
  ];
  const risk = riskTable(strategies);
  const { made } = result;
  const body = html` <header>
      <h1>Backtest: ${made.book}</h1>
      <p class="lead">${headline(result)}</p>
      <p class="note">${made.from} to ${made.to}</p>
    </header>
    <section aria-labelledby="h-totals">
      <h2 id="h-totals">Totals</h2>
      ${totalsTable(strategies, own)}
    </section>
    <section aria-labelledby="h-frontier">
      <h2 id="h-frontier">Cost and risk</h2>
      <p class="note">
        The lower and the further left, the better. The line joins what nothing else beats on both.
        ${own === null ? "" : `The ring is the default, ${own.label}.`}
        ${strategies.some(({ runs }) => runs.length > 1) ? "Dots are single paths, marks their means." : ""}
      </p>
      ${key(strategies)}
      <div class="pair">
        <figure>${frontier(strategies, own, { key: "riskUsd", title: "risk", unit: "USD" })}</figure>
        <figure>
          ${frontier(strategies, own, { key: "deltaStd", title: "tracking deviation from drift", unit: "USD/√year" })}
        </figure>
      </div>
    </section>
    ${charts === null ? "" : timeSection(charts, own)}
    ${
      maps.length === 0
        ? ""
        : html`<section aria-labelledby="h-heat">
            <h2 id="h-heat">Heat maps</h2>
            ${maps.map(heatMap)}
          </section>`
    }
    <section aria-labelledby="h-trades">
      <h2 id="h-trades">Trades</h2>
      ${tradeTable(strategies)}
    </section>
    ${
      risk === null
        ? ""
        : html`<section aria-labelledby="h-risk">
            <h2 id="h-risk">Risk state</h2>
            ${risk}
          </section>`
    }
    <section aria-labelledby="h-made">
      <h2 id="h-made">How it was made</h2>
      ${settings(result)}
    </section>`;
  return reportDocument({ title: `Backtest of ${made.book}`, body, data: charts?.data ?? null });
}

function key(strategies: readonly StrategySummary[]): Html {
  return html`<ul class="key">
    ${strategies.map(({ label, index }) => html`<li>${mark(index)}${label}</li>`)}
  </ul>`;
}

function timeSection({ data, notes }: ChartSelection, own: StrategySummary | null): Html {
  const first = own === null || own.index >= data.strategies.length ? 0 : own.index;
  return html`<section aria-labelledby="h-time" id="time">
    <h2 id="h-time">Through time</h2>
    <p class="note">
      Drag to look closer, press twice to see all again; with the keyboard the arrows read values off and
      Escape shows all. Strategies that are unticked are left out. Times are UTC. ${notes.join(" ")}
    </p>
    <noscript><p>The charts of this section need JavaScript; all else does not.</p></noscript>
    <fieldset class="key">
      <legend class="hidden">Strategies shown</legend>
      ${data.strategies.map(
        (label, index) =>
          html`<label
            ><input
              type="checkbox"
              checked
              data-strategy="${index}"
              class="${colourClass(index)}"
            />${mark(index)}${label}</label
          >`,
      )}
    </fieldset>
    ${
      data.paths.length < 2
        ? ""
        : html`<p>
            <label
              >Path
              <select id="path">
                ${data.paths.map(({ path }, index) => html`<option value="${index}">${path}</option>`)}
              </select></label
            >
          </p>`
    }
    ${chart("equity", "Equity, USD since the beginning, costs paid")}
    ${chart("drawdown", "Drawdown, USD below the highest equity before")}
    <figure>
      <figcaption>
        Delta drift and its band, ETH, of
        <select id="drift-of" aria-label="Strategy whose drift is shown">
          ${data.strategies.map(
            (label, index) =>
              html`<option value="${index}" ${index === first ? html` selected` : ""}>${label}</option>`,
          )}
        </select>
        <span class="note" id="drift-note"></span>
      </figcaption>
      <div
        class="chart"
        id="drift"
        tabindex="0"
        role="group"
        aria-label="Delta drift and its band, ETH, through time; arrow keys read values"
      ></div>
    </figure>
    ${chart("spot", "Price of ETH, USD")} ${chart("gas", "Gas price, gwei")}
  </section>`;
}

function chart(id: string, caption: string): Html {
  return html`<figure>
    <figcaption>${caption}</figcaption>
    <div
      class="chart"
      id="${id}"
      tabindex="0"
      role="group"
      aria-label="${caption}, through time; arrow keys read values"
    ></div>
  </figure> `;
}

function settings({ made, runs }: BacktestResult): Html {
  const { costs } = made;
  const impact =
    costs.liquidity !== null
      ? `pool with liquidity ${plain(costs.liquidity)}`
      : `${plain(costs.kappa ?? 0)} USD per ETH²`;
  const rows: (readonly [string, string])[] = [
    ["Prices", made.source],
    ["Book", made.book],
    ["From, to", `${made.from}, ${made.to}`],
    ["Paths", String(made.paths)],
    ["A price every", duration(made.step)],
    ["A decision every", duration(made.check)],
    ["Seed", String(made.seed)],
    ["Volatility", made.volatility],
    ["Volatility expected", made.expected],
    ["Oracle", made.oracle],
    ["Margin", made.margin],
    ["Limits", made.limits ?? "none"],
    ["Risk state", made.risk ?? "none"],
    ["Gas price", costs.gas],
    ["Gas of a rebalance", plain(costs.gasUnits, 9)],
    ["Fee", percent(costs.feeRate, 3)],
    ["Impact", impact],
    ["Funding", `${percent(costs.fundingRate, 2)} a year`],
    ["From decision to fill", duration(costs.blockTime)],
    ["Risk aversion", `${plain(made.riskAversion)} per USD`],
    ["Prices a run", plain(Math.max(...runs.map(({ totals }) => totals.steps)), 9)],
  ];
  return html`<dl>
    ${rows.map(
      ([name, value]) =>
        html`<dt>${name}</dt>
          <dd>${value}</dd>`,
    )}
  </dl>`;
}
