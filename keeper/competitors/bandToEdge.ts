import { positive } from "../math/policyInputError.ts";
import { bookSize } from "../strategy/bookRisk.ts";
import { currentDrift } from "../strategy/drift.ts";
import type { Strategy } from "../strategy/types.ts";
import { toEdge } from "./toEdge.ts";

export interface BandToEdgeOptions {
  /** Of the book's size (`bookSize`). */
  readonly fraction: number;
}

/**
 * Back to the edge whenever |drift| is past a share of the book's size.
 *
 * @throws {PolicyInputError} if the fraction is not above 0.
 */
export function bandToEdge(options: BandToEdgeOptions): Strategy {
  const fraction = positive("fraction", options.fraction);
  return {
    name: "band-to-edge",
    params: { fraction },
    decide(input) {
      const width = fraction * bookSize(input.legs, input.timestamp);
      return toEdge(input, { drift: currentDrift(input), centre: 0, width });
    },
  };
}
