import { PolicyInputError } from "../math/policyInputError.ts";
import { bookDelta } from "./bookRisk.ts";
import type { DecisionInput } from "./types.ts";

/**
 * ETH: the book's delta plus the hedge.
 *
 * @throws {PolicyInputError} if it is not a number.
 */
export function currentDrift({ legs, spot, timestamp, hedgeDelta }: DecisionInput): number {
  const drift = bookDelta(legs, spot, timestamp) + hedgeDelta;
  if (!Number.isFinite(drift))
    throw new PolicyInputError("legs", "the delta of book or hedge is not a number");
  return drift;
}
