import type { Snapshot } from "../chain/snapshot.ts";
import { toWad } from "../math/units.ts";

/** One step of a rebalance, as `Vault.rebalance` takes it. */
export interface HedgeLeg {
  /** Index of the venue. */
  readonly venue: number;
  /** ETH, 18 decimals; zero moves the venue's margin to target. */
  readonly dDelta: bigint;
  /** USDC per ETH, 18 decimals. */
  readonly limitPrice: bigint;
}

/** The arguments of `Vault.rebalance` that the trade decides. */
export interface Plan {
  readonly legs: readonly HedgeLeg[];
  /** USDC, 6 decimals: the most this plan can lose at the oracle price. */
  readonly maxLoss: bigint;
}

/** What planning reads of a snapshot. */
export type PlanBasis = Pick<Snapshot, "price" | "maxSlippage" | "maxLoss" | "venues">;

/** Venue indices as the vault lists them: spot holds ETH, the short owes it. */
export const SPOT = 0;
export const SHORT = 1;

const WAD = 10n ** 18n;
/** From 18 decimals of price times 18 of quantity to USDC's 6. */
const TO_USDC = 10n ** 30n;
/** ETH, 18 decimals: a millionth of an ETH is not worth a transaction, nor a position of its own. */
const DUST = 10n ** 12n;
/** Debt grows between signing and mining; a leg that is to empty a venue asks for this part more and is cut to size. */
const CLOSING_MARGIN = 1000n;
/** USDC, 6 decimals: what moving margin may lose to the lending pool's rounding. */
const ROUNDING = 1_000_000n;

/**
 * Splits a trade over the venues. Closing comes first: to lower delta spot is sold and the short opened with the rest;
 * to raise it the short is unwound and spot bought with the rest. A venue that wants margin gets a leg that moves its
 * margin, traded or not: a trade that the pool or the cash leaves unfilled moves none.
 *
 * Limit prices are twice the vault's own slippage away from the oracle's: the vault applies its own, around the price
 * at execution, and the keeper's must survive the oracle moving by as much between signing and mining.
 * @param trade ETH to add to the hedge; 0 for a margin call alone.
 * @param forMargin Whether margin is what it is for: then every venue that can be liquidated gets such a leg, also one that does
 * not want it yet.
 */
export function planLegs(trade: number, basis: PlanBasis, forMargin = false): Plan {
  const amount = toWad(trade);
  const buys = amount > 0n;
  const size = buys ? amount : -amount;
  const sign = buys ? 1n : -1n;
  const [closing, opening] = buys ? [SHORT, SPOT] : [SPOT, SHORT];

  const legs: HedgeLeg[] = [];
  const add = (venue: number, quantity: bigint) => {
    const dDelta = sign * quantity;
    legs.push({ venue, dDelta, limitPrice: limitPrice(dDelta, basis) });
  };
  const held = size === 0n ? 0n : opposite(basis, closing, buys);
  const empties = held > 0n && size >= held - DUST;
  if (empties) add(closing, held + held / CLOSING_MARGIN);
  else if (held > 0n) add(closing, size);
  const rest = empties ? size - held : held > 0n ? 0n : size;
  if (rest > DUST) add(opening, rest);

  for (const [venue, state] of basis.venues.entries()) {
    const wantsMargin = state.liquidationDistance < state.marginTrigger;
    const hasMargin = state.marginTrigger !== 0n && state.delta !== 0n;
    if (wantsMargin || (forMargin && hasMargin)) {
      legs.push({ venue, dDelta: 0n, limitPrice: basis.price });
    }
  }
  return { legs, maxLoss: worstLoss(legs, basis) };
}

/**
 * The plan without its opening leg, or null where it has none: what can still be done while a venue refuses new
 * positions, as a lending market does at its borrow cap or while it is frozen.
 */
export function withoutOpening(plan: Plan, basis: PlanBasis): Plan | null {
  const [first, second] = plan.legs.filter((leg) => leg.dDelta !== 0n);
  if (first === undefined || second === undefined) return null;
  const legs = plan.legs.filter((leg) => leg !== second);
  return { legs, maxLoss: worstLoss(legs, basis) };
}

/** What `venue` holds against the direction of the trade, ETH, 18 decimals. */
function opposite(basis: PlanBasis, venue: number, buys: boolean): bigint {
  const delta = basis.venues[venue]?.delta ?? 0n;
  const against = buys ? -delta : delta;
  return against > 0n ? against : 0n;
}

/** Rounded towards the oracle price. */
function limitPrice(dDelta: bigint, { price, maxSlippage }: PlanBasis): bigint {
  const distance = (price * 2n * maxSlippage) / WAD;
  return dDelta > 0n ? price + distance : price - distance;
}

function worstLoss(legs: readonly HedgeLeg[], { price, maxLoss }: PlanBasis): bigint {
  const worst = legs.reduce((sum, { dDelta, limitPrice: limit }) => {
    const [size, distance] = dDelta > 0n ? [dDelta, limit - price] : [-dDelta, price - limit];
    return sum + (size * distance) / TO_USDC;
  }, ROUNDING);
  return worst < maxLoss ? worst : maxLoss;
}
