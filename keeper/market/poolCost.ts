/** What trading ETH against USDC in one Uniswap v3 pool costs, as the policy prices it. */
export interface PoolCost {
  /** Fraction of the value traded. */
  readonly feeRate: number;
  /** USD per ETH²: a trade of w ETH costs kappa·w² beyond its fee. */
  readonly kappa: number;
}

/** The state of a USDC/WETH pool that its cost follows from. */
export interface PoolState {
  /** Spot price, USDC per ETH. */
  readonly price: number;
  /** In-range liquidity as the pool states it: the geometric mean of raw reserves. */
  readonly liquidity: number;
  /** Hundredths of a basis point. */
  readonly fee: number;
}

/** Raw units of liquidity to one of √(ETH·USDC): √(1e18 · 1e6). */
const RAW_LIQUIDITY = 1e12;
const FEE_UNIT = 1e6;

/**
 * Fee and price impact of a trade that stays in the current tick range.
 *
 * With virtual reserves x (USDC) and y (ETH), xy = L² and S = x/y, selling w ETH returns S·w/(1 + w√S/L) and buying w
 * costs S·w/(1 − w√S/L): either is worse than S·w by S^1.5·w²/L to second order, whichever token is the pool's first.
 * The fee is taken from what goes in, so to first order it is `fee` of the value on both sides.
 * A pool without liquidity has infinite impact.
 */
export function poolCost(pool: PoolState): PoolCost {
  const liquidity = pool.liquidity / RAW_LIQUIDITY;
  return { feeRate: pool.fee / FEE_UNIT, kappa: pool.price ** 1.5 / liquidity };
}
