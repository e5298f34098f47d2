import { tailRatio } from "../math/gaussian.ts";
import { SECONDS_PER_YEAR } from "../math/units.ts";
import type { BookRisk } from "../strategy/bookRisk.ts";
import type { OptionLeg } from "../strategy/types.ts";

const INV_SQRT_2PI = 0.3989422804014327;
/** A call's cap from which it can be taken for none: no price comes near, and JSON has no infinity. */
export const UNCAPPED = 1e12;
/** Relative move of spot after which the logarithms of the strikes are taken anew: near the money they must be small to be exact. */
const REFERENCE_REACH = 0.1;
/** As in `bookRisk`: sums of denormal numbers have lost the digits a ratio needs. */
const LEAST_WEIGHT = 1e-290;

/**
 * Values one book again and again: what `bookRisk` computes, and the price, to 1e-14 of the size of the book, without allocating.
 *
 * A capped option is two vanillas. Each is a row of columns, by expiry, so that a step takes one logarithm of spot and one square root
 * an expiry; and a row one exponential, since K·φ(d2) = F·φ(d1). It reads the legs' volatilities when they are set, not their objects.
 */
export class BookValuer {
  /** Of the last {@link mark}: USD. */
  value = 0;
  /** Likewise: ETH. */
  delta = 0;
  readonly #sign: Float64Array;
  readonly #strike: Float64Array;
  readonly #quantity: Float64Array;
  readonly #ratio: Float64Array;
  readonly #sigma: Float64Array;
  readonly #inverse: Float64Array;
  readonly #logMoneyness: Float64Array;
  /** Unix seconds of each expiry, in order, and the row after its last. */
  readonly #expiry: Float64Array;
  readonly #end: Int32Array;
  /** For each leg its row, and that of its cap or -1. */
  readonly #rowOf: Int32Array;
  readonly #capRowOf: Int32Array;
  /** The leg of each row: gamma's horizon weighs legs, not rows. */
  readonly #legOf: Int32Array;
  readonly #gammaOf: Float64Array;
  #reference = NaN;
  /** Spot and time of the mark that is under way. */
  readonly #moment = new Float64Array(2);

  /** @param legs Their volatilities count until {@link setVolatility}. */
  constructor(legs: readonly OptionLeg[]) {
    const rows = legs
      .flatMap((leg, index) => rowsOf(leg, index))
      .sort((a, b) => a.leg.expiry - b.leg.expiry || a.index - b.index);
    this.#sign = Float64Array.from(rows, ({ leg }) => (leg.type === "call" ? 1 : -1));
    this.#strike = Float64Array.from(rows, ({ strike }) => strike);
    this.#quantity = Float64Array.from(rows, ({ quantity }) => quantity);
    this.#ratio = Float64Array.from(rows, ({ leg }) => leg.forwardRatio);
    this.#sigma = new Float64Array(rows.length);
    this.#inverse = new Float64Array(rows.length);
    this.#logMoneyness = new Float64Array(rows.length);
    const expiries = [...new Set(rows.map(({ leg }) => leg.expiry))];
    this.#expiry = Float64Array.from(expiries);
    this.#end = Int32Array.from(
      expiries,
      (expiry) => rows.findLastIndex(({ leg }) => leg.expiry === expiry) + 1,
    );
    this.#rowOf = new Int32Array(legs.length).fill(-1);
    this.#capRowOf = new Int32Array(legs.length).fill(-1);
    this.#legOf = Int32Array.from(rows, ({ index }) => index);
    this.#gammaOf = new Float64Array(legs.length);
    for (const [row, { index, isCap }] of rows.entries()) (isCap ? this.#capRowOf : this.#rowOf)[index] = row;
    for (const [index, { sigma, capSigma }] of legs.entries()) this.setVolatility(index, sigma, capSigma);
    this.#refer(legs[0]?.strike ?? 1);
  }

  /** Rows of one vanilla each, which is what a mark takes its time for. */
  get size(): number {
    return this.#strike.length;
  }

  /** @param sigma Annualised, a fraction. @param capSigma At the cap; `sigma` when absent. */
  setVolatility(leg: number, sigma: number, capSigma = sigma): void {
    const row = this.#rowOf[leg]!;
    this.#sigma[row] = sigma;
    this.#inverse[row] = 1 / sigma;
    const capRow = this.#capRowOf[leg]!;
    if (capRow < 0) return;
    this.#sigma[capRow] = capSigma;
    this.#inverse[capRow] = 1 / capSigma;
  }

  /** Sets `value` and `delta`. @param spot USD per ETH. @param timestamp Unix seconds. */
  mark(spot: number, timestamp: number): void {
    // Numbers that are handed to a function too large to be inlined would be boxed.
    this.#moment[0] = spot;
    this.#moment[1] = timestamp;
    this.#mark();
  }

  #mark(): void {
    const spot = this.#moment[0]!;
    const timestamp = this.#moment[1]!;
    if (!(Math.abs(spot - this.#reference) <= REFERENCE_REACH * this.#reference)) this.#refer(spot);
    const quantity = this.#quantity;
    const strikes = this.#strike;
    const signs = this.#sign;
    const ratios = this.#ratio;
    const sigmas = this.#sigma;
    const inverses = this.#inverse;
    const logs = this.#logMoneyness;
    const expiries = this.#expiry;
    const ends = this.#end;
    const move = Math.log1p((spot - this.#reference) / this.#reference);
    let value = 0;
    let delta = 0;
    let row = 0;
    for (let expiry = 0; expiry < expiries.length; expiry++) {
      const rootTau = Math.sqrt(Math.max(0, expiries[expiry]! - timestamp) / SECONDS_PER_YEAR);
      const inverseRoot = 1 / rootTau;
      const end = ends[expiry]!;
      for (; row < end; row++) {
        const strike = strikes[row]!;
        const ratio = ratios[row]!;
        const sign = signs[row]!;
        const forward = spot * ratio;
        const v = sigmas[row]! * rootTau;
        let atForward: number;
        let atStrike: number;
        if (v > 0) {
          const moneyness = (logs[row]! + move) * inverses[row]! * inverseRoot;
          const d1 = moneyness + v / 2;
          const d2 = moneyness - v / 2;
          const density = Math.exp(-0.5 * d1 * d1);
          const tail1 = density * tailRatio(Math.abs(d1));
          // K·N(-|d2|), because K·exp(-d2²/2) is F·exp(-d1²/2).
          const tail2 = forward * density * tailRatio(Math.abs(d2));
          atForward = d1 * sign < 0 ? tail1 : 1 - tail1;
          atStrike = d2 * sign < 0 ? tail2 : strike - tail2;
        } else {
          atForward = forward === strike ? 0.5 : sign * (forward - strike) > 0 ? 1 : 0;
          atStrike = strike * atForward;
        }
        const signed = sign * quantity[row]!;
        value += signed * (forward * atForward - atStrike);
        delta += signed * ratio * atForward;
      }
    }
    this.value = value;
    this.delta = delta;
  }

  /**
   * Delta alone, as `bookDelta`: a decision looks at many points near the present. Leaves `value` and `delta` as they are.
   *
   * @param spot USD per ETH. @param timestamp Unix seconds, may be fractional. @param varianceScale Of every option.
   */
  deltaAt(spot: number, timestamp: number, varianceScale = 1): number {
    const move = this.#moveTo(spot);
    const scale = Math.sqrt(varianceScale);
    let delta = 0;
    let row = 0;
    for (let expiry = 0; expiry < this.#expiry.length; expiry++) {
      const rootTau = scale * Math.sqrt(Math.max(0, this.#expiry[expiry]! - timestamp) / SECONDS_PER_YEAR);
      const inverseRoot = 1 / rootTau;
      const end = this.#end[expiry]!;
      for (; row < end; row++) {
        const sign = this.#sign[row]!;
        const ratio = this.#ratio[row]!;
        const v = this.#sigma[row]! * rootTau;
        let part: number;
        if (v > 0) {
          const d1 = (this.#logMoneyness[row]! + move) * this.#inverse[row]! * inverseRoot + v / 2;
          const tail = Math.exp(-0.5 * d1 * d1) * tailRatio(Math.abs(d1));
          part = d1 * sign < 0 ? tail : 1 - tail;
        } else {
          const excess = spot * ratio - this.#strike[row]!;
          part = excess === 0 ? 0.5 : sign * excess > 0 ? 1 : 0;
        }
        delta += sign * this.#quantity[row]! * ratio * part;
      }
    }
    return delta;
  }

  /** As `bookRisk`. Leaves `value` and `delta` as they are. */
  risk(spot: number, timestamp: number): BookRisk {
    const delta = this.deltaAt(spot, timestamp);
    const gammaOf = this.#gammaOf.fill(0);
    const move = this.#moveTo(spot);
    let gamma = 0;
    let vega = 0;
    let weight = 0;
    let weighted = 0;
    let last = 0;
    let row = 0;
    for (let expiry = 0; expiry < this.#expiry.length; expiry++) {
      const tau = Math.max(0, this.#expiry[expiry]! - timestamp) / SECONDS_PER_YEAR;
      const rootTau = Math.sqrt(tau);
      last = Math.max(last, tau);
      const first = row;
      const end = this.#end[expiry]!;
      for (; row < end; row++) {
        const v = this.#sigma[row]! * rootTau;
        if (!(v > 0)) continue;
        const d1 = (this.#logMoneyness[row]! + move) / v + v / 2;
        const density = this.#quantity[row]! * this.#ratio[row]! * INV_SQRT_2PI * Math.exp(-0.5 * d1 * d1);
        const rowGamma = density / (spot * v);
        gamma += rowGamma;
        vega += density * spot * rootTau;
        gammaOf[this.#legOf[row]!]! += rowGamma;
      }
      // A leg and its cap expire together.
      for (let own = first; own < end; own++) {
        const leg = this.#legOf[own]!;
        if (this.#rowOf[leg] !== own) continue;
        const size = Math.abs(gammaOf[leg]!);
        weight += size;
        weighted += size * tau;
      }
    }
    return { delta, gamma, vega, horizon: weight > LEAST_WEIGHT ? weighted / weight : last };
  }

  #moveTo(spot: number): number {
    const excess = (spot - this.#reference) / this.#reference;
    return Math.abs(excess) < 0.5 ? Math.log1p(excess) : Math.log(spot / this.#reference);
  }

  #refer(spot: number): void {
    this.#reference = spot;
    for (let row = 0; row < this.#strike.length; row++) {
      const strike = this.#strike[row]!;
      const forward = spot * this.#ratio[row]!;
      const excess = (forward - strike) / strike;
      this.#logMoneyness[row] = Math.abs(excess) < 0.5 ? Math.log1p(excess) : Math.log(forward / strike);
    }
  }
}

interface Row {
  readonly leg: OptionLeg;
  readonly index: number;
  readonly isCap: boolean;
  readonly strike: number;
  readonly quantity: number;
}

/** The vanilla at the strike, and less the one at the cap unless that is worthless: a put without a floor, a call without a cap. */
function rowsOf(leg: OptionLeg, index: number): Row[] {
  const own = { leg, index, isCap: false, strike: leg.strike, quantity: leg.quantity };
  const isCapped = leg.type === "put" ? leg.cap > 0 : leg.cap < UNCAPPED;
  return isCapped ? [own, { ...own, isCap: true, strike: leg.cap, quantity: -leg.quantity }] : [own];
}
