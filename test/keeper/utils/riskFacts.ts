import fc from "fast-check";

import { riskSchema } from "../../../keeper/config/riskSettings.ts";
import type { RiskFacts } from "../../../keeper/risk/riskFacts.ts";
import { AT_EASE, nextState, type RiskState } from "../../../keeper/risk/riskState.ts";
import { NOW } from "./ruleInput.ts";

export const RISK = riskSchema.parse({});

/** A market in which nothing is the matter, so many seconds on. */
export function calmAt(seconds: number, changes: Partial<RiskFacts> = {}): RiskFacts {
  return {
    ...{ at: NOW + seconds, breach: 0, volatility: 0.8, thinness: 1, gap: 0.001, margin: 0.5, signal: 0 },
    ...{ fresh: true, open: true },
    ...changes,
  };
}

/** Every state of a sequence of facts. */
export function states(sequence: readonly RiskFacts[], from: RiskState = AT_EASE): RiskState[] {
  const all: RiskState[] = [];
  let state = from;
  for (const facts of sequence) {
    state = nextState(state, facts, RISK);
    all.push(state);
  }
  return all;
}

/** A fact that may be anywhere, at its thresholds often. */
const around = (...thresholds: readonly number[]) =>
  fc.oneof(
    fc.double({ min: 0, max: 30, noNaN: true }),
    fc.constantFrom(...thresholds.flatMap((value) => [value, value * 0.999, value * 0.6])),
  );

/** Facts that are as noisy as can be, looked at every so many seconds. */
export const noisyFacts: fc.Arbitrary<RiskFacts[]> = fc
  .array(
    fc.record({
      seconds: fc.integer({ min: 1, max: 900 }),
      breach: around(RISK.breach.cautious, RISK.breach.defensive),
      volatility: around(RISK.volatility.cautious, RISK.volatility.defensive),
      thinness: around(RISK.thinness.cautious, RISK.thinness.defensive),
      gap: around(RISK.gap.cautious, RISK.gap.defensive),
      margin: around(RISK.margin.cautious, RISK.margin.defensive),
      signal: around(RISK.signal.cautious, RISK.signal.defensive),
      isCalm: fc.boolean(),
      fresh: fc.boolean(),
      open: fc.boolean(),
    }),
    { minLength: 1, maxLength: 200 },
  )
  .map((looks) => {
    let at = 0;
    return looks.map(({ seconds, isCalm, ...facts }) => {
      at += seconds;
      return isCalm ? calmAt(at) : calmAt(at, facts);
    });
  });
