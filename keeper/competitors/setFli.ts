import { PolicyInputError, positive } from "../math/policyInputError.ts";
import { bookDelta } from "../strategy/bookRisk.ts";
import { hasElapsed } from "../strategy/elapsed.ts";
import { ruleDecision } from "../strategy/ruleDecision.ts";
import type { Strategy } from "../strategy/types.ts";

export interface SetFliOptions {
  /** Since the last rebalance. */
  readonly seconds: number;
  /** Hedge over what it hedges, in size: bounds beyond which nobody waits; 1 is the target. */
  readonly least: number;
  readonly most: number;
  /** Part of the way to the target that one rebalance goes. */
  readonly recentering: number;
}

/**
 * Part of the way back to a full hedge, on time or when the hedge is out of bounds. (Set's leverage strategies, on the delta-neutral
 * basis: newLR = clamp(LR·(1 − RS) + TLR·RS, LR_min, LR_max) with LR −1 / −0.7 / −1.3; interval 86,400 s and RS 5 % as the FLI
 * products have them.)
 *
 * LR is the hedge over the book's delta. Its chunks, which spread one rebalance over minutes, are left out. Where the book has no
 * delta there is no ratio, and the hedge is closed when it is time.
 *
 * @throws {PolicyInputError} unless 0 < least < 1 < most, 0 < recentering ≤ 1 and seconds are above 0.
 */
export function setFli(options: SetFliOptions): Strategy {
  const seconds = positive("seconds", options.seconds);
  const least = positive("least", options.least);
  const most = positive("most", options.most);
  const recentering = positive("recentering", options.recentering);
  if (least >= 1) throw new PolicyInputError("least", "must be below 1");
  if (most <= 1) throw new PolicyInputError("most", "must be above 1");
  if (recentering > 1) throw new PolicyInputError("recentering", "must be at most 1");
  return {
    name: "set-fli",
    params: { seconds, least, most, recentering },
    decide(input) {
      const delta = bookDelta(input.legs, input.spot, input.timestamp);
      const drift = delta + input.hedgeDelta;
      if (delta === 0) return ruleDecision(input, { drift, fires: hasElapsed(input, seconds) });
      const ratio = -input.hedgeDelta / delta;
      const next = Math.max(least, Math.min(most, ratio * (1 - recentering) + recentering));
      return ruleDecision(input, {
        drift,
        fires: hasElapsed(input, seconds) || ratio < least || ratio > most,
        target: delta * (1 - next),
      });
    },
  };
}
