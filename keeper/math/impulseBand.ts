import { nonNegative, PolicyInputError, positive } from "./policyInputError.ts";

/**
 * A hedging problem with constant coefficients. Units: ETH, USD, years.
 *
 * The residual delta `d` diffuses as `dd = a dW`, costs `h d²` a year to carry, and a trade of size `w` costs
 * `K(w) = G + ell·w + kappa·w²`.
 */
export interface ImpulseModel {
  /** Variance of the residual delta, ETH² per year: (gamma·S·sigma)². */
  readonly a2: number;
  /** Holding cost, USD per ETH² per year: ½·A·sigma²·S². */
  readonly h: number;
  /** Fixed cost of a trade, USD. */
  readonly G: number;
  /** Proportional cost of a trade, USD per ETH. */
  readonly ell: number;
  /** Price impact of a trade, USD per ETH². */
  readonly kappa: number;
}

/** Where to act and where to land, in ETH of |d|. `b >= t >= 0`. */
export interface BandLevels {
  readonly b: number;
  readonly t: number;
}

/** The optimal band and what following it costs. Rates are per year. */
export interface ImpulseBand extends BandLevels {
  /** Optimal long-run cost, USD per year. */
  readonly c: number;
  /** (b + t) / 2. */
  readonly m: number;
  /** b − t, the size of a trade, ETH. */
  readonly w: number;
  /** Infinity when there is no fixed cost: the trades are then infinitely many and infinitely small. */
  readonly tradesPerYear: number;
  /** h·E[d²], USD per year. */
  readonly holdingRate: number;
  /** K(w)·tradesPerYear, USD per year. */
  readonly tradingRate: number;
  /** E[d²], ETH². */
  readonly meanSquareDelta: number;
}

/** The same problem in market terms. */
export interface MarketModel {
  /** Spot, USD per ETH. */
  readonly S: number;
  /** Volatility, fraction per root year. */
  readonly sigma: number;
  /** Net gamma of the book, ETH per USD; its sign does not matter. */
  readonly gamma: number;
  /** Absolute risk aversion A, 1/USD. */
  readonly riskAversion: number;
  /** Cost of a transaction, USD. */
  readonly gasUsd: number;
  /** Proportional cost, fraction of the value traded. */
  readonly feeRate: number;
  /** Price impact, USD per ETH². */
  readonly kappa: number;
}

/**
 * `K(w) = G + ell·w + kappa·w²`, USD, for a trade of `w >= 0` ETH.
 */
export function tradeCost(model: ImpulseModel, w: number): number {
  return model.G + w * (model.ell + model.kappa * w);
}

/**
 * The model of a market: `a2 = (gamma·S·sigma)²`, `h = ½·A·sigma²·S²`, `ell = feeRate·S`.
 *
 * @throws {PolicyInputError} if S, sigma or riskAversion is not above 0, a cost is negative, or anything is not finite.
 */
export function marketModel(market: MarketModel): ImpulseModel {
  const S = positive("S", market.S);
  const sigma = positive("sigma", market.sigma);
  const gamma = nonNegative("gamma", Math.abs(market.gamma));
  const A = positive("riskAversion", market.riskAversion);
  return {
    a2: (gamma * S * sigma) ** 2,
    h: 0.5 * A * sigma * sigma * S * S,
    G: nonNegative("gasUsd", market.gasUsd),
    ell: nonNegative("feeRate", market.feeRate) * S,
    kappa: nonNegative("kappa", market.kappa),
  };
}

/**
 * The optimal long-run policy: wait while |d| < b, then trade to t (same sign).
 *
 * With alpha = 3·a2/(2h), m = (b+t)/2 and w = b−t it is the solution of
 *
 *     2m(m² − w²/4) = alpha·K'(w)        2m·w³ = 4·alpha·(G − kappa·w²)        c = h(m² + w²/12)
 *
 * It is found in the scale b0 = (4·alpha·G)^¼: Newton for x = w/b0 inside Newton, safeguarded by bisection, for y = m/b0.
 * Without a fixed cost it is t = b = (alpha·ell/2)^⅓; without diffusion there is nothing to wait for and b = t = 0.
 *
 * @throws {PolicyInputError} on a negative or non-finite coefficient, on h = 0, and on G = ell = 0 with kappa > 0: the best
 * policy then trades at a continuous rate, not in impulses.
 */
export function impulseBand(model: ImpulseModel): ImpulseBand {
  const a2 = nonNegative("a2", model.a2);
  const h = positive("h", model.h);
  const G = nonNegative("G", model.G);
  const ell = nonNegative("ell", model.ell);
  const kappa = nonNegative("kappa", model.kappa);
  if (G === 0 && ell === 0 && kappa > 0) {
    throw new PolicyInputError(
      "G",
      "G and ell must not both be 0 when kappa is above 0: no impulse policy is optimal",
    );
  }
  const alpha = (1.5 * a2) / h;
  const b0 = Math.sqrt(Math.sqrt(4 * alpha * G));
  if (b0 === 0) {
    const b = Math.cbrt((alpha * ell) / 2);
    return finite({
      b,
      t: b,
      c: h * b * b,
      m: b,
      w: 0,
      tradesPerYear: a2 === 0 ? 0 : Infinity,
      holdingRate: (h * b * b) / 3,
      tradingRate: (2 * h * b * b) / 3,
      meanSquareDelta: (b * b) / 3,
    });
  }
  const { x, y } = solveScaled((alpha * ell) / b0 ** 3, (kappa * b0 * b0) / G);
  const m = y * b0;
  const w = x * b0;
  const b = m + w / 2;
  // Never b − w, which loses every digit of a small t.
  const t = Math.min(b, (alpha * (ell + 2 * kappa * w)) / (2 * m * b));
  return finite({
    b,
    t,
    c: h * (m * m + (w * w) / 12),
    m,
    w,
    tradesPerYear: a2 / (2 * m * w),
    holdingRate: h * ((m * m) / 3 + (w * w) / 12),
    tradingRate: (2 * h * m * m) / 3,
    meanSquareDelta: (m * m) / 3 + (w * w) / 12,
  });
}

/** The root of F(y) = 2y(y − x/2)(y + x/2) − A0 − k·x/2, where x(y) solves 2y·x³ + k·x² = 1. F increases on the bracket. */
function solveScaled(A0: number, k: number): { x: number; y: number } {
  const xh = Math.sqrt(2 / (k + Math.sqrt(k * k + 4)));
  let lo = xh / 2;
  let hi = lo + Math.cbrt((A0 + (k * xh) / 2) / 2);
  let y = hi;
  for (let i = 0; i < 200; i++) {
    const x = scaledTrade(y, k);
    const F = 2 * y * (y - x / 2) * (y + x / 2) - A0 - (k * x) / 2;
    if (F > 0) hi = y;
    else lo = y;
    const dx = -(x * x) / (3 * y * x + k);
    let next = y - F / (6 * y * y - (x * x) / 2 - dx * (y * x + k / 2));
    if (!(next > lo && next < hi)) next = (lo + hi) / 2;
    // A bracket of neighbouring numbers, or a step that no longer moves y: no digit is left to gain.
    if (next === y || next <= lo || next >= hi || Math.abs(next - y) <= 1e-16 * y) break;
    y = next;
  }
  return { x: scaledTrade(y, k), y };
}

/** The root x of 2y·x³ + k·x² = 1: Newton from above on a convex, increasing function falls to it monotonically. */
function scaledTrade(y: number, k: number): number {
  let x = 1 / Math.max(Math.cbrt(2 * y), Math.sqrt(k));
  for (let i = 0; i < 100; i++) {
    const next = x - (x * x * (2 * y * x + k) - 1) / (x * (6 * y * x + 2 * k));
    if (!(next < x)) break;
    x = next;
  }
  return x;
}

function finite(band: ImpulseBand): ImpulseBand {
  if (!Number.isFinite(band.b) || !Number.isFinite(band.t) || !Number.isFinite(band.c)) {
    throw new PolicyInputError("", "the coefficients are too extreme for a finite band in double precision");
  }
  return band;
}
