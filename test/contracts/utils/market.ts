import { Contract, type InterfaceAbi, type Signer } from "ethers";

import { ABIS } from "../../../scripts/localMainnet/abis.ts";
import { LOCAL_ACTORS, MAINNET } from "../../../scripts/localMainnet/addresses.ts";
import { sqrtPriceX96FromPrice } from "../../../scripts/localMainnet/poolPrice.ts";
import { POOL_FEE } from "../../../scripts/localMainnet/uniswapV3.ts";
import type { Keel } from "./useKeel.ts";

const PLENTY = 10n ** 30n;
const MINTED_USDC = 10n ** 15n;
const MINTED_WETH = 10n ** 24n;

/** Any contract of the local mainnet, from its typed interface. */
export function contractAt(address: string, abi: readonly unknown[], signer?: Signer): Contract {
  return new Contract(address, abi as InterfaceAbi, signer ?? null);
}

/** What a proxy runs: the address in ERC-1967's slot. */
export async function implementationOf(keel: Keel, proxy: string): Promise<string> {
  const slot = "0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc";
  return `0x${(await keel.ethers.provider.getStorage(proxy, slot)).slice(-40)}`;
}

/** An account that acts without its key. */
export async function impersonate(keel: Keel, address: string) {
  await keel.networkHelpers.setBalance(address, PLENTY);
  return keel.ethers.getImpersonatedSigner(address);
}

/** Swaps until the pool stands at `usd` per ETH. */
export async function movePool(keel: Keel, usd: number): Promise<void> {
  const { mainnet } = keel;
  if (Math.abs((await mainnet.poolPrice()) / usd - 1) < 1e-9) return;
  const trader = LOCAL_ACTORS.arbitrageur;
  await mainnet.mintUsdc(trader, MINTED_USDC);
  await mainnet.mintWeth(trader, MINTED_WETH);
  const signer = await impersonate(keel, trader);
  const rises = (await mainnet.poolPrice()) < usd;
  const [tokenIn, tokenOut, amountIn] = rises
    ? [MAINNET.usdc, MAINNET.weth, MINTED_USDC]
    : [MAINNET.weth, MAINNET.usdc, MINTED_WETH];
  await contractAt(tokenIn, ABIS.erc20, signer).approve!(MAINNET.swapRouter02, amountIn);
  await contractAt(MAINNET.swapRouter02, ABIS.swapRouter02, signer).exactInputSingle!({
    tokenIn,
    tokenOut,
    fee: POOL_FEE,
    recipient: trader,
    amountIn,
    amountOutMinimum: 0n,
    sqrtPriceLimitX96: sqrtPriceX96FromPrice(usd),
  });
}

/** Feed and pool go to `usd` per ETH. */
export async function movePrice(keel: Keel, usd: number): Promise<void> {
  await movePool(keel, usd);
  await keel.mainnet.submitEthUsd(usd);
}

/** Takes `numerator / denominator` of all liquidity out of the pool. */
export async function drainPool(keel: Keel, numerator = 1n, denominator = 1n): Promise<void> {
  const signer = await impersonate(keel, LOCAL_ACTORS.liquidityProvider);
  const manager = contractAt(MAINNET.positionManager, ABIS.positionManager, signer);
  for (const { tokenId, liquidity } of keel.mainnet.positions) {
    await manager.decreaseLiquidity!({
      tokenId,
      liquidity: (liquidity * numerator) / denominator,
      amount0Min: 0n,
      amount1Min: 0n,
      deadline: 2n ** 40n,
    });
  }
}

/** The stranger supplies `amount` to Aave, for itself unless told. Returns Aave's pool as the stranger calls it. */
export async function supplyToAave(
  keel: Keel,
  asset: typeof MAINNET.usdc | typeof MAINNET.weth,
  amount: bigint,
  account: string = keel.stranger.address,
): Promise<Contract> {
  const { mainnet, stranger } = keel;
  const mint = asset === MAINNET.weth ? mainnet.mintWeth : mainnet.mintUsdc;
  await mint(stranger.address as `0x${string}`, amount);
  await contractAt(asset, ABIS.erc20, stranger).approve!(MAINNET.aavePool, amount);
  const pool = contractAt(MAINNET.aavePool, ABIS.aavePool, stranger);
  await pool.supply!(asset, amount, account, 0);
  return pool;
}

/** Lets `seconds` pass and writes both feeds anew, the ETH price unchanged unless told. */
export async function passTime(keel: Keel, seconds: number, usd?: number): Promise<void> {
  const [, answer] = (await contractAt(MAINNET.ethUsdFeed, ABIS.feed, keel.alice).latestRoundData!()) as [
    bigint,
    bigint,
  ];
  await keel.networkHelpers.time.increase(seconds);
  await keel.mainnet.submitUsdcUsd(1);
  await keel.mainnet.submitEthUsd(usd ?? Number(answer) / 1e8);
}
