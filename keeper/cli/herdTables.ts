import { RULE_TITLES } from "../herd/experiments.ts";
import type { JitterCost } from "../herd/jitterCost.ts";
import type { Estimate, MeasureName } from "../herd/measures.ts";
import type { ExperimentResult, HerdResult, HerdScale } from "../herd/runExperiments.ts";
import { plainTable, type PlainTableOptions } from "./plainTable.ts";

/** Heading and digits of each measure; those in per cent are multiplied by 100. */
const HEADINGS: Readonly<Record<MeasureName, readonly [head: string, digits: number, factor?: number]>> = {
  volatilityRatio: ["vol", 3],
  dailyVolatilityRatio: ["daily vol", 3],
  kurtosis: ["kurtosis", 2],
  fiveSigmaHours: ["5σ", 2],
  fiveOwnSigmaHours: ["5σ own", 2],
  largestFlow: ["flow", 2],
  maxDrawdown: ["drawdown, %", 1, 100],
  liquidations: ["closed", 1],
  closed: ["closed", 1],
  tradesPerDay: ["trades", 2],
  rmsDrift: ["drift", 3],
  leastDepth: ["depth", 2],
  overshoot: ["pushed, %", 2, 100],
  lasting: ["lasting, %", 2, 100],
  recoveryHours: ["back, h", 1],
  broke: ["broken, %", 0, 100],
};

const LINED: PlainTableOptions = { aligns: ["left"], rule: "─" };

/** One table for each experiment and one for what jitter costs, under what made them. */
export function herdTables({ made, scale, experiments, jitter }: HerdResult): string {
  const { agents, seed, paths, days } = made;
  const about =
    `${String(agents)} agents, ${String(paths)} paths of ${String(days)} days, seed ${String(seed)}; ` +
    `mean ± standard error. \`keeper simulate herd --help\` explains the columns.`;
  return [`${about}\n${scaleLines(scale)}`, ...experiments.map(tableOf), jitterTable(jitter)].join("\n\n");
}

function scaleLines({ gain, deltaPerPercent, depthPerPercent, dayMove, bands }: HerdScale): string {
  const eth = (value: number): string => value.toFixed(1);
  const shown = bands.map(({ rule, upper, lower }) => {
    const [up, down] = [upper, lower].map(([edge, landing]) => `${eth(edge)} to ${eth(landing)}`);
    return `${RULE_TITLES[rule]} ${up!} and ${down!}`;
  });
  return (
    `1 % of the price moves an agent's delta by ${eth(deltaPerPercent)} ETH, a day's deviation by ${eth(dayMove)}; ` +
    `at gain ${String(gain)} ${depthPerPercent.toFixed(0)} ETH move the price by 1 %.\n` +
    `Drift in ETH that is traded, and where it lands: ${shown.join("; ")}.`
  );
}

function tableOf({ id, title, note, columns, rows }: ExperimentResult): string {
  const table = plainTable(["", ...columns.map((name) => HEADINGS[name][0])], LINED);
  for (const { setting, measures } of rows) {
    table.push([setting.label, ...columns.map((name) => cell(measures[name], name))]);
  }
  return `${id}: ${title}\n${note}\n${table.toString()}`;
}

function jitterTable(rows: readonly JitterCost[]): string {
  const table = plainTable(
    ["", "threshold, widths", "each trade", "Keel's band, widths", "each trade"],
    LINED,
  );
  for (const { spread, ...costs } of rows) {
    const { thresholdWidths, thresholdRedraw, optimalWidths, optimalRedraw } = costs;
    const shown = [thresholdWidths, thresholdRedraw, optimalWidths, optimalRedraw];
    table.push([`±${percent(spread, 0)}`, ...shown.map((cost) => `+${percent(cost, 2)}`)]);
  }
  return `What jitter costs the one who does it\nFriction, holding risk and trading, above that of the band without; computed, not simulated.\n${table.toString()}`;
}

function cell({ mean, se }: Estimate, name: MeasureName): string {
  if (mean === null) return "-";
  const [, digits, factor = 1] = HEADINGS[name];
  const shown = (factor * mean).toFixed(digits);
  return se === null || se === 0 ? shown : `${shown} ±${(factor * se).toFixed(digits)}`;
}

function percent(fraction: number, digits: number): string {
  return `${(100 * fraction).toFixed(digits)} %`;
}
