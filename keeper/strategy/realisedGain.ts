import { PolicyInputError, positive } from "../math/policyInputError.ts";
import { planBand } from "./bandPlan.ts";
import { bookRisk } from "./bookRisk.ts";
import type { Decision, DecisionInput } from "./types.ts";

/** One look at the market to the next, while a rebalance's gain is counted. */
export interface GainStep {
  /** ETH at the first look: the book's delta plus the hedge. */
  readonly drift: number;
  /** ETH the rebalance added to the hedge. */
  readonly traded: number;
  /** Change of spot until the second look, USD per ETH. */
  readonly move: number;
}

/**
 * What a rebalance has saved over one step: `½·A·(d′² − d²)·(ΔS)²`, USD, with d the drift and d′ = d − traded what it would be
 * had the rebalance not been made. Negative where holding would have been better.
 *
 * @param riskAversion A, 1/USD.
 */
export function stepGain(riskAversion: number, { drift, traded, move }: GainStep): number {
  const held = drift - traded;
  return 0.5 * riskAversion * (held - drift) * (held + drift) * move * move;
}

/** The band in force after a rebalance, and how fast drift wanders in it. */
export interface Stretch {
  /** Absolute risk aversion A, 1/USD. */
  readonly riskAversion: number;
  /** Net gamma of the book, ETH per USD, above 0 in size: the effective one, which the band was made with. */
  readonly gamma: number;
  /** Where |drift − centre| is on average when the next trade is decided, ETH. */
  readonly b: number;
  /** Midway between the edges, ETH. */
  readonly centre: number;
  /** ETH, after the rebalance. */
  readonly drift: number;
  /** ETH the rebalance added to the hedge. */
  readonly traded: number;
}

/**
 * The stretch that a decision to trade begins, by the optimal band at that moment; null where the rule has no band, holds,
 * or nothing makes drift wander.
 *
 * @param riskAversion A, 1/USD.
 * @throws {PolicyInputError} as `optimalImpulse` does.
 */
export function stretchOf(input: DecisionInput, decision: Decision, riskAversion: number): Stretch | null {
  if (decision.action !== "rebalance" || decision.band === null) return null;
  const risk = bookRisk(input.legs, input.spot, input.timestamp);
  // The band looked at now and then is narrower by as much as a walk overshoots it: on average the next trade is at this b.
  // What is saved counts by the operator's own aversion, whatever made the band narrower.
  const aversion = riskAversion * (input.caution?.riskAversion ?? 1);
  const { model, b, centre, lean } = planBand({ ...input, checkInterval: 0 }, risk, aversion);
  const gamma = Math.sqrt(model.a2) / (input.sigma * input.spot);
  if (gamma === 0) return null;
  const { drift, trade } = decision;
  return { riskAversion, gamma, b, centre: centre + lean, drift: drift + trade, traded: trade };
}

/**
 * What the steps of a rebalance are expected to add up to until the next decision to trade, USD.
 *
 * This is not a decision's `gain`. That is V(d) − V(t): the trade now against the best without it, which would be the same
 * trade an instant later, so at the edge it is only the trade's cost. What a record can be compared with is never having
 * made the trade until the next one. With r = drift − centre after the trade, residuals diffusing at a² = (Γ·S·σ)² and
 * leaving (−b, b) after E[T] = (b² − r²)/a² with E∫r = r·(b² − r²)/(3a²), and h = ½·A·σ²·S²,
 *
 *     E = h·E∫(d′² − d²) = A/(2Γ²) · (b² − r²) · (w² − 2·w·centre − ⅔·w·r),      w = traded, d′ = d − w
 *
 * in which volatility cancels. For the optimal band around 0 it is 4·(G − kappa·w²)·(1 + m/w), m = (b+t)/2: six times the
 * cost where gas is all of it; less than the cost where fees are nearly all of it and the next trade follows at once.
 *
 * Gamma, spot and band are taken to stay what they are, which says too much, and the more so the longer a stretch lasts and the sooner
 * the book expires: with dearer gas, and with looks further apart. How much there is no one number for: test/keeper/realisedGain.ts plays
 * the policy on a 120-day book, hourly, at 8 and at 40 USD a trade, and holds the sums within two standard errors of each other.
 *
 * @returns 0 where the next trade is due already.
 * @throws {PolicyInputError} if risk aversion or the size of gamma is not above 0, or anything is not finite.
 */
export function expectedStretchGain(stretch: Stretch): number {
  const { b, centre, drift, traded } = stretch;
  const A = positive("riskAversion", stretch.riskAversion);
  const gamma = positive("gamma", Math.abs(stretch.gamma));
  const r = drift - centre;
  const room = Math.max(0, (b - r) * (b + r));
  const gain = ((A * room) / (2 * gamma * gamma)) * traded * (traded - 2 * centre - (2 / 3) * r);
  if (!Number.isFinite(gain)) throw new PolicyInputError("", "the expected gain is not a finite number");
  return gain;
}

/** One rebalance whose stretch has ended. USD. */
export interface EndedGain {
  /** By {@link expectedStretchGain}. */
  readonly expected: number;
  /** Sum of {@link stepGain}. */
  readonly realised: number;
  /** Gas, fees and slippage. */
  readonly cost: number;
}

/** Running sums over rebalances, USD. */
export interface GainTotals {
  readonly expected: number;
  readonly realised: number;
  readonly cost: number;
  /** Realised less cost. */
  readonly net: number;
  /** Standard error of `realised − expected`; Infinity before there are two. */
  readonly error: number;
  readonly count: number;
}

/**
 * Adds rebalances up. `realised − expected` is chance if it is within about two errors.
 *
 * The error is `√(n·s²)`, s² the sample variance of the differences δ = realised − expected of single rebalances. Stretches do
 * not overlap and each expectation is made at the start of its own, so if the model is right the δ are martingale
 * differences: uncorrelated, whatever the stretches before were, and the variance of their sum is the sum of their variances.
 * Deviations are taken from the mean of δ, not from 0, so that an expectation that is off shows as a difference of many
 * errors and does not widen the error itself. The spread of the single steps says nothing of this: it vanishes as looks
 * become more frequent, while how long a stretch lasts, and on which side it ends, stays as uncertain as before.
 */
export function sumGains(gains: readonly EndedGain[]): GainTotals {
  const add = (of: (gain: EndedGain) => number) => gains.reduce((sum, gain) => sum + of(gain), 0);
  const [expected, realised, cost] = [
    add((gain) => gain.expected),
    add((gain) => gain.realised),
    add((gain) => gain.cost),
  ];
  const count = gains.length;
  const mean = (realised - expected) / count;
  const squares = add((gain) => (gain.realised - gain.expected - mean) ** 2);
  const error = count < 2 ? Infinity : Math.sqrt((count / (count - 1)) * squares);
  return { expected, realised, cost, net: realised - cost, error, count };
}
