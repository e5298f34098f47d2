import { decodeEventLog, maxUint256, parseAbi, stringToHex, type Address } from "viem";

import { ABIS } from "./abis.ts";
import { LOCAL_ACTORS, MAINNET, MAINNET_AUTHORITIES } from "./addresses.ts";
import { linkArtifact, loadArtifact } from "./artifacts.ts";
import type { Chain } from "./chain.ts";
import { priceFromSqrtPriceX96, sqrtPriceX96FromPrice, tickFromPrice } from "./poolPrice.ts";
import { mintUsdc, mintWeth } from "./tokens.ts";

const CORE = "@uniswap/v3-core/artifacts/contracts";
const PERIPHERY = "@uniswap/v3-periphery/artifacts/contracts";
const ROUTERS = "@uniswap/swap-router-contracts/artifacts/contracts";

/** Hundredths of a basis point: the 0.05 % pool. */
export const POOL_FEE = 500;
const TICK_SPACING = 10;
/** One observation a block: over an hour of them at 12 s a block. */
const OBSERVATION_CARDINALITY = 320;
const NO_DEADLINE = 2n ** 40n;

/**
 * Liquidity by width in ticks each side and USD each side. The wide position keeps the pool deep through a tenfold move;
 * together they move about 1 % for $4 million, the depth of the real pool in calm weeks.
 */
const POSITIONS = [
  { halfWidth: 23_000, usd: 300_000_000 },
  { halfWidth: 2_000, usd: 40_000_000 },
] as const;

export interface LiquidityPosition {
  readonly tokenId: bigint;
  readonly liquidity: bigint;
}

/** Replays the deployer's own creation transactions, each at its nonce, so that every address is the canonical one. */
export async function bootUniswapV3(chain: Chain): Promise<void> {
  const deployer = MAINNET_AUTHORITIES.uniswapDeployer;
  const create = (nonce: number, expected: Address, path: string, args: readonly unknown[] = []) =>
    chain.deploy(deployer, loadArtifact(path), args, { nonce, expected });

  await create(0, MAINNET.uniswapV3Factory, `${CORE}/UniswapV3Factory.sol/UniswapV3Factory.json`);
  await create(2, MAINNET.tickLens, `${PERIPHERY}/lens/TickLens.sol/TickLens.json`);
  await create(5, MAINNET.nftDescriptor, `${PERIPHERY}/libraries/NFTDescriptor.sol/NFTDescriptor.json`);
  const descriptor = linkArtifact(
    loadArtifact(
      `${PERIPHERY}/NonfungibleTokenPositionDescriptor.sol/NonfungibleTokenPositionDescriptor.json`,
    ),
    { NFTDescriptor: MAINNET.nftDescriptor },
  );
  await chain.deploy(deployer, descriptor, [MAINNET.weth, stringToHex("ETH", { size: 32 })], {
    nonce: 6,
    expected: MAINNET.positionDescriptor,
  });
  await create(
    8,
    MAINNET.positionManager,
    `${PERIPHERY}/NonfungiblePositionManager.sol/NonfungiblePositionManager.json`,
    [MAINNET.uniswapV3Factory, MAINNET.weth, MAINNET.positionDescriptor],
  );
  await create(13, MAINNET.quoterV2, `${ROUTERS}/lens/QuoterV2.sol/QuoterV2.json`, [
    MAINNET.uniswapV3Factory,
    MAINNET.weth,
  ]);
  await create(14, MAINNET.swapRouter02, `${ROUTERS}/SwapRouter02.sol/SwapRouter02.json`, [
    MAINNET.uniswapV2Factory,
    MAINNET.uniswapV3Factory,
    MAINNET.positionManager,
    MAINNET.weth,
  ]);
}

/**
 * Creates the USDC/WETH 0.05 % pool, its liquidity and the room for its price history.
 * @param price USDC per ETH.
 */
export async function bootUsdcWethPool(chain: Chain, price: number): Promise<LiquidityPosition[]> {
  const { liquidityProvider } = LOCAL_ACTORS;
  // Position by position: the sum of the roundings may exceed the rounding of the sum.
  for (const { usd } of POSITIONS) {
    await mintUsdc(chain, liquidityProvider, usdcUnits(usd));
    await mintWeth(chain, liquidityProvider, etherUnits(usd / price));
  }
  for (const token of [MAINNET.usdc, MAINNET.weth]) {
    await chain.write(liquidityProvider, token, ABIS.erc20, "approve", [MAINNET.positionManager, maxUint256]);
  }
  await chain.write(
    liquidityProvider,
    MAINNET.positionManager,
    ABIS.positionManager,
    "createAndInitializePoolIfNecessary",
    [MAINNET.usdc, MAINNET.weth, POOL_FEE, sqrtPriceX96FromPrice(price)],
  );
  await chain.write(
    LOCAL_ACTORS.deployer,
    MAINNET.usdcWethPool,
    ABIS.uniswapPool,
    "increaseObservationCardinalityNext",
    [OBSERVATION_CARDINALITY],
  );
  const positions: LiquidityPosition[] = [];
  for (const position of POSITIONS) positions.push(await addLiquidity(chain, price, position));
  return positions;
}

/** USDC per ETH in the pool now. */
export async function readPoolPrice(chain: Chain): Promise<number> {
  const [sqrtPriceX96] = await chain.read(MAINNET.usdcWethPool, ABIS.uniswapPool, "slot0", []);
  return priceFromSqrtPriceX96(sqrtPriceX96);
}

const LIQUIDITY_EVENTS = parseAbi([
  "event IncreaseLiquidity(uint256 indexed tokenId, uint128 liquidity, uint256 amount0, uint256 amount1)",
]);

async function addLiquidity(
  chain: Chain,
  price: number,
  { halfWidth, usd }: { halfWidth: number; usd: number },
): Promise<LiquidityPosition> {
  const { liquidityProvider } = LOCAL_ACTORS;
  const tick = tickFromPrice(price);
  const receipt = await chain.write(
    liquidityProvider,
    MAINNET.positionManager,
    ABIS.positionManager,
    "mint",
    [
      {
        token0: MAINNET.usdc,
        token1: MAINNET.weth,
        fee: POOL_FEE,
        tickLower: usableTick(tick - halfWidth),
        tickUpper: usableTick(tick + halfWidth),
        amount0Desired: usdcUnits(usd),
        amount1Desired: etherUnits(usd / price),
        amount0Min: 0n,
        amount1Min: 0n,
        recipient: liquidityProvider,
        deadline: NO_DEADLINE,
      },
    ],
  );
  const log = receipt.logs.at(-1);
  if (log === undefined) throw new Error("the position left no event");
  const { args } = decodeEventLog({ abi: LIQUIDITY_EVENTS, topics: log.topics, data: log.data });
  return { tokenId: args.tokenId, liquidity: args.liquidity };
}

function usableTick(tick: number): number {
  return Math.round(tick / TICK_SPACING) * TICK_SPACING;
}

function usdcUnits(usd: number): bigint {
  return BigInt(Math.round(usd * 1e6));
}

function etherUnits(ether: number): bigint {
  return BigInt(Math.round(ether * 1e9)) * 10n ** 9n;
}
