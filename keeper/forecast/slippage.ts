import { poolCost, type PoolState } from "../market/poolCost.ts";

/** What a trade loses against the price before it, as fractions of its value at that price. */
export interface Slippage {
  readonly fee: number;
  /** Of the price moved within the trade. Infinity when the range cannot give that much. */
  readonly impact: number;
}

/** USDC per ETH at a tick of a pool of USDC (6 decimals, token 0) and WETH (18 decimals, token 1). */
export function priceOfTick(tick: number): number {
  return 1e12 / 1.0001 ** tick;
}

/**
 * Slippage of buying (`eth` above 0) or selling (below 0) in a pool whose in-range liquidity holds for the whole trade:
 * with u = kappa·|w|/S = |w|·√S/L, buying costs u/(1 − u) and selling u/(1 + u). Both are kappa·w² to second order, as
 * the policy prices it. The fee is the pool's on top, to first order.
 */
export function slippage(pool: PoolState, eth: number): Slippage {
  const { feeRate, kappa } = poolCost(pool);
  const u = (kappa * Math.abs(eth)) / pool.price;
  const impact = eth > 0 ? (u < 1 ? u / (1 - u) : Infinity) : u / (1 + u);
  return { fee: feeRate, impact };
}
