import type { Forecaster } from "./walkForward.ts";

/** A forecast of the mean variance a day over a horizon. */
export interface VarianceForecast {
  /** Its expectation: what a cost or a band that is linear in variance needs. */
  readonly variance: number;
  /** The expectation of ½·ln of it. By Jensen's inequality at most ½·ln of the above; equal where the model has no law. */
  readonly logVolatility: number;
}

export type VarianceForecaster<Fit = unknown> = Forecaster<Fit, VarianceForecast>;

/** A forecast by a model that states a variance and no law around it. */
export function plainForecast(variance: number): VarianceForecast {
  return { variance, logVolatility: Math.log(variance) / 2 };
}

/**
 * A forecast of ln(variance) with mean `mean` and variance `residual`: the expected variance is exp(mean + residual/2) when
 * the logarithm is normal.
 */
export function lognormalForecast(mean: number, residual: number): VarianceForecast {
  return { variance: Math.exp(mean + residual / 2), logVolatility: mean / 2 };
}
