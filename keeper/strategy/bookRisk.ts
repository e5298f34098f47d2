import { cappedDelta, cappedGreeks } from "../math/blackScholes.ts";
import { SECONDS_PER_YEAR } from "../math/units.ts";
import type { OptionLeg } from "./types.ts";

const LEAST_WEIGHT = 1e-290;

/** Sums over the legs of a book, quantity included (short is negative). */
export interface BookRisk {
  /** ETH. */
  readonly delta: number;
  /** ETH per USD. */
  readonly gamma: number;
  /** USD per 1.00 of volatility. */
  readonly vega: number;
  /**
   * Years until the book's gamma is gone, each leg's time weighted by the size of its gamma; 0 when every leg has expired.
   */
  readonly horizon: number;
}

/** Works out {@link bookRisk} and {@link bookDelta} of one book, the same to 1e-14 of its size, faster. */
export interface BookSolver {
  risk(spot: number, timestamp: number): BookRisk;
  deltaAt(spot: number, timestamp: number, varianceScale: number): number;
}

/** Legs that may bring along who solves them, as a backtest's do; a copy of them has none. */
export type Legs = readonly OptionLeg[] & { readonly valuer?: BookSolver };

/**
 * Greeks of a book at any spot and time: Black-76 on each leg's forward `spot·forwardRatio`, sticky strike.
 *
 * A leg that has expired but is not settled has the step delta of its payout and no gamma.
 *
 * The horizon weights by gamma because the expiry floor asks how long a trade made now stays useful: drift is made by gamma, and
 * a leg whose gamma has died (deep in or out of the money) or is small adds a constant that needs no further hedging. With no
 * gamma anywhere it is the last expiry, which is when the last constant goes.
 *
 * @param spot USD per ETH. @param timestamp Unix seconds.
 */
export function bookRisk(legs: Legs, spot: number, timestamp: number): BookRisk {
  if (legs.valuer !== undefined) return legs.valuer.risk(spot, timestamp);
  let delta = 0;
  let gamma = 0;
  let vega = 0;
  let weight = 0;
  let weighted = 0;
  let last = 0;
  for (const leg of legs) {
    const tau = Math.max(0, leg.expiry - timestamp) / SECONDS_PER_YEAR;
    const greeks = cappedGreeks({
      type: leg.type,
      spot,
      strike: leg.strike,
      cap: leg.cap,
      sigma: leg.sigma,
      capSigma: leg.capSigma,
      tau,
      forward: spot * leg.forwardRatio,
    });
    delta += leg.quantity * greeks.delta;
    gamma += leg.quantity * greeks.gamma;
    vega += leg.quantity * greeks.vega;
    const size = Math.abs(leg.quantity * greeks.gamma);
    weight += size;
    weighted += size * tau;
    last = Math.max(last, tau);
  }
  // Sums of denormal numbers have lost the digits a ratio needs.
  return { delta, gamma, vega, horizon: weight > LEAST_WEIGHT ? weighted / weight : last };
}

/**
 * Size of a book: its options (on 1 ETH each, long or short) that have not expired, gross. What rules of others call their position
 * is one option or one pool; of a book of several series the shares of it that they name are taken of this.
 *
 * @param timestamp Unix seconds.
 */
export function bookSize(legs: readonly OptionLeg[], timestamp: number): number {
  let size = 0;
  for (const leg of legs) if (leg.expiry > timestamp) size += Math.abs(leg.quantity);
  return size;
}

/**
 * Delta of a book in ETH, as `bookRisk`, but nothing else: the policy looks at dozens of nearby points per decision.
 *
 * @param spot USD per ETH. @param timestamp Unix seconds, may be fractional.
 * @param varianceScale Multiplies the variance of every leg: delta at another volatility.
 */
export function bookDelta(legs: Legs, spot: number, timestamp: number, varianceScale = 1): number {
  if (legs.valuer !== undefined) return legs.valuer.deltaAt(spot, timestamp, varianceScale);
  const scale = Math.sqrt(varianceScale);
  let delta = 0;
  for (const leg of legs) {
    const greek = cappedDelta({
      type: leg.type,
      spot,
      strike: leg.strike,
      cap: leg.cap,
      sigma: leg.sigma * scale,
      capSigma: (leg.capSigma ?? leg.sigma) * scale,
      tau: Math.max(0, leg.expiry - timestamp) / SECONDS_PER_YEAR,
      forward: spot * leg.forwardRatio,
    });
    delta += leg.quantity * greek;
  }
  return delta;
}
