import { SECONDS_PER_YEAR } from "../math/units.ts";

/** A price at a moment; what is observed at each block, minute or hour. */
export interface PriceObservation {
  /** Unix seconds. */
  readonly timestamp: number;
  readonly price: number;
}

/** What {@link observePrice} remembers of the past. Treat as opaque; it can be stored as JSON. */
export interface VolatilityState {
  readonly last: PriceObservation;
  /** Σ of squared log returns, each halved once per half-life of its age. */
  readonly weightedSquares: number;
  /** Σ of the seconds they took, weighted alike. */
  readonly weightedSeconds: number;
}

/**
 * Takes one more price into an exponentially weighted estimate (as RiskMetrics 1996, for any spacing of observations).
 * @param state undefined before the first price.
 * @param halfLife seconds after which a return counts half.
 * @throws RangeError when the price is not positive or time does not move forward.
 */
export function observePrice(
  state: VolatilityState | undefined,
  observation: PriceObservation,
  halfLife: number,
): VolatilityState {
  const { timestamp, price } = observation;
  if (!(price > 0 && Number.isFinite(price))) throw new RangeError(`${String(price)} is no price`);
  if (!(halfLife > 0)) throw new RangeError(`${String(halfLife)} s is no half-life`);
  if (state === undefined) return { last: observation, weightedSquares: 0, weightedSeconds: 0 };
  const elapsed = timestamp - state.last.timestamp;
  if (!(elapsed > 0))
    throw new RangeError(`${String(timestamp)} is not after ${String(state.last.timestamp)}`);
  const decay = 2 ** (-elapsed / halfLife);
  return {
    last: observation,
    weightedSquares: decay * state.weightedSquares + Math.log(price / state.last.price) ** 2,
    weightedSeconds: decay * state.weightedSeconds + elapsed,
  };
}

/**
 * Annualised volatility as a fraction: σ² = Σw·r² / Σw·Δt, the mean return taken for 0 and the year for 365 days.
 * @returns undefined before the second price.
 */
export function annualisedVolatility(state: VolatilityState | undefined): number | undefined {
  if (state === undefined || state.weightedSeconds === 0) return undefined;
  return Math.sqrt((state.weightedSquares / state.weightedSeconds) * SECONDS_PER_YEAR);
}

/** {@link annualisedVolatility} of a whole series in order of time. */
export function realisedVolatility(
  observations: readonly PriceObservation[],
  halfLife: number,
): number | undefined {
  let state: VolatilityState | undefined;
  for (const observation of observations) state = observePrice(state, observation, halfLife);
  return annualisedVolatility(state);
}
