import { SECONDS_PER_YEAR } from "../math/units.ts";
import { HOUR_SECONDS, type Candle } from "./candle.ts";
import { Random } from "../math/random.ts";

const STEP_SECONDS = 60;

/** Rates per year, volatilities as fractions per root year. */
export interface HestonParameters {
  /** Level volatility returns to; the variance's mean is its square. */
  readonly volatility: number;
  /** Speed of the variance's return: half of a deviation is gone after ln 2 / speed years. */
  readonly meanReversion: number;
  /** Volatility of variance. */
  readonly volOfVol: number;
  /** Correlation of the shocks to price and variance. */
  readonly correlation: number;
  /** Jumps a year. */
  readonly jumpRate: number;
  /** Mean and standard deviation of a jump's log return. */
  readonly jumpMean: number;
  readonly jumpDeviation: number;
}

/**
 * Ether as it trades in an ordinary year: 65 % volatility that swings between about 40 % and 85 % with a half-life of
 * ten days, and a jump of a few per cent every two weeks, more often down than up.
 */
export const ETHER: HestonParameters = {
  volatility: 0.65,
  meanReversion: 25,
  volOfVol: 3,
  correlation: -0.3,
  jumpRate: 26,
  jumpMean: -0.01,
  jumpDeviation: 0.03,
};

/**
 * Hourly candles of a Heston price with lognormal jumps (Bates 1996), driftless:
 * dS/S = √v dW + (J − 1) dN − λE[J − 1] dt, dv = k(θ − v) dt + ξ√v dB, d⟨W, B⟩ = ρ dt.
 * Euler steps of a minute with full truncation (Lord, Koekkoek & van Dijk 2010); the candle holds its minutes' range.
 * @param start unix seconds. @param spot the first open.
 */
export function hestonCandles(options: {
  readonly seed: number;
  readonly start: number;
  readonly hours: number;
  readonly spot: number;
  readonly parameters?: HestonParameters;
}): Candle[] {
  const { seed, start, hours, spot, parameters = ETHER } = options;
  const { volatility, meanReversion, volOfVol, correlation, jumpRate, jumpMean, jumpDeviation } = parameters;
  const random = new Random(seed, "heston");
  const dt = STEP_SECONDS / SECONDS_PER_YEAR;
  const meanVariance = volatility ** 2;
  const jumpCompensator = jumpRate * (Math.exp(jumpMean + jumpDeviation ** 2 / 2) - 1);

  let price = spot;
  let variance = meanVariance;
  const candles: Candle[] = [];
  for (let hour = 0; hour < hours; hour++) {
    const open = price;
    let high = price;
    let low = price;
    for (let step = 0; step < HOUR_SECONDS / STEP_SECONDS; step++) {
      const priceShock = random.normal();
      const varianceShock = correlation * priceShock + Math.sqrt(1 - correlation ** 2) * random.normal();
      const current = Math.max(variance, 0);
      let logReturn = -(current / 2 + jumpCompensator) * dt + Math.sqrt(current * dt) * priceShock;
      if (random.uniform() < jumpRate * dt) logReturn += jumpMean + jumpDeviation * random.normal();
      variance +=
        meanReversion * (meanVariance - current) * dt + volOfVol * Math.sqrt(current * dt) * varianceShock;
      price *= Math.exp(logReturn);
      high = Math.max(high, price);
      low = Math.min(low, price);
    }
    candles.push({ timestamp: start + hour * HOUR_SECONDS, open, high, low, close: price });
  }
  return candles;
}
