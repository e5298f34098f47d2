import { DEFAULT_BUDGETS } from "../../scripts/deployKeel.ts";
import type { Candle } from "../../keeper/history/candle.ts";
import { USDC, WAD } from "../../test/contracts/utils/keel.ts";
import { movePrice, passTime } from "../../test/contracts/utils/market.ts";
import type { Keel } from "../../test/contracts/utils/useKeel.ts";
import {
  abs,
  callOf,
  driftOf,
  freeCash,
  putOf,
  rebalance,
  setBudget,
  SHORT,
  SPOT,
  vaultAs,
} from "../../test/contracts/utils/vault.ts";

/** What a stretch of history asked of a vault whose book is at its limit. Shares of NAV are fractions. */
export interface StressResult {
  readonly hours: number;
  readonly hedges: number;
  /** Hedges that left more than a hundredth of what they were for, and what the worst of them left, ETH. */
  readonly unmade: number;
  readonly worstLeft: number;
  /** The most of each budget that was in use at once, at its default refill, and a cap out of the way. */
  readonly loss: number;
  readonly turnover: number;
  /** USDC: the least cash after a hedge. */
  readonly leastCash: number;
  /** The least distance from liquidation after a hedge, a fraction; null where nothing was short. */
  readonly leastDistance: number | null;
}

export type Book = "calls" | "puts";

/** USD per ETH the window is scaled to begin at: what the local pool's liquidity is made for. */
const START = 3_000;
const HOUR = 3_600;
/** Seconds after which the pool's last minute agrees with a new price. */
const AGREE = 61;
/** Part of the options' size that drift may reach before a hedge is worth its gas. */
const BAND = 0.02;
const DEPOSIT = 2_000_000n * USDC;
/** What fills the vault: collateral and hedge reserve are nine tenths of the deposit. */
const SIZE: Record<Book, bigint> = { calls: 300n * WAD, puts: 500n * WAD };

/**
 * Plays hourly closes over a vault that has written what it can, after all free cash has left: the market moves, a minute
 * later the keeper hedges all of drift where it is past the band, closing before opening.
 * @param step Hours between hedges.
 */
export async function playStress(
  keel: Keel,
  candles: readonly Candle[],
  book: Book,
  step: number,
): Promise<StressResult> {
  const { vault, short } = keel;
  const scale = START / candles[0]!.open;
  await fillBook(keel, book);
  const band = (SIZE[book] * BigInt(BAND * 1_000)) / 1_000n;
  let hedges = 0;
  let unmade = 0;
  let [worstLeft, leastCash] = [0n, DEPOSIT];
  let leastDistance: bigint | null = null;
  let [loss, turnover] = [0n, 0n];
  const hedge = async () => {
    const [due, trigger] = (await vault.needsRebalance!()) as [boolean, bigint];
    const drift = await driftOf(keel);
    if (!due || (trigger !== 2n && abs(drift) < band)) return;
    const order = drift < 0n ? [SHORT, SPOT] : [SPOT, SHORT];
    const legs = order.map((venue) => ({ venue, dDelta: -drift }));
    await rebalance(keel, trigger === 2n ? [...legs, { venue: SHORT, dDelta: 0n }] : legs);
    const left = abs(await driftOf(keel));
    hedges++;
    if (left > abs(drift) / 100n + WAD / 10n) unmade++;
    worstLeft = max(worstLeft, left);
    loss = max(loss, ((await vault.budget!(0)) as { used: bigint }).used);
    turnover = max(turnover, ((await vault.budget!(1)) as { used: bigint }).used);
    leastCash = min(leastCash, (await vault.cash!()) as bigint);
    const distance = (await short.liquidationDistance!()) as bigint;
    if (distance < 2n ** 255n) leastDistance = min(leastDistance ?? distance, distance);
  };

  await hedge();
  for (let i = step; i < candles.length + step; i += step) {
    const usd = candles[Math.min(i, candles.length) - 1]!.close * scale;
    await passTime(keel, HOUR * step - AGREE);
    await movePrice(keel, usd);
    await passTime(keel, AGREE, usd);
    await hedge();
  }
  return {
    hours: candles.length,
    hedges,
    unmade,
    worstLeft: Number(worstLeft) / 1e18,
    loss: Number(loss) / 1e18,
    turnover: Number(turnover) / 1e18,
    leastCash: Number(leastCash) / 1e6,
    leastDistance: leastDistance === null ? null : Number(leastDistance) / 1e18,
  };
}

async function fillBook(keel: Keel, book: Book): Promise<void> {
  const { alice, vault, taker } = keel;
  await setBudget(keel, "loss", WAD / 20n, DEFAULT_BUDGETS.loss.perDay);
  await setBudget(keel, "turnover", 10n * WAD, DEFAULT_BUDGETS.turnover.perDay);
  await keel.deposit(alice, DEPOSIT);
  const id = await (book === "calls"
    ? callOf(keel, 14, START, 1.5 * START)
    : putOf(keel, 14, START, START / 2));
  await keel.buy(taker, id, SIZE[book]);
  await vaultAs(keel, alice).withdraw!(await vault.maxWithdraw!(alice.address), alice.address, alice.address);
  // What was locked of the premium is a second's worth short of nothing.
  if ((await freeCash(keel)) > 10_000n * USDC) throw new Error("the book is not at its limit");
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
