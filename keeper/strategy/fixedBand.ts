import { positive } from "../math/policyInputError.ts";
import { bookSize } from "./bookRisk.ts";
import { currentDrift } from "./drift.ts";
import { ruleDecision } from "./ruleDecision.ts";
import type { Strategy } from "./types.ts";

export interface FixedBandOptions {
  /** Of the book's size (`bookSize`). */
  readonly fraction: number;
}

/**
 * Hedges to zero whenever |drift| is at least a fixed fraction of the book's size, whatever it costs. A hedge left without options
 * is closed.
 *
 * @throws {PolicyInputError} if the fraction is not above 0.
 */
export function fixedBand(options: FixedBandOptions): Strategy {
  const fraction = positive("fraction", options.fraction);
  return {
    name: "fixed-band",
    params: { fraction },
    decide(input) {
      const drift = currentDrift(input);
      const edge = fraction * bookSize(input.legs, input.timestamp);
      return ruleDecision(input, { drift, fires: Math.abs(drift) >= edge });
    },
  };
}
