import { nelderMead } from "./nelderMead.ts";
import { plainForecast, type VarianceForecaster } from "./varianceForecast.ts";

/** Below it a mean is that of a price that does not move; the likelihood needs one above 0. */
const LEAST = 1e-12;

/** h(t+1) = mean·(1 − persistence) + persistence·(share·x(t) + (1 − share)·h(t)): alpha is persistence·share. */
export interface GarchFit {
  /** Long-run mean of x. */
  readonly mean: number;
  /** alpha + beta, in (0, 1). */
  readonly persistence: number;
  readonly share: number;
}

/**
 * Fits by quasi maximum likelihood: −½·Σ(ln h + x/h), right for any law of x/h with mean 1. With squared returns it is
 * GARCH(1,1) (Bollerslev 1986), with realised variances the model of Engle & Gallo (2006), also known as HEAVY.
 * @param x positive or 0.
 */
export function fitGarch(x: ArrayLike<number>): GarchFit {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i]!;
  const sample = Math.max(LEAST, sum / x.length);
  const unpack = ([a, b, c]: readonly number[]): GarchFit => ({
    mean: sample * Math.exp(Math.max(-2, Math.min(2, a!))),
    persistence: 1 / (1 + Math.exp(-b!)),
    share: 1 / (1 + Math.exp(-c!)),
  });
  const loss = (point: readonly number[]): number => {
    const fit = unpack(point);
    let h = sample;
    let total = 0;
    for (let i = 0; i < x.length; i++) {
      total += Math.log(h) + x[i]! / h;
      h = next(fit, h, x[i]!);
    }
    return total / x.length;
  };
  return unpack(nelderMead(loss, [0, 3, -2], { iterations: 150, tolerance: 1e-7 }));
}

/** The variance expected for the step after each, given x up to it. */
export function filterGarch(fit: GarchFit, x: ArrayLike<number>): Float64Array {
  const filtered = new Float64Array(x.length);
  let h = fit.mean;
  for (let i = 0; i < x.length; i++) filtered[i] = h = next(fit, h, x[i]!);
  return filtered;
}

/** Mean of the expected variances over the next `steps`: mean + (h − mean)·(1 − p^n)/(n·(1 − p)). */
export function garchForecast({ mean, persistence }: GarchFit, h: number, steps: number): number {
  const weight = persistence < 1 ? (1 - persistence ** steps) / (steps * (1 - persistence)) : 1;
  return mean + (h - mean) * weight;
}

/**
 * {@link fitGarch} on the daily series `x`. Its forecast is of x: the level of squared daily returns need not be that of the sums
 * of squared hourly ones they are judged by, but scaling it by the past of both made it no better on ETH.
 */
export function garch(
  name: string,
  x: Float64Array,
  horizon: number,
): VarianceForecaster<{ readonly fit: GarchFit; readonly filtered: Float64Array }> {
  return {
    name,
    fit(origins) {
      const last = origins.at(-1);
      if (last === undefined || origins.length < 250) return undefined;
      // Every day until now is known, beyond the last whose outcome is.
      const fit = fitGarch(x.subarray(origins[0]!, last + horizon + 1));
      return { fit, filtered: filterGarch(fit, x) };
    },
    predict({ fit, filtered }, day) {
      return plainForecast(garchForecast(fit, filtered[day]!, horizon));
    },
  };
}

function next({ mean, persistence, share }: GarchFit, h: number, x: number): number {
  return mean * (1 - persistence) + persistence * (share * x + (1 - share) * h);
}
