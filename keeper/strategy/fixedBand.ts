import { positive } from "../math/policyInputError.ts";
import { bookRisk } from "./bookRisk.ts";
import { hedgeToZero } from "./hedgeToZero.ts";
import type { Strategy } from "./types.ts";

export interface FixedBandOptions {
  /** Of the book's size, the options (on 1 ETH each, long or short) that have not expired. */
  readonly fraction: number;
}

/**
 * A comparator: hedges to zero whenever |drift| is at least a fixed fraction of the book's size, whatever it costs. A hedge left
 * without options is closed.
 *
 * @throws {PolicyInputError} if the fraction is not above 0.
 */
export function fixedBand(options: FixedBandOptions): Strategy {
  const fraction = positive("fraction", options.fraction);
  return {
    name: "fixed-band",
    params: { fraction },
    decide(input) {
      const { delta } = bookRisk(input.legs, input.spot, input.timestamp);
      const drift = delta + input.hedgeDelta;
      let size = 0;
      for (const leg of input.legs) if (leg.expiry > input.timestamp) size += Math.abs(leg.quantity);
      return hedgeToZero(input, drift, Math.abs(drift) >= fraction * size);
    },
  };
}
