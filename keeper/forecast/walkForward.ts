/** Something that learns from the past of a series and forecasts from a moment of it. Moments are indices of a grid. */
export interface Forecaster<Fit, Value> {
  readonly name: string;
  /** @param origins moments whose outcome is known by now, in order. undefined when they are too few. */
  fit(origins: readonly number[]): Fit | undefined;
  /** @param origin the moment to forecast from; nothing after it may be used. undefined when that is not possible. */
  predict(fit: Fit, origin: number): Value | undefined;
}

export interface Walk {
  /** Moments of the grid. */
  readonly length: number;
  /** Steps after which the outcome of a moment is known. */
  readonly horizon: number;
  /** Moments before the first forecast. */
  readonly warmUp: number;
  /** Moments between two fits. */
  readonly refit: number;
  /** Newest moments a fit sees; all of them by default. */
  readonly window?: number;
}

/**
 * Forecasts of a whole series, each from a fit that saw only outcomes known when it was made.
 * At a refit at moment i the fit sees the moments j with j + horizon <= i.
 * @returns one value a moment; undefined in the warm-up and where there is none.
 */
export function walkForward<Fit, Value>(
  forecaster: Forecaster<Fit, Value>,
  { length, horizon, warmUp, refit, window = Infinity }: Walk,
): (Value | undefined)[] {
  const values = new Array<Value | undefined>(length).fill(undefined);
  let fit: Fit | undefined;
  for (let origin = warmUp; origin < length; origin++) {
    if ((origin - warmUp) % refit === 0) {
      const last = origin - horizon;
      const first = Math.max(0, last + 1 - window);
      fit = forecaster.fit(Array.from({ length: Math.max(0, last + 1 - first) }, (_, i) => first + i));
    }
    if (fit !== undefined) values[origin] = forecaster.predict(fit, origin);
  }
  return values;
}
