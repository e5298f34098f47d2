import { positive } from "../math/policyInputError.ts";
import { bookDelta, bookSize } from "../strategy/bookRisk.ts";
import { hasElapsed } from "../strategy/elapsed.ts";
import { ruleDecision } from "../strategy/ruleDecision.ts";
import type { Strategy } from "../strategy/types.ts";

export interface PanopticOptions {
  /** Between looks. */
  readonly seconds: number;
  /** Drift, as a fraction of the book's size. */
  readonly fraction: number;
  /** Highest base fee. */
  readonly gwei: number;
  /** Highest base fee at `urgent` times the fraction and beyond. */
  readonly urgentGwei: number;
  readonly urgent: number;
  /** Gas of a rebalance, by which a cost in USD is turned into a base fee. */
  readonly gasUnits: number;
}

/**
 * To zero past a share of the size, or when the hedge is on the wrong side, while the base fee is below a ceiling. (Panoptic's hedger
 * bot: every 60 s, 200 bps, 50 gwei, 300 gwei from three times the threshold.)
 *
 * Where nobody observed the base fee it is the cost of gas over gas units and spot. A sign flip is a hedge of the same
 * sign as the delta it hedges.
 *
 * @throws {PolicyInputError} if a parameter is not above 0; from `decide` if spot is not.
 */
export function panoptic(options: PanopticOptions): Strategy {
  const seconds = positive("seconds", options.seconds);
  const fraction = positive("fraction", options.fraction);
  const gwei = positive("gwei", options.gwei);
  const urgentGwei = positive("urgentGwei", options.urgentGwei);
  const urgent = positive("urgent", options.urgent);
  const gasUnits = positive("gasUnits", options.gasUnits);
  return {
    name: "panoptic",
    params: { seconds, fraction, gwei, urgentGwei, urgent, gasUnits },
    decide(input) {
      const delta = bookDelta(input.legs, input.spot, input.timestamp);
      const drift = delta + input.hedgeDelta;
      const size = Math.abs(drift);
      const limit = fraction * bookSize(input.legs, input.timestamp);
      const isFlipped = delta * input.hedgeDelta > 0;
      const baseFee =
        input.observed?.baseFeeGwei ?? (input.gasUsd / (gasUnits * positive("spot", input.spot))) * 1e9;
      const ceiling = size >= urgent * limit ? urgentGwei : gwei;
      return ruleDecision(input, {
        drift,
        fires: (size > limit || isFlipped) && baseFee <= ceiling && hasElapsed(input, seconds),
      });
    },
  };
}
