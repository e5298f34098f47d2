import { paidToTheUnit, type DemoReport, type RunReport } from "./report.ts";

/** Two numbers nearer than this are told as the same. */
const SAME = 0.005;

/** What a report shows, in sentences made from its numbers. The first run is the one the others are held against. */
export function conclude({ runs }: DemoReport): string[] {
  const [own, ...others] = runs;
  if (own === undefined) return [];
  return [[ownStory(own), ...others.map((other) => comparison(own, other))].join(" "), payments(runs)];
}

function ownStory({ title, rebalances, holds, cost, hedged, unhedged }: RunReport): string {
  const own = usd(hedged.hourlyDeviation);
  if (rebalances === 0) {
    return `${title} held at all of ${count(holds, "block")}: no trade was worth its cost. Its hourly P&L deviates by ${own}.`;
  }
  const change = relative(hedged.hourlyDeviation, unhedged.hourlyDeviation);
  return (
    `${title} re-hedged ${count(rebalances, "time")} for ${usd(cost.total)}. Its hourly P&L deviates by ${own}, ` +
    `${change === null ? "the same as" : `${change} ${change.endsWith("much") ? "as" : "than"}`} the ${usd(unhedged.hourlyDeviation)} of the unhedged vault.`
  );
}

function comparison(own: RunReport, other: RunReport): string {
  const cost = relative(other.cost.total, own.cost.total);
  const deviation = relative(other.hedged.hourlyDeviation, own.hedged.hourlyDeviation);
  const spent =
    cost === null
      ? "cost the same"
      : own.cost.total > 0 && other.cost.total > 0
        ? `cost ${cost}`
        : `cost ${usd(other.cost.total)} against ${usd(own.cost.total)}`;
  const moved = deviation === null ? "the same deviation" : `${deviation} deviation`;
  return `The ${other.title} ${spent}, for ${moved}.`;
}

function payments(runs: readonly RunReport[]): string {
  const unpaid = runs.flatMap((run) => {
    const { title, claims } = run;
    const missing = claims.length - paidToTheUnit(run);
    return missing === 0 ? [] : [`${String(missing)} of ${String(claims.length)} under ${title}`];
  });
  return unpaid.length === 0
    ? "Every holder of an option was paid to the unit, whatever the strategy."
    : `Not paid to the unit: ${unpaid.join(", ")}.`;
}

/** "23 % less", "4.2 times as much"; null where the two cannot be told apart. */
function relative(value: number, base: number): string | null {
  if (value === base || Math.abs(value - base) < SAME * Math.abs(base)) return null;
  const word = value > base ? "more" : "less";
  if (base <= 0 || value <= 0) return word;
  return value > 3 * base ? `${(value / base).toFixed(1)} times as much` : `${percent(value / base)} ${word}`;
}

function percent(ratio: number): string {
  return `${(100 * Math.abs(ratio - 1)).toFixed(0)} %`;
}

function count(number: number, noun: string): string {
  return `${number.toLocaleString("en-US")} ${noun}${number === 1 ? "" : "s"}`;
}

function usd(value: number): string {
  return `${value.toLocaleString("en-US", { maximumFractionDigits: 0 })} USD`;
}
