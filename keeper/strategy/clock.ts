import { positive } from "../math/policyInputError.ts";
import { bookRisk } from "./bookRisk.ts";
import { hedgeToZero } from "./hedgeToZero.ts";
import type { Strategy } from "./types.ts";

export interface ClockOptions {
  /** Since the last rebalance. */
  readonly seconds: number;
}

/**
 * A comparator: hedges to zero whenever so many seconds have passed since the last rebalance, whatever it costs; the first time
 * at once.
 *
 * @throws {PolicyInputError} if the seconds are not above 0.
 */
export function clock(options: ClockOptions): Strategy {
  const seconds = positive("seconds", options.seconds);
  return {
    name: "clock",
    params: { seconds },
    decide(input) {
      const { delta } = bookRisk(input.legs, input.spot, input.timestamp);
      const isDue = input.lastRebalanceAt === null || input.timestamp - input.lastRebalanceAt >= seconds;
      return hedgeToZero(input, delta + input.hedgeDelta, isDue);
    },
  };
}
