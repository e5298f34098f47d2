import { nonNegative, positive } from "../math/policyInputError.ts";
import { currentDrift } from "../strategy/drift.ts";
import { hasElapsed } from "../strategy/elapsed.ts";
import { ruleDecision } from "../strategy/ruleDecision.ts";
import type { Strategy } from "../strategy/types.ts";

export interface CharmOptions {
  /** Since the last rebalance. */
  readonly seconds: number;
  /** Ticks that the price must have moved since then. */
  readonly ticks: number;
  /** Ticks that the price may be from its one-minute mean. */
  readonly deviation: number;
}

const TICK = Math.log(1.0001);

/**
 * To zero once the time has passed and the price has moved, while it is near its mean. (Charm's Alpha vaults: 41,400 s, a least move
 * that each vault sets and that is 0 here, 100 ticks from the TWAP of 60 s.) What nobody observed does not keep it.
 *
 * @throws {PolicyInputError} if seconds or deviation is not above 0 or ticks negative.
 */
export function charm(options: CharmOptions): Strategy {
  const seconds = positive("seconds", options.seconds);
  const ticks = nonNegative("ticks", options.ticks);
  const deviation = positive("deviation", options.deviation);
  return {
    name: "charm",
    params: { seconds, ticks, deviation },
    decide(input) {
      const { spot, observed } = input;
      const last = observed?.lastRebalanceSpot;
      const hasMoved = last === undefined || ticksBetween(spot, last) >= ticks;
      const isCalm = ticksBetween(spot, observed?.twap60 ?? spot) <= deviation;
      return ruleDecision(input, {
        drift: currentDrift(input),
        fires: hasElapsed(input, seconds) && hasMoved && isCalm,
      });
    },
  };
}

function ticksBetween(one: number, other: number): number {
  return Math.abs(Math.log(one / other)) / TICK;
}
