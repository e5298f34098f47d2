import type { HeatCell, HeatMap } from "./heatMap.ts";
import { mark } from "./marks.ts";
import { count, usd } from "./numbers.ts";
import type { BacktestRun } from "./resultFile.ts";
import type { StrategySummary } from "./summary.ts";

const DAY = 86_400;
/** Spans up to which days and weeks are told apart. */
const DAYS_UP_TO = 16 * DAY;
const WEEKS_UP_TO = 17 * 7 * DAY;
const MONDAY = 4 * DAY;

type Unit = "day" | "week" | "month";

/** P&L and trading cost of each strategy's first recorded path, by day, week or month. */
export function periodMaps(strategies: readonly StrategySummary[]): HeatMap[] {
  const recorded = strategies.flatMap((strategy) => {
    const run = strategy.runs.find(({ series }) => series.time.length > 1);
    return run === undefined ? [] : [{ strategy, run }];
  });
  if (recorded.length === 0) return [];
  const starts = recorded.map(({ run }) => run.series.time[0]!);
  const ends = recorded.map(({ run }) => run.series.time.at(-1)!);
  const from = Math.min(...starts);
  const span = Math.max(...ends) - from;
  const unit: Unit = span <= DAYS_UP_TO ? "day" : span <= WEEKS_UP_TO ? "week" : "month";
  const keys = [
    ...new Set(recorded.flatMap(({ run }) => run.series.time.map((time) => periodOf(time, unit)))),
  ].toSorted();
  // The last sample ends a period rather than beginning one.
  if (keys.length > 1 && periodOf(Math.max(...ends) - 1, unit) !== keys.at(-1)) keys.pop();
  if (keys.length < 2) return [];
  const rowsOf = (cellsOf: (run: BacktestRun) => (HeatCell | null)[]) =>
    recorded.map(({ strategy, run }) => ({
      name: strategy.label,
      mark: mark(strategy.index),
      cells: cellsOf(run),
    }));
  const maps: HeatMap[] = [
    {
      caption: `P&L by ${unit}, USD`,
      legend: "Blue gained, orange lost; costs paid.",
      corner: "Strategy",
      columns: keys,
      rows: rowsOf((run) => gains(run, unit, keys)),
      scale: "signed",
    },
  ];
  if (recorded.every(({ run }) => run.trades.length >= run.totals.trades))
    maps.push({
      caption: `Gas, fees and impact by ${unit}, USD`,
      legend: "The stronger the colour the dearer.",
      corner: "Strategy",
      columns: keys,
      rows: rowsOf((run) => costs(run, unit, keys)),
      scale: "linear",
    });
  return maps;
}

/** Change of equity from the last sample before a period to the last in it. */
function gains({ series }: BacktestRun, unit: Unit, keys: readonly string[]): (HeatCell | null)[] {
  const last = new Map<string, number>();
  const final = series.time.at(-1)!;
  for (const [index, time] of series.time.entries()) {
    const key = periodOf(time, unit);
    last.set(time === final && !keys.includes(key) ? keys.at(-1)! : key, series.equity[index]!);
  }
  let before = series.equity[0]!;
  return keys.map((key) => {
    const equity = last.get(key);
    if (equity === undefined) return null;
    const value = equity - before;
    before = equity;
    return { value, text: usd(value) };
  });
}

function costs({ trades }: BacktestRun, unit: Unit, keys: readonly string[]): HeatCell[] {
  const sums = new Map<string, { value: number; trades: number }>();
  for (const { time, gasUsd, feeUsd, impactUsd } of trades) {
    const key = periodOf(time, unit);
    const period = keys.includes(key) ? key : keys.at(-1)!;
    const sum = sums.get(period) ?? { value: 0, trades: 0 };
    sums.set(period, { value: sum.value + gasUsd + feeUsd + impactUsd, trades: sum.trades + 1 });
  }
  return keys.map((key) => {
    const { value, trades: many } = sums.get(key) ?? { value: 0, trades: 0 };
    return { value, text: usd(value), hint: `${count(many)} trades` };
  });
}

/** Name of the period a moment is in: a day, the Monday of its week, or a month. UTC. */
function periodOf(time: number, unit: Unit): string {
  const day = unit === "week" ? time - ((((time - MONDAY) % (7 * DAY)) + 7 * DAY) % (7 * DAY)) : time;
  return new Date(day * 1000).toISOString().slice(0, unit === "month" ? 7 : 10);
}
