import { bandCost } from "../math/bandCost.ts";
import { discreteCheckBand } from "../math/discreteCheck.ts";
import { effectiveGamma } from "../math/effectiveGamma.ts";
import { expiryFloor, type FlooredBand } from "../math/expiryFloor.ts";
import { frictionVariance, signPurity } from "../math/frictionCentre.ts";
import { impulseBand, type ImpulseModel } from "../math/impulseBand.ts";
import { SECONDS_PER_YEAR } from "../math/units.ts";
import { bookDelta, type BookRisk } from "./bookRisk.ts";
import type { DecisionInput } from "./types.ts";

/** A minute, in years. Less says no more than "now", and it keeps the floor finite while expired legs wait for settlement. */
const SHORTEST_HORIZON = 60 / SECONDS_PER_YEAR;

/** The band in force for one decision. */
export interface BandPlan extends FlooredBand {
  /** The problem the band solves, with the effective gamma. */
  readonly model: ImpulseModel;
  /** Long-run cost rate of the band, USD per year. */
  readonly c: number;
  /** ETH of drift around which the band lies. */
  readonly centre: number;
}

/**
 * The band for a book, in this order: gamma by what it does nearby (`effectiveGamma`), the long-run optimum (`impulseBand`),
 * wider near expiry (`expiryFloor`), narrower for looking only now and then (`discreteCheckBand`), around a centre that
 * anticipates the cost of hedging (`frictionVariance`, weighted by `signPurity`).
 *
 * The centre is at most half of m = (b+t)/2 away from 0: then a trade from either edge lands nearer to 0 than it started, as the
 * chain demands, even where it lands on the other side.
 *
 * The band is not shifted for the decay of delta: charm and the convexity of delta in spot all but cancel, by Black and Scholes'
 * own equation, and the −sigma²·S·gamma a year that they leave made no measurable difference.
 *
 * Without legs nothing moves and no time is left to wait for: b = t = centre = 0, any hedge left over is worth closing.
 *
 * @param A risk aversion, 1/USD.
 */
export function planBand(input: DecisionInput, risk: BookRisk, A: number): BandPlan {
  const { legs, spot, sigma, timestamp } = input;
  const costs = {
    h: 0.5 * A * (sigma * spot) ** 2,
    G: input.gasUsd,
    ell: input.feeRate * spot,
    kappa: input.kappa,
  };
  const withGamma = (gamma: number): ImpulseModel => ({ a2: (gamma * spot * sigma) ** 2, ...costs });
  if (legs.length === 0)
    return { ...impulseBand(withGamma(0)), model: withGamma(0), curvature: 1, centre: 0 };

  const horizon = Math.max(SHORTEST_HORIZON, risk.horizon);
  const gamma = effectiveGamma({
    deltaAt: (at, elapsed) => bookDelta(legs, at, timestamp + elapsed * SECONDS_PER_YEAR),
    spot,
    sigma,
    gamma: risk.gamma,
    horizon,
    bandOf: (trial) => impulseBand(withGamma(trial)).b,
    widening: costs.G / (costs.h * horizon),
  });
  const model = withGamma(gamma);
  const longRun = impulseBand(model);
  const { b: continuous, t, curvature } = expiryFloor(model, longRun, horizon);
  const { c } = bandCost(model, { b: continuous, t });
  const b = discreteCheckBand(continuous, t, Math.sqrt(model.a2), input.checkInterval / SECONDS_PER_YEAR);

  const scale = frictionVariance(longRun.c, Math.sign(risk.gamma) * gamma, spot, sigma);
  const shift = risk.delta - bookDelta(legs, spot, timestamp, scale);
  const purity = signPurity((at) => bookDelta(legs, at, timestamp), spot, sigma, horizon);
  const farthest = (b + t) / 4;
  const centre = Math.max(-farthest, Math.min(farthest, purity * shift));
  return { b, t, curvature, model, c, centre };
}
