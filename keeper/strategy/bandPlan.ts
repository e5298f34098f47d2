import { bandCost } from "../math/bandCost.ts";
import { bandLean } from "../math/bandLean.ts";
import { discreteCheckBand } from "../math/discreteCheck.ts";
import { dispersionGamma, effectiveGamma, lookAhead } from "../math/effectiveGamma.ts";
import { expiryFloor, type FlooredBand } from "../math/expiryFloor.ts";
import { frictionVariance, signPurity } from "../math/frictionCentre.ts";
import { impulseBand, type ImpulseModel } from "../math/impulseBand.ts";
import { SECONDS_PER_YEAR } from "../math/units.ts";
import { waitingShape, type WaitingShape } from "../math/waitingValue.ts";
import { bookDelta, type BookRisk } from "./bookRisk.ts";
import type { DecisionBand, DecisionInput } from "./types.ts";

/** A minute, in years. Less says no more than "now", and it keeps the floor finite while expired legs wait for settlement. */
const SHORTEST_HORIZON = 60 / SECONDS_PER_YEAR;

/** The band in force for one decision. */
export interface BandPlan extends FlooredBand, Required<DecisionBand> {
  /** The problem the band solves, with the effective gamma. */
  readonly model: ImpulseModel;
}

/**
 * The band for a book, in this order: gamma by what it does nearby (`effectiveGamma`), the long-run optimum (`impulseBand`),
 * wider near expiry (`expiryFloor`), narrower for looking only now and then (`discreteCheckBand`), and leaning the way in which
 * gamma and the cost of hedging change with the price (`bandLean`). The cost still to come is taken to change with the price as
 * the book's value does with the variance that pays for it (`frictionVariance`, weighted by `signPurity`).
 *
 * A threshold moves by at most a quarter of a trade: then a trade from either edge lands nearer to 0 than it started, as the chain
 * demands, even where it lands on the other side.
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
    return { ...impulseBand(withGamma(0)), model: withGamma(0), curvature: 1, centre: 0, lean: 0 };

  const horizon = Math.max(SHORTEST_HORIZON, risk.horizon);
  const widening = costs.G / (costs.h * horizon);
  const deltaAt = (at: number, elapsed: number): number =>
    bookDelta(legs, at, timestamp + elapsed * SECONDS_PER_YEAR);
  const gamma = effectiveGamma({
    deltaAt,
    spot,
    sigma,
    gamma: risk.gamma,
    horizon,
    bandOf: (trial) => impulseBand(withGamma(trial)).b,
    widening,
  });
  const model = withGamma(gamma);
  const longRun = impulseBand(model);
  const { b: continuous, t, curvature } = expiryFloor(model, longRun, horizon);
  const { c } = bandCost(model, { b: continuous, t });
  const b = discreteCheckBand(continuous, t, Math.sqrt(model.a2), input.checkInterval / SECONDS_PER_YEAR);
  const unleaning = { b, t, curvature, model, c, centre: 0, lean: 0 };
  if (gamma === 0) return unleaning;

  const stretch = lookAhead(longRun.b ** 2 + widening, model.a2, horizon);
  /** The shape of the value of waiting at another price, a stretch away. */
  const shapeAt = (price: number): WaitingShape => {
    const there = {
      a2: (dispersionGamma(deltaAt, price, sigma, stretch) * price * sigma) ** 2,
      h: 0.5 * A * (sigma * price) ** 2,
      G: costs.G,
      ell: input.feeRate * price,
      kappa: costs.kappa,
    };
    const levels = expiryFloor(there, impulseBand(there), horizon);
    return waitingShape(there, levels, levels.curvature);
  };
  const factor = Math.exp(sigma * Math.sqrt(stretch));
  const [above, below] = [shapeAt(spot * factor), shapeAt(spot / factor)];
  const distance = spot * (factor - 1 / factor);

  const scale = frictionVariance(longRun.c, Math.sign(risk.gamma) * gamma, spot, sigma);
  const shift = risk.delta - bookDelta(legs, spot, timestamp, scale);
  const purity = signPurity((at) => bookDelta(legs, at, timestamp), spot, sigma, horizon);
  const { edges, landings } = bandLean({
    model,
    levels: { b: continuous, t },
    spot,
    sigma,
    gamma: Math.sign(risk.gamma) * gamma,
    shape: waitingShape(model, { b: continuous, t }, curvature),
    slope: { p: (above.p - below.p) / distance, q: (above.q - below.q) / distance },
    reserveSlope: purity * shift,
    curvature,
  });
  const farthest = (b - t) / 4;
  const within = (shift: number): number => Math.max(-farthest, Math.min(farthest, shift));
  const centre = within(landings);
  return { ...unleaning, centre, lean: within(edges) - centre };
}
