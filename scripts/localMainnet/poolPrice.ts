/**
 * Prices of the USDC/WETH pool. USDC (6 decimals) is token0 and WETH (18) token1, so the pool's raw price is WETH wei per
 * USDC unit: raw = 10^12 / (USDC per ETH), and sqrtPriceX96 = √raw · 2^96 (Uniswap v3 whitepaper, 6.1). The pool's tick
 * falls as ETH rises.
 */

const Q96 = 2 ** 96;
const RAW_PER_PRICE = 1e12;

/** @param price USDC per ETH. @returns the square root price to double precision. */
export function sqrtPriceX96FromPrice(price: number): bigint {
  if (!(price > 0 && Number.isFinite(price))) throw new RangeError(`no pool can stand at ${String(price)}`);
  return BigInt(Math.round(Math.sqrt(RAW_PER_PRICE / price) * Q96));
}

/** @returns USDC per ETH. */
export function priceFromSqrtPriceX96(sqrtPriceX96: bigint): number {
  return RAW_PER_PRICE / (Number(sqrtPriceX96) / Q96) ** 2;
}

/** @param price USDC per ETH. @returns the tick below the pool's raw price. */
export function tickFromPrice(price: number): number {
  return Math.floor(Math.log(RAW_PER_PRICE / price) / Math.log(1.0001));
}

/** @param tick may be fractional, as a mean tick is. @returns USDC per ETH. */
export function priceFromTick(tick: number): number {
  return RAW_PER_PRICE / 1.0001 ** tick;
}
