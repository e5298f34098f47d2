import type { Address } from "viem";

/** Where mainnet keeps the protocols Keel touches; the local mainnet puts the same code at the same places. */
export const MAINNET = {
  multicall3: "0xcA11bde05977b3631167028862bE2a173976CA11",

  weth: "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2",
  usdc: "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",
  usdcImplementation: "0x43506849D7C04F9138D1A2050bbF3A0c054402dd",
  link: "0x514910771AF9Ca656af840dff83E8264EcF986CA",

  ethUsdFeed: "0x5f4eC3Df9cbd43714FE2740f5E3616155c5b8419",
  usdcUsdFeed: "0x8fFfFfd4AfB6115b954Bd326cbe7B4BA576818f6",

  uniswapV2Factory: "0x5C69bEe701ef814a2B6a3EDD4B1652CB9cc5aA6f",
  uniswapV3Factory: "0x1F98431c8aD98523631AE4a59f267346ea31F984",
  tickLens: "0xbfd8137f7d1516D3ea5cA83523914859ec47F573",
  nftDescriptor: "0x42B24A95702b9986e82d421cC3568932790A48Ec",
  positionDescriptor: "0x91ae842A5Ffd8d12023116943e72A606179294f3",
  positionManager: "0xC36442b4a4522E871399CD717aBDD847Ab11FE88",
  quoterV2: "0x61fFE014bA17989E743c5F6cB21bF9697530B21e",
  swapRouter02: "0x68b3465833fb72A70ecDF485E0e4C7bD8665Fc45",
  usdcWethPool: "0x88e6A0c2dDD26FEEb64F039a2c41296FcB3f5640",

  aaveAddressesProvider: "0x2f39d218133AFaB8F2B819B1066c7E434Ad94E9e",
  aavePool: "0x87870Bca3F3fD6335C3F4ce8392D69350B4fA4E2",
  aavePoolConfigurator: "0x64b761D848206f447Fe2dd461b0c635Ec39EbB27",
  aaveAclManager: "0xc2aaCf6553D20d1e9d78E365AAba8032af9c85b0",
  aaveOracle: "0x54586bE62E3c3580375aE3723C145253060Ca0C2",
  aaveDataProvider: "0x0a16f2FCC0D44FaE41cc54e079281D84A363bECD",
  aaveTreasury: "0x464C71f6c2F760DdA6093dCB91C24c39e5d6e18c",
  aWeth: "0x4d5F47FA6A74757f35C14fD3a6Ef8E3C9BC514E8",
  aUsdc: "0x98C23E9d8f34FEFb1B7BD6a91B7FF122F4e16F5c",
  wethVariableDebt: "0xeA51d7853EEFb32b6ee06b1C12E6dcCA88Be0fFE",
  usdcVariableDebt: "0x72E95b8931767C79bA4EeE721354d6E99a61D004",
} as const satisfies Record<string, Address>;

/** The accounts that deployed or govern those contracts, whose keys the local mainnet impersonates. */
export const MAINNET_AUTHORITIES = {
  uniswapDeployer: "0x6C9FC64A53c1b71FB3f9Af64d1ae3A4931A5f4E9",
  aaveExecutor: "0x5300A1a15135EA4dc7aD5a167152C01EFc9b192A",
  chainlinkOwner: "0x21f73D42Eb58Ba49dDB685dc29D3bF5c0f0373CA",
  usdcProxyAdmin: "0x807a96288A1A408dBC13DE2b1d087d10356395d2",
  usdcOwner: "0xFcb19e6a322b27c06842A71e8c725399f049AE3a",
  usdcMasterMinter: "0xE982615d461DD5cD06575BbeA87624fda4e3de17",
} as const satisfies Record<string, Address>;

/** Accounts that exist only here: nobody holds their keys, they act by impersonation. */
export const LOCAL_ACTORS = {
  /** Deploys what has no canonical address of its own, and mints USDC. */
  deployer: "0x00000000000000000000000000000000DeaDBeef",
  /** Writes Chainlink rounds. */
  oracleNode: "0x00000000000000000000000000000000000c0dE1",
  /** Owns all Uniswap and Aave liquidity. */
  liquidityProvider: "0x00000000000000000000000000000000000000A1",
  /** Keeps the Uniswap pool at the market's price. */
  arbitrageur: "0x00000000000000000000000000000000000000A2",
} as const satisfies Record<string, Address>;
