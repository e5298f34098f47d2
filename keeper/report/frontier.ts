import { html } from "hono/html";

import { axisFor, type Axis } from "./axis.ts";
import type { Html } from "./html.ts";
import { colourClass, shapeOf } from "./marks.ts";
import { short, usd } from "./numbers.ts";
import type { BacktestTotals } from "./resultFile.ts";
import type { StrategySummary } from "./summary.ts";

const WIDTH = 400;
const HEIGHT = 320;
const BOX = { left: 66, top: 12, right: WIDTH - 14, bottom: HEIGHT - 46 } as const;
/** Dots of single paths, over all strategies. */
const MOST_DOTS = 4000;
/** About what a letter of a label takes. */
const LETTER = 6.3;
const LINE = 13;

interface Point {
  readonly x: number;
  readonly y: number;
}

interface Rectangle extends Point {
  readonly width: number;
}

/** What is paid against what is risked: every run a dot, every strategy's mean a mark, the default's ringed. */
export function frontier(
  strategies: readonly StrategySummary[],
  own: StrategySummary | null,
  measure: { readonly key: "riskUsd" | "deltaStd"; readonly title: string; readonly unit: string },
): Html {
  const valueOf = (totals: BacktestTotals): Point => ({ x: totals.costUsd, y: totals[measure.key] });
  const isDrawn = ({ x, y }: Point) => Number.isFinite(x) && Number.isFinite(y);
  const shown = strategies.filter(({ totals }) => isDrawn(valueOf(totals)));
  const dots = dotsOf(shown, valueOf).filter(({ at }) => isDrawn(at));
  const all = [...shown.map(({ totals }) => valueOf(totals)), ...dots.map(({ at }) => at)];
  if (all.length === 0) return html`<p class="note">There is nothing to draw of ${measure.title}.</p>`;
  const across = axisFor(all.map(({ x }) => x));
  const up = axisFor(all.map(({ y }) => y));
  const toPixels = ({ x, y }: Point): Point => ({
    x: round(BOX.left + across.place(x) * (BOX.right - BOX.left)),
    y: round(BOX.bottom - up.place(y) * (BOX.bottom - BOX.top)),
  });
  const marks = shown.map((strategy) => ({ strategy, ...toPixels(valueOf(strategy.totals)) }));
  const efficient = efficientLine(
    shown.map(({ totals }) => valueOf(totals)).toSorted((a, b) => a.x - b.x || a.y - b.y),
  ).map(toPixels);
  const labels = placeLabels(marks.map(({ strategy, x, y }) => ({ text: strategy.label, x, y })));
  const what = `Cost against ${measure.title}, one mark for each strategy; the lower and the further left, the better.`;
  return html`<svg class="plot" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${what}">
    ${axes(across, up)}
    <text class="title" x="${(BOX.left + BOX.right) / 2}" y="${HEIGHT - 8}" text-anchor="middle">
      cost, USD${across.isLog ? " (log)" : ""}
    </text>
    <text
      class="title"
      transform="translate(12 ${(BOX.top + BOX.bottom) / 2}) rotate(-90)"
      text-anchor="middle"
    >
      ${measure.title}, ${measure.unit}${up.isLog ? " (log)" : ""}
    </text>
    <polyline
      class="efficient"
      points="${efficient.map(({ x, y }) => `${String(x)},${String(y)}`).join(" ")}"
    />
    ${[...Map.groupBy(dots, ({ index }) => index)].map(
      ([index, of]) =>
        html`<path
          class="dots ${colourClass(index)}"
          d="${of.map(({ at }) => moveTo(toPixels(at))).join("")}"
        />`,
    )}
    ${marks.map(
      ({ strategy, x, y }) =>
        html`<g
          class="${colourClass(strategy.index)}"
          transform="translate(${x} ${y})"
          data-label="${strategy.label}"
        >
          <title>
            ${strategy.label}: cost ${usd(strategy.totals.costUsd)} USD, ${measure.title}
            ${usd(strategy.totals[measure.key])} ${measure.unit}
          </title>
          ${strategy === own ? html`<circle class="ring" r="9" />` : ""}<path d="${shapeOf(strategy.index)}"
        /></g> `,
    )}
    ${labels.map(({ text, x, y }) => html`<text class="label" x="${x}" y="${y}">${text}</text>`)}
  </svg>`;
}

function axes(across: Axis, up: Axis): Html {
  const x = (tick: number) => round(BOX.left + across.place(tick) * (BOX.right - BOX.left));
  const y = (tick: number) => round(BOX.bottom - up.place(tick) * (BOX.bottom - BOX.top));
  return html`${across.ticks.map(
    (tick) =>
      html`<path class="grid" d="M${x(tick)} ${BOX.top}V${BOX.bottom}" /><text
          x="${x(tick)}"
          y="${BOX.bottom + 16}"
          text-anchor="middle"
          >${short(tick)}</text
        >`,
  )}${up.ticks.map(
    (tick) =>
      html`<path class="grid" d="M${BOX.left} ${y(tick)}H${BOX.right}" /><text
          x="${BOX.left - 6}"
          y="${y(tick) + 4}"
          text-anchor="end"
          >${short(tick)}</text
        >`,
  )}`;
}

/** Runs of strategies that have several, thinned evenly where there are too many. */
function dotsOf(
  strategies: readonly StrategySummary[],
  valueOf: (totals: BacktestTotals) => Point,
): { index: number; at: Point }[] {
  const all = strategies.flatMap(({ index, runs }) =>
    runs.length < 2 ? [] : runs.map(({ totals }) => ({ index, at: valueOf(totals) })),
  );
  const stride = Math.ceil(all.length / MOST_DOTS);
  return all.filter((_, place) => place % stride === 0);
}

/** The points none of which is beaten on both. @param sorted by x, then y. */
function efficientLine(sorted: readonly Point[]): Point[] {
  const line: Point[] = [];
  for (const point of sorted) if (point.y < (line.at(-1)?.y ?? Infinity)) line.push(point);
  return line;
}

/** Beside each mark where there is room, and else not at all: the key has every name. */
function placeLabels(
  marks: readonly (Point & { readonly text: string })[],
): (Point & { readonly text: string })[] {
  const taken: Rectangle[] = marks.map(({ x, y }) => ({ x: x - 8, y: y - 7, width: 16 }));
  return marks.flatMap(({ text, x, y }) => {
    const width = text.length * LETTER;
    const places = [
      { x: x + 13, y: y + 4 },
      { x: x - 13 - width, y: y + 4 },
      { x: x - width / 2, y: y - 13 },
      { x: x - width / 2, y: y + 21 },
    ];
    const free = places.find((place) => {
      const own = { x: place.x, y: place.y - 11, width };
      const isInside =
        own.x >= BOX.left && own.x + width <= BOX.right && own.y >= BOX.top && place.y <= BOX.bottom;
      return isInside && !taken.some((other) => overlap(own, other));
    });
    if (free === undefined) return [];
    taken.push({ x: free.x, y: free.y - 11, width });
    return [{ text, x: round(free.x), y: round(free.y) }];
  });
}

function overlap(one: Rectangle, other: Rectangle): boolean {
  return one.x < other.x + other.width && other.x < one.x + one.width && Math.abs(one.y - other.y) < LINE;
}

function moveTo({ x, y }: Point): string {
  return `M${String(x)} ${String(y)}h0`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
