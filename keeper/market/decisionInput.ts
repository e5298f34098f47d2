import type { BookLeg } from "../chain/legs.ts";
import { driftOf, hedgeOf, type Snapshot, type StoredPillar } from "../chain/snapshot.ts";
import { fromNano, fromWad, SECONDS_PER_YEAR } from "../math/units.ts";
import { surfaceVolatility, type SurfacePillar } from "../math/volatilitySurface.ts";
import { bookRisk } from "../strategy/bookRisk.ts";
import type { DecisionInput, OptionLeg } from "../strategy/types.ts";
import { liquidationDistanceOf } from "./breach.ts";
import { poolCost } from "./poolCost.ts";

/** What a decision rests on besides the snapshot. */
export interface MarketFacts {
  /** USD a rebalance costs in gas, now. */
  readonly gasUsd: number;
  /** Seconds between decisions. */
  readonly checkInterval: number;
  /** |drift| in ETH at which the operator wants action whatever it costs. */
  readonly deltaLimit: number;
  /** |gamma| in ETH per USD, and |vega| in USD per 1.00 of volatility, above which that tightens. */
  readonly gammaLimit?: number | undefined;
  readonly vegaLimit?: number | undefined;
}

const STRIKE_DECIMALS = 1e8;

/**
 * Puts a snapshot and the market's costs into the terms of a strategy.
 * Volatility is the surface's own: for each series at its strike and cap, as the chain marks it; for spot's own moves
 * the at-the-money volatility at the tenor where the book's gamma is (its gamma-weighted time to expiry), since that is
 * how long the market prices the moves that drift comes from.
 * The snapshot must hold a price; costs follow from the pool the venues trade in.
 */
export function decisionInput(snapshot: Snapshot, facts: MarketFacts): DecisionInput {
  const timestamp = Number(snapshot.timestamp);
  // As the vault marks options: they settle on USD, whatever a USDC is worth.
  const spot = fromWad(snapshot.ethUsd);
  const pillars = snapshot.pillars.map(toPillar);
  const legs = snapshot.legs.map((leg) => toOptionLeg(leg, pillars, spot, timestamp));
  const { feeRate, kappa } = poolCost({
    price: fromWad(snapshot.poolPrice),
    liquidity: Number(snapshot.poolLiquidity),
    fee: snapshot.poolFee,
  });
  const healthFactor = healthOf(snapshot);
  return {
    timestamp,
    spot,
    legs,
    hedgeDelta: fromWad(hedgeOf(snapshot)),
    sigma: spotVolatility(legs, pillars, spot, timestamp),
    gasUsd: facts.gasUsd,
    feeRate,
    kappa,
    checkInterval: facts.checkInterval,
    // The vault starts the clock of its age trigger at deployment; to a strategy that is no rebalance.
    lastRebalanceAt: snapshot.rebalanceNonce === 0n ? null : Number(snapshot.lastRebalanceAt),
    marginCall: snapshot.venues.some((venue) => venue.liquidationDistance < venue.marginTrigger),
    limits: {
      delta: facts.deltaLimit,
      minDrift: leastDrift(snapshot),
      maxAge: Number(snapshot.maxAge),
      ...(facts.gammaLimit === undefined ? {} : { gamma: facts.gammaLimit }),
      ...(facts.vegaLimit === undefined ? {} : { vega: facts.vegaLimit }),
    },
    ...(healthFactor === undefined ? {} : { observed: { healthFactor } }),
  };
}

/** The vault halves its trigger while its book is past `maxGamma` or `maxVega`; a smaller drift that is due for delta shows that it has. */
function leastDrift(snapshot: Snapshot): number {
  const least = fromWad(snapshot.minDrift);
  const drift = driftOf(snapshot);
  const isHalved = snapshot.trigger === "delta" && drift < snapshot.minDrift && -drift < snapshot.minDrift;
  return isHalved ? least / 2 : least;
}

/**
 * Health factor of the venue nearest to liquidation: its debt grows with the price, so that the factor is by how much the price may
 * grow until it is 1. Undefined where nothing can be liquidated. Below 1, as while the lender has no price, it is given as 1.
 */
function healthOf({ venues }: Snapshot): number | undefined {
  const distances = venues.flatMap((venue) => liquidationDistanceOf(venue) ?? []);
  return distances.length === 0 ? undefined : 1 + Math.min(...distances);
}

function toPillar(pillar: StoredPillar): SurfacePillar {
  return {
    tenor: pillar.tenor,
    atmVol: fromNano(pillar.atmVol),
    skew: fromNano(pillar.skew),
    curvature: fromNano(pillar.curvature),
    forwardRatio: fromNano(pillar.forwardRatio),
  };
}

function toOptionLeg(
  leg: BookLeg,
  pillars: readonly SurfacePillar[],
  spot: number,
  timestamp: number,
): OptionLeg {
  const strike = Number(leg.strike) / STRIKE_DECIMALS;
  const cap = Number(leg.cap) / STRIKE_DECIMALS;
  const expiry = Number(leg.expiry);
  const { sigma, forwardRatio } = surfaceVolatility(pillars, spot, strike, expiry - timestamp);
  // A put without a floor has no volatility there, and needs none.
  const capSigma = cap > 0 ? surfaceVolatility(pillars, spot, cap, expiry - timestamp).sigma : sigma;
  return {
    type: leg.isPut ? "put" : "call",
    strike,
    cap,
    expiry,
    quantity: fromWad(leg.quantity),
    sigma,
    ...(capSigma === sigma ? {} : { capSigma }),
    forwardRatio,
  };
}

/** At-the-money-forward volatility at the book's gamma-weighted tenor; at the shortest tenor when no time is left. */
function spotVolatility(
  legs: readonly OptionLeg[],
  pillars: readonly SurfacePillar[],
  spot: number,
  timestamp: number,
): number {
  const { horizon } = bookRisk(legs, spot, timestamp);
  const tenor = horizon > 0 ? horizon * SECONDS_PER_YEAR : (pillars[0]?.tenor ?? 0);
  const { forwardRatio } = surfaceVolatility(pillars, spot, spot, tenor);
  return surfaceVolatility(pillars, spot, spot * forwardRatio, tenor).sigma;
}
