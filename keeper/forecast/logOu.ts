import { leastSquares } from "./leastSquares.ts";
import { nelderMead } from "./nelderMead.ts";

/** Variance of a logarithm below which nothing but rounding is left. */
const LEAST = 1e-12;

/**
 * The logarithm of a price around a season: x(t) = mean + season(t) + r(t) + noise, where r is an Ornstein–Uhlenbeck process
 * and the noise independent: what a reading has that the next does not.
 */
export interface LogOu {
  readonly mean: number;
  /** One for each term of the season. */
  readonly season: readonly number[];
  /** Share of r that is left a step later: e^(−k·step). */
  readonly decay: number;
  /** Stationary variance of r. */
  readonly variance: number;
  /** Variance of the noise. */
  readonly noise: number;
}

/** Terms of a season at a moment of the grid. */
export type SeasonTerms = (moment: number) => readonly number[];

/**
 * Fits the season by least squares, then decay, variance and noise to the autocovariances of what is left at 1 to `lags` steps.
 * @param logs NaN where nothing was recorded.
 * @param moments those to fit on, consecutive.
 * @returns undefined when fewer than 100 were recorded.
 */
export function fitLogOu(
  logs: Float64Array,
  moments: readonly number[],
  terms: SeasonTerms,
  lags: number,
): LogOu | undefined {
  const known = moments.filter((moment) => !Number.isNaN(logs[moment]!));
  if (known.length < 100) return undefined;
  const { coefficients } = leastSquares(
    known.map((moment) => [1, ...terms(moment)]),
    known.map((moment) => logs[moment]!),
  );
  const [mean, ...season] = coefficients;
  const rest = Float64Array.from(
    logs.subarray(moments[0], moments.at(-1)! + 1),
    (log, i) => log - mean! - seasonAt(season, terms(moments[0]! + i)),
  );
  const covariances = Array.from({ length: lags + 1 }, (_, lag) => covarianceAt(rest, lag));
  const [total] = covariances;
  if (!(total! > LEAST)) return { mean: mean!, season, decay: 0, variance: 0, noise: 0 };
  const loss = ([a, b]: readonly number[]): number => {
    const [share, decay] = [sigmoid(a!), sigmoid(b!)];
    let sum = 0;
    for (let lag = 1; lag <= lags; lag++) sum += (covariances[lag]! / total! - share * decay ** lag) ** 2;
    return sum;
  };
  const [a, b] = nelderMead(loss, [2, 2], { iterations: 150, tolerance: 1e-9 });
  const share = sigmoid(a!);
  return { mean: mean!, season, decay: sigmoid(b!), variance: share * total!, noise: (1 - share) * total! };
}

/** Season of a moment. */
export function seasonAt(season: readonly number[], terms: readonly number[]): number {
  return season.reduce((sum, coefficient, i) => sum + coefficient * terms[i]!, 0);
}

/** E[r] at each moment given the readings up to it (Kalman's filter), from `from` on; NaN before. */
export function filterLogOu(fit: LogOu, logs: Float64Array, terms: SeasonTerms, from = 0): Float64Array {
  const filtered = new Float64Array(logs.length).fill(NaN);
  let [r, uncertainty] = [0, fit.variance];
  for (let moment = from; moment < logs.length; moment++) {
    r *= fit.decay;
    uncertainty = fit.decay ** 2 * uncertainty + (1 - fit.decay ** 2) * fit.variance;
    const log = logs[moment]!;
    if (!Number.isNaN(log)) {
      // A series that never left its season has neither to tell apart.
      const weight = uncertainty > 0 ? uncertainty / (uncertainty + fit.noise) : 0;
      r += weight * (log - fit.mean - seasonAt(fit.season, terms(moment)) - r);
      uncertainty *= 1 - weight;
    }
    filtered[moment] = r;
  }
  return filtered;
}

/** Hours in which a deviation halves. @param step seconds of the grid. */
export function halfLifeHours({ decay }: LogOu, step: number): number {
  return (Math.LN2 / -Math.log(decay)) * (step / 3600);
}

function covarianceAt(series: Float64Array, lag: number): number {
  let [sum, count] = [0, 0];
  for (let i = lag; i < series.length; i++) {
    const product = series[i]! * series[i - lag]!;
    if (Number.isNaN(product)) continue;
    sum += product;
    count++;
  }
  return count === 0 ? 0 : sum / count;
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
