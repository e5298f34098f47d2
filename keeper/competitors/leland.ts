import { nonNegative, positive } from "../math/policyInputError.ts";
import { SECONDS_PER_YEAR } from "../math/units.ts";
import { bookRisk } from "../strategy/bookRisk.ts";
import { hasElapsed } from "../strategy/elapsed.ts";
import { ruleDecision } from "../strategy/ruleDecision.ts";
import type { Strategy } from "../strategy/types.ts";
import { adjustedCentre } from "./adjustedCentre.ts";

export interface LelandOptions {
  /** Between hedges. */
  readonly seconds: number;
}

/** Mean size of a standard normal number. */
const MEAN_SIZE = Math.sqrt(2 / Math.PI);

/**
 * Hedges at fixed intervals by the delta at a volatility that the cost of doing so is part of: variance
 * `σ²·(1 ± √(2/π)·k/(σ·√Δt))`, + for a book net short gamma, − net long, k the cost of a round trip, which is twice the fee rate.
 * (H. Leland, 1985, "Option pricing and replication with transactions costs", J. Finance 40; the sign for long and mixed books as
 * in T. Hoggard, A. E. Whalley and P. Wilmott, 1994, Advances in Futures and Options Research 7.)
 *
 * Gas and price impact are no part of it. Each leg takes its own volatility, the sign is that of the book's net gamma.
 *
 * @throws {PolicyInputError} if the seconds are not above 0; from `decide` if the fee rate is negative.
 */
export function leland(options: LelandOptions): Strategy {
  const seconds = positive("seconds", options.seconds);
  const rootInterval = Math.sqrt(seconds / SECONDS_PER_YEAR);
  return {
    name: "leland",
    params: { seconds },
    decide(input) {
      const { delta, gamma } = bookRisk(input.legs, input.spot, input.timestamp);
      const drift = delta + input.hedgeDelta;
      const roundTrip = 2 * nonNegative("feeRate", input.feeRate);
      const fires = hasElapsed(input, seconds);
      const target = fires
        ? adjustedCentre(
            input,
            ({ sigma }) => (-Math.sign(gamma) * MEAN_SIZE * roundTrip) / (sigma * rootInterval),
          )
        : 0;
      return ruleDecision(input, { drift, fires, target });
    },
  };
}
