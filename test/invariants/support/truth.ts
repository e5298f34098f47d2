import { WAD } from "../../contracts/utils/keel.ts";
import type { Keel } from "../../contracts/utils/useKeel.ts";
import { now } from "./chain.ts";
import { toWad } from "./thief.ts";

/** What the market knows and the oracle may not: the price in USD, one volatility for everything, and what a USDC is worth. */
export interface Truth {
  readonly price: number;
  readonly volatility: number;
  readonly usdc: number;
}

/** USDC per ETH: where the pool stands. */
export function inUsdc({ price, usdc }: Truth): number {
  return price / usdc;
}

/** What the vault is worth at the truth, USDC, 6 decimals: cash, collateral, venues and options. */
export async function trueNav(keel: Keel, truth: Truth): Promise<bigint> {
  const { vault, engine, spot, short, volatilityOracle } = keel;
  const [marks, nav] = (await vault.status!()) as [{ venueEquity: bigint; book: { price: bigint } }, bigint];
  const legs = [...((await vault.legs!()) as bigint[])];
  const price = toWad(truth.price);
  const [pillars] = (await volatilityOracle.surface!()) as [{ tenor: bigint }[]];
  const surface = pillars.map(({ tenor }) => ({
    tenor,
    atmVol: BigInt(Math.round(truth.volatility * 1e9)),
    skew: 0n,
    curvature: 0n,
    forwardRatio: 10n ** 9n,
  }));
  const book = (await engine.getFunction("book")(legs, price, await now(keel), { pillars: surface })) as {
    price: bigint;
  };
  const market = toWad(inUsdc(truth));
  const equity = ((await spot.equity!(market)) as bigint) + ((await short.equity!(market)) as bigint);
  return nav - marks.venueEquity - marks.book.price / 10n ** 12n + equity + book.price / 10n ** 12n;
}

/** What `shares` are part of, at the truth: USDC, 6 decimals. */
export async function worthOf(keel: Keel, shares: bigint, truth: Truth): Promise<bigint> {
  if (shares === 0n) return 0n;
  const supply = ((await keel.vault.totalSupply!()) as bigint) + 10n ** 6n;
  return (shares * (await trueNav(keel, truth))) / supply;
}

/** WETH in USDC, 6 decimals. */
export function wethWorth(weth: bigint, truth: Truth): bigint {
  return (weth * toWad(inUsdc(truth))) / WAD / 10n ** 12n;
}
