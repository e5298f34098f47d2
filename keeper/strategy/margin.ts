import { PolicyInputError, positive } from "../math/policyInputError.ts";
import { currentDrift } from "./drift.ts";
import { ruleDecision } from "./ruleDecision.ts";
import type { Strategy } from "./types.ts";

export interface MarginOptions {
  /** Health factor at which every drift that the chain lets be hedged is hedged. */
  readonly trigger: number;
  /** Health factor from which on only `delta` counts. */
  readonly restore: number;
  /** |drift| at which to act while health is good, ETH. */
  readonly delta: number;
}

/**
 * Hedges to zero for the sake of the margin: from `delta` ETH of drift while the health factor is at least `restore`, from any below
 * `trigger`, and from `delta·(health − trigger)/(restore − trigger)` in between, so that the nearer a venue is to its trigger the
 * smaller the trade that is made to keep it away. Without a health factor (no debt, or nobody measured it) only `delta` counts.
 * A hedge left without options is closed.
 *
 * Why a hedge restores health: a trade decided for "margin" takes along a leg that moves the venue's margin back to its own target
 * (a health factor of 1.6 in ShortAaveV3), from the vault's cash (`planLegs`). Margin alone the vault moves only past the venue's
 * own trigger (1.3), whatever the drift; that margin call comes as `marginCall` and every strategy answers it. Above 1.3 a drift of
 * `minDrift` must make the rebalance due. So `trigger` belongs between the two: from 1.6 on it would trade at any drift for ever.
 *
 * @throws {PolicyInputError} if the trigger is below 1, `restore` not above it, or `delta` not above 0.
 */
export function margin(options: MarginOptions): Strategy {
  const trigger = positive("trigger", options.trigger);
  const restore = positive("restore", options.restore);
  const delta = positive("delta", options.delta);
  if (trigger < 1)
    throw new PolicyInputError("trigger", "must be at least 1: below it a venue is liquidated");
  if (restore <= trigger)
    throw new PolicyInputError("restore", `must be above the trigger, ${String(trigger)}`);
  return {
    name: "margin",
    params: { trigger, restore, delta },
    decide(input) {
      const drift = currentDrift(input);
      const health = input.observed?.healthFactor ?? Infinity;
      if (Number.isNaN(health)) throw new PolicyInputError("observed.healthFactor", "is not a number");
      const room = Math.max(0, Math.min(1, (health - trigger) / (restore - trigger)));
      return ruleDecision(input, {
        drift,
        fires: input.legs.length === 0 || Math.abs(drift) >= delta * room,
        reason: room === 0 ? "margin" : "rule",
      });
    },
  };
}
