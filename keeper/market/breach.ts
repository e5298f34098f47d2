import type { VenueState } from "../chain/snapshot.ts";
import { exitProbability } from "../math/firstPassage.ts";
import { fromWad, SECONDS_PER_YEAR } from "../math/units.ts";
import { bookDelta } from "../strategy/bookRisk.ts";
import type { DecisionInput, OptionLeg } from "../strategy/types.ts";

/** The open interval of prices, USD per ETH, in which a limit holds: 0 and Infinity where there is no bound. */
export interface PriceInterval {
  readonly low: number;
  readonly high: number;
}

/** How near a vault is to a limit, if nobody rebalances. */
export interface Breach {
  /** Where |drift| stays below the delta limit. */
  readonly delta: PriceInterval;
  /** Where no venue is liquidated. */
  readonly margin: PriceInterval;
  /** Where both hold. */
  readonly any: PriceInterval;
}

/** The probability of leaving each interval of a {@link Breach}. */
export type BreachOdds = Readonly<Record<keyof Breach, number>>;

/** Where prices are searched: a factor of e^7, about 1,100, to either side. */
const FARTHEST = 7;
/** In log price: an excursion past the limit that is narrower, a third of a cent, is none. */
const RESOLUTION = 1e-6;

const UNBOUNDED: PriceInterval = { low: 0, high: Infinity };

/** Of a vault: its book, its limit, and what its venues hold. */
export type BreachInput = Pick<DecisionInput, "timestamp" | "spot" | "legs" | "hedgeDelta"> & {
  readonly limits: Pick<DecisionInput["limits"], "delta">;
};

/** Of a venue: what its liquidation depends on. */
export type VenueMargin = Pick<VenueState, "delta" | "liquidationDistance" | "marginTrigger">;

/** The part by which the price may move against a venue before it can be liquidated; null where nothing can be. */
export function liquidationDistanceOf(venue: VenueMargin): number | null {
  return venue.marginTrigger === 0n || venue.delta === 0n ? null : fromWad(venue.liquidationDistance);
}

/**
 * The nearest prices at which a vault's limits break: |drift| reaches the delta limit, or a venue can be liquidated.
 *
 * Drift is the book's own delta curve, as it is now and sticky in strike (`bookDelta`), plus the hedge as it stands: no rebalance,
 * and no time passes. A limit that is already broken has no interval: both ends are the spot.
 *
 * Over a horizon that is a good part of the time to expiry gamma grows, and the odds are too low: for calls at the money for a
 * week, 2,000 simulated paths give 0.203 ± 0.009 over an hour where these give 0.206, but 0.174 ± 0.008 over a day for 0.148, and
 * 0.56 ± 0.01 over three days for 0.39.
 */
export function breachOf(input: BreachInput, venues: readonly VenueMargin[]): Breach {
  const delta = deltaInterval(input);
  const margin = venues
    .map((venue) => marginInterval(venue, input.spot))
    .reduce((all, one) => intersect(all, one), UNBOUNDED);
  return { delta, margin, any: intersect(delta, margin) };
}

/**
 * The probability that the price leaves each interval within `horizon`, looked at continuously (`exitProbability`).
 *
 * @param sigma Volatility of the price, a fraction per root year. @param horizon Seconds.
 */
export function breachOdds(breach: Breach, spot: number, sigma: number, horizon: number): BreachOdds {
  const odds = (interval: PriceInterval) =>
    exitProbability({ spot, ...interval, sigma, time: horizon / SECONDS_PER_YEAR });
  return { delta: odds(breach.delta), margin: odds(breach.margin), any: odds(breach.any) };
}

/** The prices in both. */
export function intersect(one: PriceInterval, other: PriceInterval): PriceInterval {
  return { low: Math.max(one.low, other.low), high: Math.min(one.high, other.high) };
}

/**
 * The distance of a venue is the part by which the price may move against its position: up for a short, whose health falls in
 * proportion to the price.
 */
function marginInterval(venue: VenueMargin, spot: number): PriceInterval {
  const distance = liquidationDistanceOf(venue);
  if (distance === null || 1 + distance > Math.exp(FARTHEST)) return UNBOUNDED;
  if (distance === 0) return { low: spot, high: spot };
  return venue.delta < 0n
    ? { low: 0, high: spot * (1 + distance) }
    : { low: Math.max(0, spot * (1 - distance)), high: Infinity };
}

function deltaInterval({ timestamp, spot, legs, hedgeDelta, limits }: BreachInput): PriceInterval {
  const parts = monotoneParts(legs);
  const at = (x: number): Drift => {
    const price = spot * Math.exp(x);
    return {
      x,
      rising: hedgeDelta + bookDelta(parts.rising, price, timestamp),
      falling: bookDelta(parts.falling, price, timestamp),
    };
  };
  const start = at(0);
  if (isBroken(start, limits.delta)) return { low: spot, high: spot };
  const below = nearestBreak(at, start, at(-FARTHEST), limits.delta);
  const above = nearestBreak(at, start, at(FARTHEST), limits.delta);
  return {
    low: below === null ? 0 : spot * Math.exp(below),
    high: above === null ? Infinity : spot * Math.exp(above),
  };
}

/** The drift in ETH at a log price from spot, as the sum of a part that rises with the price and one that falls. */
interface Drift {
  readonly x: number;
  readonly rising: number;
  readonly falling: number;
}

/**
 * The book as vanillas, parted by the sign of their gamma. The delta of a vanilla rises with the price, a call's as a put's, so
 * a capped option is the one at the strike and the opposite one at the cap.
 */
function monotoneParts(legs: readonly OptionLeg[]): { rising: OptionLeg[]; falling: OptionLeg[] } {
  const vanillas = legs.flatMap((leg) => {
    const { type, cap, capSigma = leg.sigma, quantity } = leg;
    const none = type === "call" ? Infinity : 0;
    const beyond = { ...leg, strike: cap, cap: none, sigma: capSigma, quantity: -quantity };
    return cap === none
      ? [leg]
      : [
          { ...leg, cap: none },
          { ...beyond, capSigma },
        ];
  });
  return {
    rising: vanillas.filter(({ quantity }) => quantity > 0),
    falling: vanillas.filter(({ quantity }) => quantity < 0),
  };
}

function isBroken({ rising, falling }: Drift, limit: number): boolean {
  return Math.abs(rising + falling) >= limit;
}

/**
 * The log price nearest to `near`, between it and `far`, at which |drift| reaches the limit; null when it does nowhere.
 *
 * Halves intervals, the nearer half first. Between two prices drift is at most the rising part at the upper and the falling part
 * at the lower one, and at least the opposite: an interval whose bounds keep the limit is passed over whole, so that no excursion
 * wider than `RESOLUTION`, however steep, is stepped over.
 */
function nearestBreak(at: (x: number) => Drift, near: Drift, far: Drift, limit: number): number | null {
  const [lower, upper] = near.x < far.x ? [near, far] : [far, near];
  const most = upper.rising + lower.falling;
  const least = lower.rising + upper.falling;
  if (most < limit && least > -limit) return null;
  if (Math.abs(far.x - near.x) <= RESOLUTION)
    return isBroken(far, limit) ? refine(at, near.x, far.x, limit) : null;
  const half = at((near.x + far.x) / 2);
  if (isBroken(half, limit)) return nearestBreak(at, near, half, limit);
  return nearestBreak(at, near, half, limit) ?? nearestBreak(at, half, far, limit);
}

/** The break between a log price that keeps the limit and one that does not, to the last digits. */
function refine(at: (x: number) => Drift, inside: number, outside: number, limit: number): number {
  for (let i = 0; i < 60; i++) {
    const middle = (inside + outside) / 2;
    if (middle === inside || middle === outside) break;
    if (isBroken(at(middle), limit)) outside = middle;
    else inside = middle;
  }
  return outside;
}
