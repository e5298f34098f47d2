import type { RiskSettings } from "../config/riskSettings.ts";
import type { RiskFacts } from "./riskFacts.ts";

/** From the most at ease to the most careful. */
export const RISK_LEVELS = ["normal", "cautious", "defensive", "halt"] as const;
export type RiskLevel = (typeof RISK_LEVELS)[number];

/** 0 for normal to 3 for halt. */
export function rankOf(level: RiskLevel): number {
  return RISK_LEVELS.indexOf(level);
}

/** The facts that have thresholds. */
const DRIVERS = ["breach", "volatility", "thinness", "gap", "margin", "signal"] as const;
type Driver = (typeof DRIVERS)[number];
type Raised = Exclude<RiskLevel, "normal">;

/** The thresholds of each fact: what enters a state, and what part of that it must fall below to leave it. */
export type RiskThresholds = Pick<RiskSettings, Driver>;

/** What each fact is called where people read it. */
const WORDS: Readonly<Record<Driver, string>> = {
  breach: "the odds of a breach",
  volatility: "realised over implied volatility",
  thinness: "usual over present depth",
  gap: "the gap of pool and oracle",
  margin: "margin trigger over distance to liquidation",
  signal: "the feed's signal",
};

/** The most careful state that any fact asks for. */
export function demanded(facts: RiskFacts, thresholds: RiskThresholds): RiskLevel {
  const asked = (level: Raised) => demands(facts, level, thresholds).length > 0;
  return (["halt", "defensive", "cautious"] as const).find(asked) ?? "normal";
}

/** Whether nothing is left of what makes a state, hysteresis included. A fact that is not a number is never calm. */
export function isCalm(facts: RiskFacts, level: Raised, thresholds: RiskThresholds): boolean {
  if (oracleDemands(facts, level) !== null) return false;
  return DRIVERS.every((driver) => {
    const entered = thresholds[driver][level];
    return entered === undefined
      ? !Number.isNaN(facts[driver])
      : facts[driver] < thresholds[driver].leave * entered;
  });
}

/** Why a state is entered: each fact at its threshold, with what it was before. */
export function explainEntry(
  facts: RiskFacts,
  before: RiskFacts | null,
  level: Raised,
  thresholds: RiskThresholds,
): string {
  return demands(facts, level, thresholds)
    .map((driver) => {
      if (driver === "oracle") return oracleDemands(facts, level)!;
      const was = before === null ? "" : `, from ${brief(before[driver])}`;
      return `${WORDS[driver]} rose to ${brief(facts[driver])}${was}: ${level} from ${brief(thresholds[driver][level]!)}`;
    })
    .join("; ");
}

/** Why a state is left. */
export function explainExit(
  facts: RiskFacts,
  level: Raised,
  { dwell, ...thresholds }: RiskThresholds & Pick<RiskSettings, "dwell">,
): string {
  const parts = DRIVERS.flatMap((driver) => {
    const { [level]: entered, leave } = thresholds[driver];
    return entered === undefined
      ? []
      : `${WORDS[driver]} ${brief(facts[driver])}, below ${brief(leave * entered)}`;
  });
  return `calm for ${brief(dwell)} s: ${parts.join("; ")}`;
}

function demands(
  facts: RiskFacts,
  level: Raised,
  thresholds: RiskThresholds,
): readonly (Driver | "oracle")[] {
  const found: (Driver | "oracle")[] = DRIVERS.filter(
    (driver) => facts[driver] >= (thresholds[driver][level] ?? Infinity),
  );
  if (oracleDemands(facts, level) !== null) found.push("oracle");
  return found;
}

/**
 * What the oracle makes of a state. Not open: the vault itself takes no new risk then, and greeks may rest on an old surface. Not fresh,
 * or nothing to see at all: nothing can be hedged, and the price after it may be another.
 */
function oracleDemands({ fresh, open, blind }: RiskFacts, level: Raised): string | null {
  if (!fresh && level === "halt") return "the oracle's price is stale";
  if (blind === true && level === "halt") return "there was no price, or no liquidity in the pool";
  if (!open && level === "cautious") return "the oracle is fit only for less drift or debt";
  return null;
}

/** Odds of a breach come in any power of ten: below this nobody needs to know which. */
const NOTHING = 1e-6;

/** Three digits: for people. The exact numbers are recorded. */
function brief(value: number): string {
  return Math.abs(value) < NOTHING ? "0" : String(Number(value.toPrecision(3)));
}
