import { bandCost } from "../math/bandCost.ts";
import { bandLean } from "../math/bandLean.ts";
import { discreteCheckBand } from "../math/discreteCheck.ts";
import type { Thresholds } from "../math/expiryStep.ts";
import { frictionVariance, signPurity } from "../math/frictionCentre.ts";
import type { ImpulseModel } from "../math/impulseBand.ts";
import { SECONDS_PER_YEAR } from "../math/units.ts";
import { bookDelta, type BookRisk } from "./bookRisk.ts";
import { localBand, type LocalBand } from "./localBand.ts";
import { stepAhead } from "./stepAhead.ts";
import type { DecisionBand, DecisionInput } from "./types.ts";

/** Net gamma times this is taken for the effective one where it is no larger: it passes through 0, the effective one does not. */
const NEAR_ZERO = 10;
/** Looks may be so rare that drift walks through the whole of a trade between two: this part of one is always left. */
const LEAST_TRADE = 1 / 4;

/** The band in force for one decision. */
export interface BandPlan extends Required<DecisionBand> {
  /** The problem the band solves, with the effective gamma. */
  readonly model: ImpulseModel;
  /** From 1 far from expiry to 0 where no time is left: of `waitingValue`. */
  readonly curvature: number;
}

/**
 * The band for a book: that of its gamma here and now (`localBand`), of the delta that an expiry before the last will take away
 * (`stepAhead`), leaning the way in which gamma and the cost of hedging change with the price (`bandLean`), and narrower for looking
 * only now and then (`discreteCheckBand`). The cost still to come is taken to change with the price as the book's value
 * does with the variance that pays for it (`frictionVariance`, weighted by `signPurity`).
 *
 * A threshold leans by at most a quarter of a trade: then a trade from either edge lands nearer to 0 than it started, as the chain
 * demands, even where it lands on the other side.
 *
 * Without legs nothing moves and no time is left to wait for: b = t = centre = 0, any hedge left over is worth closing.
 *
 * @param A risk aversion, 1/USD.
 */
export function planBand(input: DecisionInput, risk: BookRisk, A: number): BandPlan {
  const { legs, timestamp } = input;
  const band = localBand(input, legs, timestamp, risk, A);
  const { model, longRun } = band;
  if (legs.length === 0)
    return { b: longRun.b, t: longRun.t, c: longRun.c, centre: 0, lean: 0, model, curvature: 1 };

  const step = stepAhead(input, legs, timestamp, band, A);
  const level = step?.thresholds ?? { low: -band.b, lowTarget: -band.t, highTarget: band.t, high: band.b };
  const { edges, landings } = leanOf(input, risk, band, step?.longRun ?? band.curvature);
  const tradeFrom = (edge: number, landing: number): number => {
    const width = Math.abs(edge - landing);
    const interval = input.checkInterval / SECONDS_PER_YEAR;
    return discreteCheckBand(width, LEAST_TRADE * width, Math.sqrt(model.a2), interval);
  };
  return {
    ...asBand(
      level,
      tradeFrom(level.low, level.lowTarget),
      tradeFrom(level.high, level.highTarget),
      edges,
      landings,
    ),
    c: bandCost(model, band).c,
    model,
    curvature: band.curvature,
  };
}

/** How far edges and landings move because gamma changes with the price. @param curvature Of the long run, what is left. */
function leanOf(
  { legs, spot, sigma, timestamp }: DecisionInput,
  risk: BookRisk,
  band: LocalBand,
  curvature: number,
): { edges: number; landings: number } {
  const { model, longRun, gamma, horizon, shape } = band;
  if (gamma === 0) return { edges: 0, landings: 0 };
  const shift =
    risk.delta - bookDelta(legs, spot, timestamp, frictionVariance(longRun.c, gamma, spot, sigma));
  const purity = signPurity((at) => bookDelta(legs, at, timestamp), spot, sigma, horizon);
  return bandLean({
    model,
    levels: band,
    spot,
    sigma,
    // Through 0 without a jump: the lean changes its sign with it.
    gamma: Math.max(-Math.abs(gamma), Math.min(Math.abs(gamma), NEAR_ZERO * risk.gamma)),
    shape,
    slope: band.slope(),
    reserveSlope: purity * shift,
    curvature,
  });
}

/** Thresholds, their trades made as small as looking now and then makes them, and then leant, as a band. */
function asBand(
  level: Thresholds,
  below: number,
  above: number,
  edges: number,
  landings: number,
): Pick<Required<DecisionBand>, "b" | "t" | "centre" | "lean"> {
  const farthest = Math.min(below, above) / 4;
  const within = (shift: number): number => Math.max(-farthest, Math.min(farthest, shift));
  const lowTarget = level.lowTarget + within(landings);
  const highTarget = level.highTarget + within(landings);
  const low = level.lowTarget - below + within(edges);
  const high = level.highTarget + above + within(edges);
  const centre = (lowTarget + highTarget) / 2;
  return {
    b: (high - low) / 2,
    t: (highTarget - lowTarget) / 2,
    centre,
    lean: (low + high) / 2 - centre,
  };
}
