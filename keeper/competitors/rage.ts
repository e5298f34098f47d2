import { positive } from "../math/policyInputError.ts";
import { bookSize } from "../strategy/bookRisk.ts";
import { currentDrift } from "../strategy/drift.ts";
import { hasElapsed } from "../strategy/elapsed.ts";
import { ruleDecision } from "../strategy/ruleDecision.ts";
import type { Strategy } from "../strategy/types.ts";
import { inChunks } from "./inChunks.ts";

export interface RageOptions {
  /** Since the last rebalance. */
  readonly seconds: number;
  /** Drift, as a fraction of the book's size. */
  readonly fraction: number;
  /** Health factor below which it acts. */
  readonly health: number;
  /** Most that one rebalance trades, USD. */
  readonly chunkUsd: number;
}

/**
 * To zero, in chunks, on time, drift or a low health factor. (Rage Trade's delta-neutral vault: 10,800 s, 500 bps, 1.2, 200,000 USD.)
 *
 * There a low health factor is also restored to 1.5 by moving collateral. That is no trade: the decision says "margin", and who
 * carries it out moves the margin. A chunk leaves its rest to the next look while drift is still past the fraction, else to the next
 * interval. Without a health factor it has no say.
 *
 * @throws {PolicyInputError} if a parameter is not above 0.
 */
export function rage(options: RageOptions): Strategy {
  const seconds = positive("seconds", options.seconds);
  const fraction = positive("fraction", options.fraction);
  const health = positive("health", options.health);
  const chunkUsd = positive("chunkUsd", options.chunkUsd);
  return {
    name: "rage",
    params: { seconds, fraction, health, chunkUsd },
    decide(input) {
      const drift = currentDrift(input);
      const isLow = (input.observed?.healthFactor ?? Infinity) < health;
      const isFar = Math.abs(drift) > fraction * bookSize(input.legs, input.timestamp);
      return ruleDecision(input, {
        drift,
        fires: isLow || isFar || hasElapsed(input, seconds),
        target: inChunks(input, drift, 0, chunkUsd),
        reason: isLow ? "margin" : "rule",
      });
    },
  };
}
