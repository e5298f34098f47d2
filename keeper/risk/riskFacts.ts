import type { Snapshot } from "../chain/snapshot.ts";
import { breachOdds, breachOf, liquidationDistanceOf } from "../market/breach.ts";
import { observePrice, type VolatilityState } from "../market/realisedVolatility.ts";
import { fromWad, SECONDS_PER_YEAR } from "../math/units.ts";
import { bookDelta } from "../strategy/bookRisk.ts";
import type { DecisionInput } from "../strategy/types.ts";

/** What drives the risk state, as it was at one block. All numbers are larger the worse it is. */
export interface RiskFacts {
  /** Unix seconds. */
  readonly at: number;
  /** Probability that a limit breaks within the horizon, see {@link breachFrom}. */
  readonly breach: number;
  /** Realised over implied volatility. */
  readonly volatility: number;
  /** The pool's usual depth over what it is. */
  readonly thinness: number;
  /** |pool price / oracle price − 1|. */
  readonly gap: number;
  /** The largest of the venues' margin triggers over their distances to liquidation; 0 where nothing can be liquidated. */
  readonly margin: number;
  /** What the operator's feed says; 0 where there is none, or it has not answered in time. */
  readonly signal: number;
  /** Whether the oracle is fit for less drift or debt, and for everything. */
  readonly fresh: boolean;
  readonly open: boolean;
  /** Present where there was a look before this one at which nothing could be measured: no price at all, or a pool without liquidity. */
  readonly blind?: true;
}

/** What is remembered from block to block to measure the facts by. Plain JSON. */
export interface RiskMemory {
  readonly volatility: VolatilityState;
  /** What the pool's depth usually is, ETH. */
  readonly depth: number;
}

/** What of a snapshot the facts are read from. */
export type RiskSight = Pick<Snapshot, "fresh" | "open" | "price" | "poolPrice" | "venues">;

/** How the facts are measured. */
export interface RiskMeasure {
  /** Seconds. */
  readonly horizon: number;
  readonly halfLife: number;
}

/** The move of the price by which depth is measured. */
const DEPTH_MOVE = 0.01;
/** Seconds in which what counts as usual depth can at most double or halve: a pool that empties in a crash does not become usual in it. */
const DEPTH_DOUBLING = 43_200;
/** Seconds for which a single look at the depth counts at most. */
const LONGEST_LOOK = 3600;

/** ETH that move the pool's price by {@link DEPTH_MOVE}: selling w ETH moves it by 2·kappa·w/spot (`poolCost`). */
export function depthOf({ spot, kappa }: Pick<DecisionInput, "spot" | "kappa">): number {
  return (DEPTH_MOVE * spot) / (2 * kappa);
}

/**
 * Takes one block into memory. A block that is not after the last, as after a reorg, changes nothing.
 *
 * Usual depth follows the depth there is, but no faster than {@link DEPTH_DOUBLING} allows. While depth jumps about by more than
 * that it steps up as often as down, which is where the median is: a running median that is one number.
 */
export function remember(
  memory: RiskMemory | null,
  input: Pick<DecisionInput, "timestamp" | "spot" | "kappa">,
  { halfLife }: Pick<RiskMeasure, "halfLife">,
): RiskMemory {
  const { timestamp, spot: price } = input;
  const depth = depthOf(input);
  const observation = { timestamp, price };
  if (memory === null) return { volatility: observePrice(undefined, observation, halfLife), depth };
  const elapsed = timestamp - memory.volatility.last.timestamp;
  if (!(elapsed > 0)) return memory;
  return {
    volatility: observePrice(memory.volatility, observation, halfLife),
    depth: usualDepth(memory.depth, depth, Math.min(elapsed, LONGEST_LOOK)),
  };
}

/** A depth that is none, as of a pool whose price is 0, is not taken in: what is usual would never come back from it. */
function usualDepth(usual: number, depth: number, elapsed: number): number {
  const isOne = (eth: number) => eth > 0 && Number.isFinite(eth);
  if (!isOne(depth)) return usual;
  if (!isOne(usual)) return depth;
  const farthest = (Math.LN2 * elapsed) / DEPTH_DOUBLING;
  return usual * Math.exp(Math.max(-farthest, Math.min(farthest, Math.log(depth / usual))));
}

/**
 * Realised volatility, a fraction per root year, by what is remembered. What was not looked at counts as calm: after a start one step
 * of the oracle would else be the whole history, and a volatility of hundreds of per cent.
 */
export function realised({ volatility }: RiskMemory, halfLife: number): number {
  const { weightedSquares, weightedSeconds } = volatility;
  // The weights of an uninterrupted past add up to this.
  const whole = halfLife / Math.LN2;
  return Math.sqrt((weightedSquares / Math.max(weightedSeconds, whole)) * SECONDS_PER_YEAR);
}

/** The facts of a block. @param memory With this block in it. @param input As the operator's own limits have it. */
export function readFacts(
  input: DecisionInput,
  sight: RiskSight,
  memory: RiskMemory,
  { horizon, halfLife }: RiskMeasure,
  signal = 0,
): RiskFacts {
  const sigma = realised(memory, halfLife);
  return {
    at: input.timestamp,
    breach: breachFrom(input, sight, Math.max(sigma, input.sigma), horizon),
    volatility: sigma / input.sigma,
    thinness: memory.depth / depthOf(input),
    gap: Math.abs(fromWad(sight.poolPrice) / fromWad(sight.price) - 1),
    margin: marginOf(sight),
    signal,
    fresh: sight.fresh,
    open: sight.open,
  };
}

/**
 * The odds that within the horizon |drift| reaches the operator's limit although the book was level to begin with, or a venue can be
 * liquidated. From a level book, because a drift that is near its limit now is what the strategy trades away: what remains is whether the
 * price outruns the keeper, by the larger of realised and implied volatility.
 */
function breachFrom(input: DecisionInput, { venues }: RiskSight, sigma: number, horizon: number): number {
  const { legs, spot, timestamp } = input;
  const level = { ...input, hedgeDelta: -bookDelta(legs, spot, timestamp) };
  return breachOdds(breachOf(level, venues), spot, sigma, horizon).any;
}

function marginOf({ venues }: Pick<RiskSight, "venues">): number {
  const parts = venues.flatMap((venue) => {
    const distance = liquidationDistanceOf(venue);
    return distance === null ? [] : [fromWad(venue.marginTrigger) / distance];
  });
  return Math.max(0, ...parts);
}
