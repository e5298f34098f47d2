import type { BandLevels, ImpulseModel } from "./impulseBand.ts";
import type { WaitingShape } from "./waitingValue.ts";

/** Of a trade: first order is trusted where it moves the thresholds by much less. */
const TRUST = 0.4;

/** A band around 0, and how its surroundings change with the price. */
export interface LeanInput {
  readonly model: ImpulseModel;
  readonly levels: BandLevels;
  /** USD per ETH. */
  readonly spot: number;
  /** Fraction per root year. */
  readonly sigma: number;
  /** ETH per USD, with its sign. */
  readonly gamma: number;
  readonly shape: WaitingShape;
  /** By how much the shape grows per USD of spot. */
  readonly slope: WaitingShape;
  /** By how much the friction still to be expected grows per USD of spot: ETH. */
  readonly reserveSlope: number;
  /** From 1 far from expiry to 0 where no time is left: of `expiryFloor`. */
  readonly curvature: number;
}

/** How far the thresholds move from those of the band around 0, ETH. */
export interface BandLean {
  /** Of both edges. */
  readonly edges: number;
  /** Of both landings. */
  readonly landings: number;
}

/**
 * How a band leans, to first order, because drift has no constant coefficients: it moves only as the price does, and with the
 * price gamma changes, and with gamma what a drift is worth.
 *
 * Write the cost still to come as R(t, S) + v(t, S, d). While no trade is made it satisfies
 *
 *     v_t + ½σ²S²v_SS + σ²S²Γ·v_Sd + ½a²·v_dd − σ²SΓ·v_d + h·(d − R_S − v_S − Γ·v_d)² = c,    a = σSΓ
 *
 * whose even part in d is the band's own equation, ½a²·v0'' + h·d² = c, v0 = p·d² − q·d⁴. The largest terms left are odd:
 *
 *     ½a²·v1'' = 2h·R_S·d + σ²SΓ·v0_d − σ²S²Γ·v0_Sd,    so    v1' = γ + α·d²/2 + β·d⁴/4
 *     α = (4/a²)·(h·R_S + σ²SΓ·p − σ²S²Γ·p_S),    β = (8/a²)·(σ²S²Γ·q_S − σ²SΓ·q)
 *
 * γ follows from v1(b) = v1(t): to first order a trade must be worth its cost as before. Then V' = K' at the moved thresholds:
 *
 *     (v0''(b) − 2κ)·db + 2κ·dt = −v1'(b),    (v0''(t) + 2κ)·dt − 2κ·db = −v1'(t)
 *
 * at both sides alike, as v1' is even. v0'' is negative at b and positive at t, so that edges and landings move apart: where
 * gamma grows with the price, say, drift on one side meets more of it than on the other. Terms of second order are
 * even again; they are left to `effectiveGamma` and `expiryFloor`. Near expiry there is no time for it: α and β fade with the
 * curvature. First order says nothing of its own end: a shift x comes out as x/(1 + (x/0.4w)²), w the trade's size.
 */
export function bandLean(input: LeanInput): BandLean {
  const { model, levels, spot, sigma, gamma, shape, slope, reserveSlope, curvature } = input;
  const { b, t } = levels;
  const { a2, h, kappa } = model;
  const w = b - t;
  if (!(w > 0 && a2 > 0)) return { edges: 0, landings: 0 };
  const pull = sigma * sigma * spot * gamma;
  const alpha = (4 / a2) * curvature * (h * reserveSlope + pull * (shape.p - spot * slope.p));
  const beta = (8 / a2) * curvature * pull * (spot * slope.q - shape.q);
  const constant = -((alpha * (b ** 3 - t ** 3)) / 6 + (beta * (b ** 5 - t ** 5)) / 20) / w;
  const force = (d: number): number => -(constant + (alpha * d ** 2) / 2 + (beta * d ** 4) / 4);
  const stiffness = (d: number): number => 2 * shape.p - 12 * shape.q * d * d;

  const atEdge = stiffness(b) - 2 * kappa;
  const atLanding = stiffness(t) + 2 * kappa;
  const determinant = atEdge * atLanding + 4 * kappa * kappa;
  const trusted = (shift: number): number => {
    const x = shift / determinant;
    return Number.isFinite(x) ? x / (1 + (x / (TRUST * w)) ** 2) : 0;
  };
  return {
    edges: trusted(force(b) * atLanding - 2 * kappa * force(t)),
    landings: trusted(force(t) * atEdge + 2 * kappa * force(b)),
  };
}
