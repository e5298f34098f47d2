import { paidToTheUnit, type DemoReport, type HedgingCost, type RunReport } from "./report.ts";

/** Two numbers nearer than this are told as the same. */
const SAME = 0.005;

/** Costs nearer to nothing than this are nothing, USD. */
const NOTHING = 0.5;
/** ETH: a hedge that is shown as 0.0 is none. */
const NO_HEDGE = 0.05;

/** What a report shows, in sentences made from its numbers. The first run is the one the others are held against. */
export function conclude({ runs, drain, slippageLimit }: DemoReport): string[] {
  const [own, ...others] = runs;
  if (own === undefined) return [];
  const told = [
    [ownStory(own), ...others.map((other) => comparison(own, other))].join(" "),
    refused(runs, drain, slippageLimit),
    exposed(runs),
    payments(runs),
  ];
  return told.filter((text) => text !== null);
}

function ownStory({
  title,
  rebalances,
  holds,
  blocked,
  reverted,
  cost,
  hedged,
  unhedged,
}: RunReport): string {
  const own = usd(hedged.hourlyDeviation);
  if (rebalances === 0) {
    // Why it held is not claimed: the market may have been calm, or the oracle unfit.
    const fates = [
      `it held at ${count(holds, "block")}`,
      ...(blocked > 0 ? [`the vault would have refused it at ${String(blocked)}`] : []),
      ...(reverted > 0 ? [`${count(reverted, "transaction")} reverted`] : []),
    ];
    const story =
      fates.length === 1 ? `held at all of ${count(holds, "block")}` : `never re-hedged: ${list(fates)}`;
    return `${title} ${story}. Its hourly P&L deviates by ${own}.`;
  }
  const change = relative(hedged.hourlyDeviation, unhedged.hourlyDeviation);
  const spent = cost.total < 0 ? `and ${outcome(cost)}` : `for ${usd(cost.total)}`;
  return (
    `${title} re-hedged ${count(rebalances, "time")} ${spent}. Its hourly P&L deviates by ${own}, ` +
    `${change === null ? "the same as" : `${change} ${change.endsWith("much") ? "as" : "than"}`} the ${usd(unhedged.hourlyDeviation)} of the unhedged vault.`
  );
}

function comparison(own: RunReport, other: RunReport): string {
  const deviation = relative(other.hedged.hourlyDeviation, own.hedged.hourlyDeviation);
  const moved = deviation === null ? "the same deviation" : `${deviation} deviation`;
  const { total } = other.cost;
  if (total < NOTHING || own.cost.total < NOTHING)
    return `The ${other.title} ${outcome(other.cost)}, with ${moved}.`;
  const cost = relative(total, own.cost.total);
  return `The ${other.title} cost ${cost ?? "the same"}, for ${moved}.`;
}

/** What hedging came to, where a ratio of costs would say nothing. */
function outcome({ total }: HedgingCost): string {
  if (Math.abs(total) < NOTHING) return "hedged for next to nothing";
  return total < 0
    ? `ended its hedging ${usd(-total)} ahead, at prices better than the oracle's`
    : `cost ${usd(total)}`;
}

/** Why the vault would have refused what a strategy wanted. Null where it never would. */
function refused(runs: readonly RunReport[], drain: boolean, slippageLimit: number): string | null {
  const sentences: string[] = [];
  const unfilled = runs.filter(({ beyondLimit }) => beyondLimit > 0);
  if (unfilled.length > 0) {
    const where = unfilled.map(
      ({ title, beyondLimit }) => `${count(beyondLimit, "block")} under ${named(title, runs)}`,
    );
    sentences.push(
      `The ${drain ? "drained " : ""}pool could fill nothing within the vault's ${percentage(slippageLimit)} limit around ` +
        `the oracle price in ${list(where)}.`,
    );
  }
  const others = new Map<string, number>();
  for (const { refusals, beyondLimit } of runs) {
    for (const { reason, blocks } of refusals) {
      const rest = reason === "DriftNotReduced" ? blocks - beyondLimit : blocks;
      if (rest > 0) others.set(reason, (others.get(reason) ?? 0) + rest);
    }
  }
  if (others.size > 0) {
    const reasons = [...others].map(([reason, blocks]) => `${reason} in ${count(blocks, "block")}`);
    sentences.push(
      `${sentences.length > 0 ? "Else the" : "The"} vault would have refused a rebalance for ${list(reasons)}.`,
    );
  }
  return sentences.length === 0 ? null : sentences.join(" ");
}

/** What a hedge that outlived the options leaves in the P&L. Null where none did. */
function exposed(runs: readonly RunReport[]): string | null {
  const open = runs.filter(({ left }) => left.options === 0 && Math.abs(left.hedge) >= NO_HEDGE);
  if (open.length === 0) return null;
  const hedges = open.map(({ title, left: { hedge } }) => {
    const size = Math.abs(hedge).toLocaleString("en-US", {
      minimumFractionDigits: 1,
      maximumFractionDigits: 1,
    });
    return `${named(title, runs)} ${hedge < 0 ? "short" : "long"} ${size} ETH`;
  });
  return (
    `When no option was left, the path ended with ${list(hedges)}: ` +
    `${open.length === 1 ? "its P&L carries" : "their P&Ls carry"} that exposure.`
  );
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

/** The first run goes by its name; the others are things. */
function named(title: string, runs: readonly RunReport[]): string {
  return title === runs[0]?.title ? title : `the ${title}`;
}

/** "a, b and c". */
function list(items: readonly string[]): string {
  return items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)!}`;
}

function percentage(fraction: number): string {
  return `${String(Number((100 * fraction).toFixed(2)))} %`;
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
