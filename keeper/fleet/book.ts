import { driftOf, hedgeOf, type Snapshot } from "../chain/snapshot.ts";
import {
  breachOdds,
  breachOf,
  intersect,
  liquidationDistanceOf,
  type Breach,
  type BreachOdds,
  type PriceInterval,
} from "../market/breach.ts";
import { decisionInput } from "../market/decisionInput.ts";
import { fromUsdc, fromWad } from "../math/units.ts";

/** What a book adds up to: one vault's, or that of several together. */
export interface BookState {
  /** Unix seconds of the block; of several, the newest. */
  readonly timestamp: number;
  /** USD per ETH, at which the options are marked. */
  readonly price: number;
  /** Volatility of the price, a fraction per root year; of several, the largest. */
  readonly sigma: number;
  /** USDC. */
  readonly nav: number;
  /** Of the options, ETH. */
  readonly delta: number;
  /** ETH per USD. */
  readonly gamma: number;
  /** USD per 1.00 of volatility. */
  readonly vega: number;
  /** USD per year. */
  readonly theta: number;
  /** Delta of the venues, ETH. */
  readonly hedge: number;
  /** Delta plus hedge, ETH. */
  readonly drift: number;
  /** ETH: |drift| at which the keeper acts whatever it costs; of several, the sum, which bounds |drift| of all. */
  readonly limit: number;
  /** The smallest part by which the price may move before a venue can be liquidated; null where none can be. */
  readonly margin: number | null;
  readonly breach: Breach;
}

/**
 * A vault's book from its snapshot: greeks as the chain marks them, and the prices at which it reaches a limit.
 *
 * @param deltaLimit ETH.
 * @throws Error while the oracle has no price: nothing is marked then.
 */
export function bookOf(snapshot: Snapshot, deltaLimit: number): BookState {
  if (snapshot.price === 0n || snapshot.ethUsd === 0n) throw new Error("The oracle has no price.");
  const input = decisionInput(snapshot, { gasUsd: 0, checkInterval: 0, deltaLimit });
  const { book, venues } = snapshot;
  return {
    timestamp: input.timestamp,
    price: input.spot,
    sigma: input.sigma,
    nav: fromUsdc(snapshot.nav),
    delta: fromWad(book.delta),
    gamma: fromWad(book.gamma),
    vega: fromWad(book.vega),
    theta: fromWad(book.theta),
    hedge: fromWad(hedgeOf(snapshot)),
    drift: fromWad(driftOf(snapshot)),
    limit: deltaLimit,
    margin: smallest(venues.map(liquidationDistanceOf)),
    breach: breachOf(input, venues),
  };
}

/**
 * Several books as one. All vaults hedge the same ether, so that some vault breaches when the price leaves the intersection of
 * their intervals: one event of one price, not independent ones. Prices of chains read at other blocks may differ a little, so
 * each interval is taken relative to its own price, and put around that of the newest reading. The largest volatility makes
 * the odds an upper bound.
 *
 * @returns Null for no books.
 */
export function sumBooks(books: readonly BookState[]): BookState | null {
  if (books.length === 0) return null;
  const newest = books.reduce((best, book) => (book.timestamp > best.timestamp ? book : best));
  const sum = (of: (book: BookState) => number) => books.reduce((total, book) => total + of(book), 0);
  const joint = (of: (breach: Breach) => PriceInterval) =>
    books
      .map(({ breach, price }) => rescale(of(breach), price, newest.price))
      .reduce((all, one) => intersect(all, one));
  return {
    timestamp: newest.timestamp,
    price: newest.price,
    sigma: Math.max(...books.map(({ sigma }) => sigma)),
    nav: sum(({ nav }) => nav),
    delta: sum(({ delta }) => delta),
    gamma: sum(({ gamma }) => gamma),
    vega: sum(({ vega }) => vega),
    theta: sum(({ theta }) => theta),
    hedge: sum(({ hedge }) => hedge),
    drift: sum(({ drift }) => drift),
    limit: sum(({ limit }) => limit),
    margin: smallest(books.map(({ margin }) => margin)),
    breach: {
      delta: joint(({ delta }) => delta),
      margin: joint(({ margin }) => margin),
      any: joint(({ any }) => any),
    },
  };
}

/** The odds of a breach within `horizon` seconds, without a rebalance. */
export function oddsOf({ breach, price, sigma }: BookState, horizon: number): BreachOdds {
  return breachOdds(breach, price, sigma, horizon);
}

/** The same interval around another price. An end at the price stays there to the last digit. */
function rescale({ low, high }: PriceInterval, from: number, to: number): PriceInterval {
  return { low: (low / from) * to, high: (high / from) * to };
}

function smallest(values: readonly (number | null)[]): number | null {
  return values.reduce<number | null>(
    (least, value) => (value === null || (least !== null && least <= value) ? least : value),
    null,
  );
}
