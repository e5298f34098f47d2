import type { HeatCell, HeatMap } from "./heatMap.ts";
import { mark } from "./marks.ts";
import { count, plain, usd } from "./numbers.ts";
import type { StrategySummary } from "./summary.ts";

const MOST_PATHS = 60;
const LEGEND = "The stronger the colour the worse; logarithmic.";

/** Friction by strategy and path, where there are several paths. */
export function pathMap(strategies: readonly StrategySummary[]): HeatMap | null {
  const all = [...new Set(strategies.flatMap(({ runs }) => runs.map(({ path }) => path)))].toSorted(
    (a, b) => a - b,
  );
  if (all.length < 2) return null;
  const paths = all.slice(0, MOST_PATHS);
  return {
    caption: "Friction by path, USD",
    legend:
      paths.length < all.length
        ? `${LEGEND} The first ${String(paths.length)} of ${String(all.length)} paths.`
        : LEGEND,
    corner: "Strategy",
    columns: paths.map(String),
    rows: strategies.map(({ label, index, runs }) => {
      const totalsOn = new Map(runs.map(({ path, totals }) => [path, totals]));
      return {
        name: label,
        mark: mark(index),
        cells: paths.map((path) => {
          const totals = totalsOn.get(path);
          return totals === undefined ? null : frictionCell(totals.frictionUsd, totals.trades);
        }),
      };
    }),
    scale: "log",
  };
}

/** Friction of every strategy that was asked for with several values of one parameter, or of two. */
export function parameterMaps(strategies: readonly StrategySummary[]): HeatMap[] {
  return [...Map.groupBy(strategies, ({ name }) => name)].flatMap(([name, variants]) => {
    const varied = variedKeys(variants);
    const [first, second] = varied;
    if (first === undefined || varied.length > 2) return [];
    const columns = valuesOf(variants, first);
    const rows = second === undefined ? [null] : valuesOf(variants, second);
    return [
      {
        caption: `Friction of ${name} by ${varied.join(" and ")}, USD`,
        legend: LEGEND,
        corner: second ?? first,
        columns: columns.map((value) => (second === undefined ? shown(value) : `${first} ${shown(value)}`)),
        rows: rows.map((row) => ({
          name: row === null ? "friction" : shown(row),
          cells: columns.map((column): HeatCell | null => {
            const found = variants.find(
              ({ params }) => params[first] === column && (second === undefined || params[second] === row),
            );
            return found === undefined ? null : frictionCell(found.totals.frictionUsd, found.totals.trades);
          }),
        })),
        scale: "log",
      },
    ];
  });
}

function variedKeys(variants: readonly StrategySummary[]): string[] {
  const keys = new Set(variants.flatMap(({ params }) => Object.keys(params)));
  return [...keys].filter((key) => new Set(variants.map(({ params }) => params[key])).size > 1);
}

/** In order; a variant without the parameter has undefined. */
function valuesOf(variants: readonly StrategySummary[], key: string): (number | undefined)[] {
  return [...new Set(variants.map(({ params }) => params[key]))].toSorted((a, b) => (a ?? 0) - (b ?? 0));
}

function shown(value: number | undefined): string {
  return value === undefined ? "default" : plain(value, 6);
}

function frictionCell(value: number, trades: number): HeatCell {
  return { value, text: usd(value), hint: `${count(trades)} trades` };
}
