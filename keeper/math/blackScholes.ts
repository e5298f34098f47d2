import { normalCdf, normalPdf } from "./gaussian.ts";

/** A European option on 1 ETH. */
export interface VanillaTerms {
  readonly type: "call" | "put";
  /** USD. */
  readonly spot: number;
  /** USD. */
  readonly strike: number;
  /** Annualised volatility, as a fraction. */
  readonly sigma: number;
  /** Years of 365 days to expiry. */
  readonly tau: number;
  /** Forward price to expiry, USD; spot when absent. Greeks hold its ratio to spot fixed. */
  readonly forward?: number | undefined;
}

export interface CappedTerms extends VanillaTerms {
  /** Price beyond which the payout stops growing, USD; a put's floor. A vanilla when absent. */
  readonly cap?: number | undefined;
  /** Volatility at the cap; `sigma` when absent. */
  readonly capSigma?: number | undefined;
}

/** USD and ETH, undiscounted. Vega is per 1.00 of volatility, theta per year and negative for a long option. */
export interface Greeks {
  readonly price: number;
  readonly delta: number;
  readonly gamma: number;
  readonly vega: number;
  readonly theta: number;
}

/**
 * Black-76 on the forward F, undiscounted: call = F·N(d1) - K·N(d2), put = K·N(-d2) - F·N(-d1), with f = F/S fixed:
 * delta = ±f·N(±d1), gamma = f·φ(d1)/(S·σ√τ), vega = F·φ(d1)·√τ, theta = -F·φ(d1)·σ/(2√τ). (F. Black, 1976, "The
 * pricing of commodity contracts", J. Financial Economics 3.) In the money the price is intrinsic plus the other side,
 * so that the time value keeps its digits.
 *
 * Without volatility or time the price is intrinsic, delta the step (half of it exactly at the strike) and the rest 0.
 */
export function vanillaGreeks(terms: VanillaTerms): Greeks {
  const { type, spot, strike, sigma, tau } = terms;
  const forward = terms.forward ?? spot;
  const sign = type === "call" ? 1 : -1;
  const ratio = forward / spot;
  const intrinsic = Math.max(sign * (forward - strike), 0);
  const rootTau = Math.sqrt(tau);
  const v = sigma * rootTau;
  if (!(v > 0)) {
    return { price: intrinsic, delta: stepDelta(sign, forward, strike, ratio), gamma: 0, vega: 0, theta: 0 };
  }

  const moneyness = logMoneyness(forward, strike) / v;
  const d1 = moneyness + v / 2;
  const d2 = moneyness - v / 2;
  const phi = normalPdf(d1);
  // The side out of the money, whose two terms are both tails unless the option is near the money.
  const side = forward > strike ? -1 : 1;
  const timeValue = side * (forward * normalCdf(side * d1) - strike * normalCdf(side * d2));
  return {
    price: intrinsic + Math.max(timeValue, 0),
    delta: sign * ratio * normalCdf(sign * d1),
    gamma: (ratio * phi) / (spot * v),
    vega: forward * phi * rootTau,
    theta: (-forward * phi * sigma) / (2 * rootTau),
  };
}

/** The vanilla at the strike less the one at the cap. */
export function cappedGreeks(terms: CappedTerms): Greeks {
  const base = vanillaGreeks(terms);
  if (terms.cap === undefined) return base;
  const beyond = vanillaGreeks({ ...terms, strike: terms.cap, sigma: terms.capSigma ?? terms.sigma });
  return {
    price: base.price - beyond.price,
    delta: base.delta - beyond.delta,
    gamma: base.gamma - beyond.gamma,
    vega: base.vega - beyond.vega,
    theta: base.theta - beyond.theta,
  };
}

/** The delta of `cappedGreeks` alone, for loops that need nothing else. */
export function cappedDelta(terms: CappedTerms): number {
  const { type, spot, strike, cap, sigma, capSigma = sigma, tau } = terms;
  const forward = terms.forward ?? spot;
  const sign = type === "call" ? 1 : -1;
  const rootTau = Math.sqrt(tau);
  const delta = vanillaDelta(sign, spot, forward, strike, sigma * rootTau);
  return cap === undefined ? delta : delta - vanillaDelta(sign, spot, forward, cap, capSigma * rootTau);
}

function vanillaDelta(sign: 1 | -1, spot: number, forward: number, strike: number, v: number): number {
  const ratio = forward / spot;
  if (!(v > 0)) return stepDelta(sign, forward, strike, ratio);
  return sign * ratio * normalCdf(sign * (logMoneyness(forward, strike) / v + v / 2));
}

function stepDelta(sign: 1 | -1, forward: number, strike: number, ratio: number): number {
  if (forward === strike) return (sign * ratio) / 2;
  return sign * (forward - strike) > 0 ? sign * ratio : 0;
}

/** ln(F/K). Near the money the difference is exact where the quotient is not, and a small volatility divides it. */
function logMoneyness(forward: number, strike: number): number {
  const excess = (forward - strike) / strike;
  return Math.abs(excess) < 0.5 ? Math.log1p(excess) : Math.log(forward / strike);
}
