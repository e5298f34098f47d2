import { bookDelta } from "../strategy/bookRisk.ts";
import type { DecisionInput, OptionLeg } from "../strategy/types.ts";

/** Of a leg's variance at the least: with costs above it a long book's adjusted variance would be negative, and has no delta. */
const LEAST_VARIANCE = 0.01;

/**
 * ETH of drift that is left when a book is hedged by its delta at another volatility: each leg's variance times `1 + excess`.
 * It is the centre around which such a rule works.
 *
 * Rules of one option say what its variance becomes; a book takes that of each leg, by the leg's own volatility.
 *
 * @param excess By leg; above 0 where hedging adds to what the moves cost, as for a short option, below 0 for a long one.
 */
export function adjustedCentre(input: DecisionInput, excess: (leg: OptionLeg) => number): number {
  const { legs, spot, timestamp } = input;
  let centre = 0;
  for (const leg of legs) {
    const scale = Math.max(LEAST_VARIANCE, 1 + excess(leg));
    const one = [leg];
    centre += bookDelta(one, spot, timestamp) - bookDelta(one, spot, timestamp, scale);
  }
  return centre;
}
