/**
 * Option values by other means than the code under test: the normal distribution from its Taylor series and its
 * continued fraction in double precision, or from the series in integers to 50 digits, and the textbook formulas.
 */

export interface Option {
  readonly isPut: boolean;
  readonly spot: number;
  readonly strike: number;
  /** 0 for a vanilla. */
  readonly cap: number;
  readonly sigma: number;
  /** Seconds. */
  readonly tau: number;
  readonly forward: number;
}

/** Price, delta, gamma, vega, theta. */
export type Five = readonly [number, number, number, number, number];

/** N(-z) for z >= 0. */
function upperTail(z: number): number {
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (z < 2.5) {
    let term = z;
    let sum = z;
    for (let k = 3; Math.abs(term) > 1e-18; k += 2) sum += term *= (z * z) / k;
    return 0.5 - density * sum;
  }
  // φ(z)/(z + 1/(z + 2/(z + 3/(z + …)))), from far enough in.
  let fraction = z;
  for (let k = 160; k >= 1; k--) fraction = z + k / fraction;
  return density / fraction;
}

function distribution(x: number): number {
  return x < 0 ? upperTail(-x) : 1 - upperTail(x);
}

function vanilla(o: Option, strike: number): Five {
  const ratio = o.forward / o.spot;
  const years = o.tau / (365 * 86_400);
  const v = o.sigma * Math.sqrt(years);
  const inTheMoney = o.isPut ? strike - o.forward : o.forward - strike;
  if (v === 0) {
    const step = inTheMoney > 0 ? 1 : inTheMoney === 0 ? 0.5 : 0;
    return [Math.max(inTheMoney, 0), o.isPut ? -ratio * step : ratio * step, 0, 0, 0];
  }
  const gap = (o.forward - strike) / strike;
  const d1 = (Math.abs(gap) < 0.1 ? Math.log1p(gap) : Math.log(o.forward / strike)) / v + v / 2;
  const d2 = d1 - v;
  const density = Math.exp((-d1 * d1) / 2) / Math.sqrt(2 * Math.PI);
  const call = o.forward * distribution(d1) - strike * distribution(d2);
  const put = strike * distribution(-d2) - o.forward * distribution(-d1);
  return [
    o.isPut ? put : call,
    o.isPut ? -ratio * distribution(-d1) : ratio * distribution(d1),
    (ratio * density) / (o.spot * v),
    o.forward * density * Math.sqrt(years),
    (-o.forward * density * o.sigma) / (2 * Math.sqrt(years)),
  ];
}

export function referenceGreeks(o: Option): Five {
  const near = vanilla(o, o.strike);
  if (o.cap === 0) return near;
  const far = vanilla(o, o.cap);
  return near.map((value, i) => value - far[i]!) as unknown as Five;
}

const DIGITS = 50n;
const ONE = 10n ** DIGITS;
/** √(2π) to 50 digits. */
const ROOT_TWO_PI = 250662827463100050241576528481104525300698674060994n;

/**
 * N(x) to some 30 digits, 50 decimals: 1/2 + (x - x³/(2·3) + x⁵/(2²·2!·5) - …)/√(2π). Its terms grow to 1e17 at 9.
 *
 * @param x 18 decimals, within ±9.5.
 */
export function exactDistribution(x: bigint): bigint {
  const y = x * 10n ** (DIGITS - 18n);
  let power = y;
  let sum = y;
  for (let n = 1n; power !== 0n; n++) {
    power = (-power * y) / ONE;
    power = (power * y) / (ONE * 2n * n);
    sum += power / (2n * n + 1n);
  }
  return ONE / 2n + (sum * ONE) / ROOT_TWO_PI;
}

/** Uniform numbers in [0, 1) that a seed repeats (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
