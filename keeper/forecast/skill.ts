/** How a forecaster did out of sample against a naive one, on the moments for which both had a forecast and an outcome. */
export interface Skill {
  readonly model: string;
  readonly naive: string;
  /** As shown: `1 d`. */
  readonly horizon: string;
  readonly count: number;
  /** Mean loss, in the loss's own unit: QLIKE for variances, squares for logarithms. */
  readonly loss: number;
  readonly naiveLoss: number;
  /** Root mean square error of the logarithm. */
  readonly rmse: number;
  readonly naiveRmse: number;
  /** 1 − Σe²/Σe²(naive), of the logarithm; 0 where the naive forecast has no error. */
  readonly r2: number;
  /** naiveLoss − loss, its standard error, and their quotient (Diebold & Mariano 1995). */
  readonly gain: number;
  readonly gainError: number;
  readonly t: number;
}

/** One moment's outcome of two forecasters. */
export interface Scored {
  readonly loss: number;
  /** Error of the logarithm. */
  readonly error: number;
}

/**
 * Compares a model with the naive forecast. @param overlap moments that one outcome spans: their errors are correlated.
 * undefined where fewer than 30 moments can be compared.
 */
export function compare(
  names: { readonly model: string; readonly naive: string; readonly horizon: string },
  model: readonly (Scored | undefined)[],
  naive: readonly (Scored | undefined)[],
  overlap: number,
): Skill | undefined {
  const gains: number[] = [];
  const sums = { loss: 0, naiveLoss: 0, square: 0, naiveSquare: 0 };
  for (const [index, ours] of model.entries()) {
    const theirs = naive[index];
    if (ours === undefined || theirs === undefined) continue;
    gains.push(theirs.loss - ours.loss);
    sums.loss += ours.loss;
    sums.naiveLoss += theirs.loss;
    sums.square += ours.error ** 2;
    sums.naiveSquare += theirs.error ** 2;
  }
  const count = gains.length;
  if (count < 30) return undefined;
  const gain = gains.reduce((sum, value) => sum + value, 0) / count;
  const gainError = standardError(gains, overlap);
  return {
    ...names,
    count,
    loss: sums.loss / count,
    naiveLoss: sums.naiveLoss / count,
    rmse: Math.sqrt(sums.square / count),
    naiveRmse: Math.sqrt(sums.naiveSquare / count),
    r2: sums.naiveSquare > 0 ? 1 - sums.square / sums.naiveSquare : 0,
    gain,
    gainError,
    t: gainError > 0 ? gain / gainError : 0,
  };
}

/**
 * Standard error of the mean of a correlated series (Newey & West 1987, Bartlett weights). The lag is 1.3·√n (Lazarus,
 * Lewis, Stock & Watson 2018), at least one and a half overlaps.
 */
export function standardError(series: readonly number[], overlap = 1): number {
  const n = series.length;
  const mean = series.reduce((sum, value) => sum + value, 0) / n;
  const lags = Math.min(n - 1, Math.max(Math.ceil(1.5 * overlap), Math.floor(1.3 * Math.sqrt(n))));
  let variance = 0;
  for (let lag = 0; lag <= lags; lag++) {
    let covariance = 0;
    for (let i = lag; i < n; i++) covariance += (series[i]! - mean) * (series[i - lag]! - mean);
    variance += (lag === 0 ? 1 : 2 * (1 - lag / (lags + 1))) * (covariance / n);
  }
  return Math.sqrt(Math.max(0, variance) / n);
}

/**
 * QLIKE of a variance forecast: x − ln x − 1 with x = outcome/forecast. Its ranking survives noise in the outcome
 * (Patton 2011), and it is 0 only for the exact forecast.
 */
export function qlike(outcome: number, forecast: number): number {
  const ratio = outcome / forecast;
  return ratio - Math.log(ratio) - 1;
}
