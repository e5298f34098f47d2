import { dispersionGamma, effectiveGamma, lookAhead } from "../math/effectiveGamma.ts";
import { expiryFloor, type FlooredBand } from "../math/expiryFloor.ts";
import { impulseBand, type ImpulseBand, type ImpulseModel } from "../math/impulseBand.ts";
import { SECONDS_PER_YEAR } from "../math/units.ts";
import { waitingShape, type WaitingShape } from "../math/waitingValue.ts";
import { bookDelta, type BookRisk } from "./bookRisk.ts";
import type { DecisionInput, OptionLeg } from "./types.ts";

/** A minute, in years. Less says no more than "now", and it keeps the floor finite while expired legs wait for settlement. */
export const SHORTEST_HORIZON = 60 / SECONDS_PER_YEAR;

/** What of a decision's input a band depends on. */
export type BandMarket = Pick<DecisionInput, "spot" | "sigma" | "gasUsd" | "feeRate" | "kappa">;

/** The band of a book as it is here and now, symmetrical around 0. */
export interface LocalBand extends FlooredBand {
  /** The problem the band solves, with the effective gamma. */
  readonly model: ImpulseModel;
  readonly longRun: ImpulseBand;
  /** Net gamma with the effective size, ETH per USD. */
  readonly gamma: number;
  /** Years until the book's gamma is gone. */
  readonly horizon: number;
  readonly shape: WaitingShape;
  /** By how much the shape grows per USD of spot. */
  slope(): WaitingShape;
}

/**
 * Gamma by what it does nearby (`effectiveGamma`), the long-run optimum (`impulseBand`), wider near expiry (`expiryFloor`).
 *
 * @param risk Of the legs at this time. @param A risk aversion, 1/USD. @param timestamp Unix seconds.
 */
export function localBand(
  market: BandMarket,
  legs: readonly OptionLeg[],
  timestamp: number,
  risk: BookRisk,
  A: number,
): LocalBand {
  const { spot, sigma } = market;
  const modelAt = (price: number, gamma: number): ImpulseModel => ({
    a2: (gamma * price * sigma) ** 2,
    h: 0.5 * A * (sigma * price) ** 2,
    G: market.gasUsd,
    ell: market.feeRate * price,
    kappa: market.kappa,
  });
  const deltaAt = (at: number, elapsed: number): number =>
    bookDelta(legs, at, timestamp + elapsed * SECONDS_PER_YEAR);

  const horizon = Math.max(SHORTEST_HORIZON, risk.horizon);
  const widening = market.gasUsd / (modelAt(spot, 0).h * horizon);
  const gamma = effectiveGamma({
    deltaAt,
    spot,
    sigma,
    gamma: risk.gamma,
    horizon,
    bandOf: (trial) => impulseBand(modelAt(spot, trial)).b,
    widening,
  });
  const model = modelAt(spot, gamma);
  const longRun = impulseBand(model);
  const floored = expiryFloor(model, longRun, horizon);
  return {
    ...floored,
    model,
    longRun,
    gamma: Math.sign(risk.gamma) * gamma,
    horizon,
    shape: waitingShape(model, floored, floored.curvature),
    slope() {
      const stretch = lookAhead(longRun.b ** 2 + widening, model.a2, horizon);
      const shapeAt = (price: number): WaitingShape => {
        const there = modelAt(price, dispersionGamma(deltaAt, price, sigma, stretch));
        const levels = expiryFloor(there, impulseBand(there), horizon);
        return waitingShape(there, levels, levels.curvature);
      };
      const factor = Math.exp(sigma * Math.sqrt(stretch));
      const [above, below] = [shapeAt(spot * factor), shapeAt(spot / factor)];
      const distance = spot * (factor - 1 / factor);
      return { p: (above.p - below.p) / distance, q: (above.q - below.q) / distance };
    },
  };
}
