import { nonNegative, positive } from "../math/policyInputError.ts";
import { SECONDS_PER_YEAR } from "../math/units.ts";
import { bookRisk } from "../strategy/bookRisk.ts";
import type { Strategy } from "../strategy/types.ts";
import { adjustedCentre } from "./adjustedCentre.ts";
import { toEdge } from "./toEdge.ts";

export interface ZakamoulineOptions {
  /** A, 1/USD. */
  readonly riskAversion: number;
  /** Multiplies the width of the band; 1 as published. */
  readonly scale: number;
}

/** A minute, in years: the time left is in a denominator. */
const SHORTEST = 60 / SECONDS_PER_YEAR;

/**
 * Back to the edge of `Δ(σ_m) ± (H0 + H1)`, fitted to numerical solutions for one option under exponential utility:
 *
 *     H0 = λ/(A·S·σ²·T)        H1 = 1.12·λ^0.31·T^0.05·σ^−0.25·(|Γ|/A)^0.5
 *     σ_m² = σ²·(1 ± K),       K = −4.76·λ^0.78·T^−0.02·σ^−0.25·(A·S²·|Γ|)^0.15,       + long gamma, − short
 *
 * with λ the fee rate and without interest. (V. Zakamouline, 2006, "Efficient analytic approximation of the optimal hedging strategy
 * for a European call option with proportional transaction costs", Quantitative Finance 6.) Gas and impact are no part of it.
 *
 * A book counts by its net gamma and by the gamma-weighted time to its expiries; the change of variance applies to each leg.
 *
 * @throws {PolicyInputError} if risk aversion or scale is not above 0; from `decide` if spot or sigma is not, or if the fee rate is
 * negative.
 */
export function zakamouline(options: ZakamoulineOptions): Strategy {
  const A = positive("riskAversion", options.riskAversion);
  const scale = positive("scale", options.scale);
  return {
    name: "zakamouline",
    params: { riskAversion: A, scale },
    decide(input) {
      const S = positive("spot", input.spot);
      const sigma = positive("sigma", input.sigma);
      const lambda = nonNegative("feeRate", input.feeRate);
      const risk = bookRisk(input.legs, S, input.timestamp);
      const drift = risk.delta + input.hedgeDelta;
      if (input.legs.length === 0) return toEdge(input, { drift, centre: 0, width: 0 });
      const T = Math.max(SHORTEST, risk.horizon);
      const gamma = Math.abs(risk.gamma);
      const quarter = sigma ** -0.25;
      const H0 = lambda / (A * S * sigma * sigma * T);
      const H1 = 1.12 * lambda ** 0.31 * T ** 0.05 * quarter * Math.sqrt(gamma / A);
      const K = -4.76 * lambda ** 0.78 * T ** -0.02 * quarter * (A * S * S * gamma) ** 0.15;
      const centre = adjustedCentre(input, () => Math.sign(risk.gamma) * K);
      return toEdge(input, { drift, centre, width: scale * (H0 + H1) });
    },
  };
}
