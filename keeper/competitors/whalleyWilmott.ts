import { nonNegative, positive } from "../math/policyInputError.ts";
import { bookRisk } from "../strategy/bookRisk.ts";
import type { Strategy } from "../strategy/types.ts";
import { toEdge } from "./toEdge.ts";

export interface WhalleyWilmottOptions {
  /** A, 1/USD. */
  readonly riskAversion: number;
  /** Multiplies the width of the band; 1 as published. */
  readonly scale: number;
}

/**
 * Back to the edge of `Δ ± (3/2 · λ·S·Γ²/A)^⅓`, λ the fee rate: the leading order of the optimum for small proportional costs.
 * (A. E. Whalley and P. Wilmott, 1997, "An asymptotic analysis of an optimal hedging model for option pricing with transaction
 * costs", Mathematical Finance 7; without interest.) Gas and price impact are no part of it. A book counts by its net gamma.
 *
 * @throws {PolicyInputError} if risk aversion or scale is not above 0; from `decide` if the fee rate is negative.
 */
export function whalleyWilmott(options: WhalleyWilmottOptions): Strategy {
  const riskAversion = positive("riskAversion", options.riskAversion);
  const scale = positive("scale", options.scale);
  return {
    name: "whalley-wilmott",
    params: { riskAversion, scale },
    decide(input) {
      const { delta, gamma } = bookRisk(input.legs, input.spot, input.timestamp);
      const fee = nonNegative("feeRate", input.feeRate) * input.spot;
      const width = scale * Math.cbrt((1.5 * fee * gamma * gamma) / riskAversion);
      return toEdge(input, { drift: delta + input.hedgeDelta, centre: 0, width });
    },
  };
}
