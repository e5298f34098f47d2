import {
  keeperBound,
  quoterBound,
  surfaceBound,
  widestExposure,
  withholding,
  WAD,
  type BoundParameters,
} from "./hotKeyBounds.ts";
import type { Subject } from "./parameters.ts";

export const HORIZONS = [
  { name: "1 h", seconds: 3_600n },
  { name: "1 day", seconds: 86_400n },
  { name: "7 days", seconds: 604_800n },
] as const;
const MOVES = [1n, 5n, 10n];
/** No option is longer. Seconds. */
const MAX_TENOR = 35 * 86_400;

/** A part of what a key can lose: one value a horizon, or a move, as a percentage of NAV. */
export interface Row {
  readonly part: string;
  readonly percent: readonly number[];
}

export interface BoundReport {
  readonly horizons: readonly string[];
  readonly keeper: readonly Row[];
  readonly quoter: readonly Row[];
  readonly surface: readonly Row[];
  /** No theft: what a silent keeper costs, a value for each of `moves`. */
  readonly withholding: { readonly moves: readonly string[]; readonly rows: readonly Row[] };
  /** What the figures are told for. */
  readonly subject: { readonly navUsdc: number; readonly price: number; readonly tenorDays: number };
}

export function boundReport({ parameters: p, pillars, nav, price }: Subject): BoundReport {
  const worst = worstExposure(p, pillars);
  const keeper = HORIZONS.map(({ seconds }) => keeperBound(p, seconds));
  const quoter = HORIZONS.map(({ seconds }) => quoterBound(p, seconds));
  const surface = HORIZONS.map(({ seconds }) => surfaceBound(p, [worst], seconds));
  const silent = MOVES.map((move) => withholding(p, (move * WAD) / 100n, nav > 0n ? nav : 1n, price));
  return {
    horizons: HORIZONS.map(({ name }) => name),
    keeper: [
      row("hedges, at the oracle price", keeper, "loss"),
      row("market off the oracle by the box", keeper, "gap"),
      row("rescues, at the oracle price", keeper, "rescueLoss"),
      row("market off by the rescue slippage", keeper, "rescueGap"),
      row("in all", keeper, "total"),
    ],
    quoter: [
      row("fills, against the mark", quoter, "loss"),
      row("price off by the box", quoter, "price"),
      row("volatility off by the box", quoter, "volatility"),
      row("in all", quoter, "total"),
    ],
    surface: [
      row("anchor of volatility walked", surface, "volatility"),
      row("skew and curvature", surface, "shape"),
      row("forward", surface, "forward"),
      row("to and fro within the tolerances", surface, "swings"),
      row("in all, at most everything", surface, "total"),
    ],
    withholding: {
      moves: MOVES.map((move) => `${String(move)} % move`),
      rows: [
        row("drift that is no breach", silent, "drift"),
        row("gamma until the ripcord", silent, "gamma"),
        row("in all", silent, "total"),
      ],
    },
    subject: {
      navUsdc: Number(nav) / 1e6,
      price: Number(price) / 1e18,
      tenorDays: worst.tenor / 86_400,
    },
  };
}

/** Of the tenors the surface has, the one by which the limits let most be lost in a day. */
function worstExposure(p: BoundParameters, pillars: Subject["pillars"]) {
  const candidates = pillars.map(({ tenor, volatility }) =>
    widestExposure(p, Math.min(tenor, MAX_TENOR), volatility),
  );
  const lost = (candidate: (typeof candidates)[number]) => surfaceBound(p, [candidate], 86_400n).volatility;
  return candidates.reduce((worst, candidate) => (lost(candidate) > lost(worst) ? candidate : worst));
}

export function renderReport(report: BoundReport): string {
  const { navUsdc, price, tenorDays } = report.subject;
  const { moves, rows } = report.withholding;
  return [
    "What a stolen key can lose, at most, as a percentage of NAV.",
    table("stolen keeper", report.horizons, report.keeper),
    table("stolen quoter", report.horizons, report.quoter),
    table(`stolen surface key, options of ${tenorDays.toFixed(0)} days`, report.horizons, report.surface),
    "No theft, but what a keeper that sends nothing costs, 15 minutes after the breach is recorded at the latest,",
    `with ${Math.round(navUsdc).toLocaleString("en-US")} USDC and ETH at ${price.toFixed(0)}:`,
    table("withheld hedge", moves, rows),
  ].join("\n\n");
}

function row<K extends string>(part: string, values: readonly Record<K, bigint>[], key: K): Row {
  return { part, percent: values.map((value) => Number(value[key]) / 1e16) };
}

function table(title: string, columns: readonly string[], rows: readonly Row[]): string {
  const line = (name: string, cells: readonly string[]) =>
    `${name.padEnd(42)}${cells.map((cell) => cell.padStart(11)).join("")}`;
  return [line(title, columns), ...rows.map((r) => line(`  ${r.part}`, r.percent.map(percent)))].join("\n");
}

function percent(value: number): string {
  return value >= 1_000 ? "> 1000 %" : `${value.toFixed(2)} %`;
}
