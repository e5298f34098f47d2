import { encodeFunctionData, maxUint256, parseEther, parseUnits, type Hex } from "viem";

import { ABIS } from "../localMainnet/abis.ts";
import { LOCAL_ACTORS, MAINNET } from "../localMainnet/addresses.ts";
import type { LocalMainnet } from "../localMainnet/bootLocalMainnet.ts";
import { priceFromSqrtPriceX96, sqrtPriceX96FromPrice } from "../localMainnet/poolPrice.ts";
import { POOL_FEE } from "../localMainnet/uniswapV3.ts";

const FEE = POOL_FEE / 1e6;
/** More than the whole pool holds, so that only the limit price ends a swap. */
const USDC_FUNDS = parseUnits("1000000000000", 6);
const WETH_FUNDS = parseEther("1000000000");

export interface ArbitrageSwap {
  /** Call data for SwapRouter02. */
  readonly data: Hex;
  /** Where the swap leaves the pool. */
  readonly sqrtPriceX96: bigint;
}

/** Gives the arbitrageur funds without bound and the router its allowance. */
export async function fundArbitrageur({ chain, mintUsdc, mintWeth }: LocalMainnet): Promise<void> {
  const { arbitrageur } = LOCAL_ACTORS;
  await mintUsdc(arbitrageur, USDC_FUNDS);
  await mintWeth(arbitrageur, WETH_FUNDS);
  for (const token of [MAINNET.usdc, MAINNET.weth]) {
    await chain.write(arbitrageur, token, ABIS.erc20, "approve", [MAINNET.swapRouter02, maxUint256]);
  }
}

/**
 * The swap that pays against a market at `price` (USDC per ETH): none while the pool is within its fee of the market,
 * else the one that ends where the last unit traded earns nothing, at the market less or plus the fee.
 */
export function planArbitrage(poolSqrtPriceX96: bigint, price: number): ArbitrageSwap | undefined {
  const pool = priceFromSqrtPriceX96(poolSqrtPriceX96);
  const lowest = price * (1 - FEE);
  const highest = price * (1 + FEE);
  if (pool >= lowest && pool <= highest) return undefined;
  const plan =
    pool < lowest
      ? swap(MAINNET.usdc, MAINNET.weth, USDC_FUNDS / 2n, lowest)
      : swap(MAINNET.weth, MAINNET.usdc, WETH_FUNDS / 2n, highest);
  // A pool left exactly at the edge may come out past it by a rounding: the pool refuses a swap to where it stands.
  // Its own price is WETH per USDC, so it falls when ETH is bought.
  const isAhead = pool < lowest ? plan.sqrtPriceX96 < poolSqrtPriceX96 : plan.sqrtPriceX96 > poolSqrtPriceX96;
  return isAhead ? plan : undefined;
}

function swap(
  tokenIn: typeof MAINNET.usdc | typeof MAINNET.weth,
  tokenOut: typeof MAINNET.usdc | typeof MAINNET.weth,
  amountIn: bigint,
  limit: number,
): ArbitrageSwap {
  const sqrtPriceX96 = sqrtPriceX96FromPrice(limit);
  const data = encodeFunctionData({
    abi: ABIS.swapRouter02,
    functionName: "exactInputSingle",
    args: [
      {
        tokenIn,
        tokenOut,
        fee: POOL_FEE,
        recipient: LOCAL_ACTORS.arbitrageur,
        amountIn,
        amountOutMinimum: 0n,
        sqrtPriceLimitX96: sqrtPriceX96,
      },
    ],
  });
  return { data, sqrtPriceX96 };
}
