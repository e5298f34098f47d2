import { nonNegative, positive } from "../math/policyInputError.ts";
import { bookDelta } from "../strategy/bookRisk.ts";
import { hasElapsed } from "../strategy/elapsed.ts";
import { ruleDecision } from "../strategy/ruleDecision.ts";
import type { Strategy } from "../strategy/types.ts";
import { moveSinceLast } from "./priceMove.ts";

export interface CrabV1Options {
  /** Since the last rebalance. */
  readonly seconds: number;
  /** Of the 7-minute mean price since the last rebalance, as a fraction. */
  readonly move: number;
  /** Least trade, as a fraction of the book's delta. */
  readonly least: number;
}

/**
 * To zero once the time has passed or the mean price of 420 s has moved, unless the trade is small. (Opyn's Crab strategy,
 * squeeth-monorepo, CrabStrategy: 86,400 s, 1 %, 0.1 %.) Without a mean price spot stands for it.
 *
 * @throws {PolicyInputError} if seconds or move is not above 0 or `least` negative.
 */
export function crabV1(options: CrabV1Options): Strategy {
  const seconds = positive("seconds", options.seconds);
  const move = positive("move", options.move);
  const least = nonNegative("least", options.least);
  return {
    name: "crab-v1",
    params: { seconds, move, least },
    decide(input) {
      const delta = bookDelta(input.legs, input.spot, input.timestamp);
      const drift = delta + input.hedgeDelta;
      const isDue = hasElapsed(input, seconds) || moveSinceLast(input, input.observed?.twap420) >= move;
      return ruleDecision(input, { drift, fires: isDue && Math.abs(drift) > least * Math.abs(delta) });
    },
  };
}

export interface CrabV2Options {
  readonly seconds: number;
  readonly move: number;
  /** Farthest that the price may be from its 7-minute mean, as a fraction. */
  readonly clearing: number;
}

/**
 * As {@link crabV1}, for trades of any size, and at no price far from the mean: an auction that would clear there is not settled.
 * (CrabStrategyV2: 3,600 s, 20 %, 5 %.) Without a mean price nothing is far from it.
 *
 * @throws {PolicyInputError} if a parameter is not above 0.
 */
export function crabV2(options: CrabV2Options): Strategy {
  const seconds = positive("seconds", options.seconds);
  const move = positive("move", options.move);
  const clearing = positive("clearing", options.clearing);
  return {
    name: "crab-v2",
    params: { seconds, move, clearing },
    decide(input) {
      const mean = input.observed?.twap420 ?? input.spot;
      const isDue = hasElapsed(input, seconds) || moveSinceLast(input, mean) >= move;
      const clears = Math.abs(input.spot / mean - 1) <= clearing;
      const drift = bookDelta(input.legs, input.spot, input.timestamp) + input.hedgeDelta;
      return ruleDecision(input, { drift, fires: isDue && clears });
    },
  };
}
