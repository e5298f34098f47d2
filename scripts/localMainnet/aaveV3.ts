import { maxUint256, numberToHex, parseEther, parseUnits, zeroAddress, type Address, type Hex } from "viem";

import { ABIS } from "./abis.ts";
import { LOCAL_ACTORS, MAINNET, MAINNET_AUTHORITIES } from "./addresses.ts";
import { linkArtifact, loadArtifact, type Artifact } from "./artifacts.ts";
import type { Chain } from "./chain.ts";
import { mintUsdc, mintWeth } from "./tokens.ts";

const PROTOCOL = "@aave/core-v3/artifacts/contracts";
const executor = MAINNET_AUTHORITIES.aaveExecutor;

/** Fractions a year; Aave's two-slope curve around the optimal utilisation. */
interface RateCurve {
  readonly optimalUtilisation: number;
  readonly variable: readonly [base: number, slope1: number, slope2: number];
  readonly stable: readonly [
    slope1: number,
    slope2: number,
    premium: number,
    excessPremium: number,
    optimal: number,
  ];
}

interface Reserve {
  readonly symbol: string;
  readonly asset: Address;
  readonly decimals: number;
  readonly rates: RateCurve;
  /** Basis points. */
  readonly ltv: bigint;
  readonly liquidationThreshold: bigint;
  readonly liquidationBonus: bigint;
  readonly reserveFactor: bigint;
  /** Whole tokens. */
  readonly borrowCap: bigint;
  readonly supplyCap: bigint;
  /** Supplied at boot, in the token's units. */
  readonly liquidity: bigint;
  /** Nonce of the configurator when mainnet listed the reserve: fixes its tokens' addresses. */
  readonly listedAtNonce: number;
}

const WETH: Reserve = {
  symbol: "WETH",
  asset: MAINNET.weth,
  decimals: 18,
  rates: { optimalUtilisation: 0.8, variable: [0, 0.033, 0.8], stable: [0.04, 1, 0.03, 0.05, 0.2] },
  ltv: 8050n,
  liquidationThreshold: 8300n,
  liquidationBonus: 10500n,
  reserveFactor: 1500n,
  borrowCap: 1_400_000n,
  supplyCap: 1_800_000n,
  liquidity: parseEther("100000"),
  listedAtNonce: 1,
};

const USDC: Reserve = {
  symbol: "USDC",
  asset: MAINNET.usdc,
  decimals: 6,
  rates: { optimalUtilisation: 0.9, variable: [0, 0.055, 0.6], stable: [0.005, 0.6, 0.01, 0.08, 0.2] },
  ltv: 7500n,
  liquidationThreshold: 7800n,
  liquidationBonus: 10450n,
  reserveFactor: 1000n,
  borrowCap: 5_500_000_000n,
  supplyCap: 6_000_000_000n,
  liquidity: parseUnits("400000000", 6),
  listedAtNonce: 10,
};

const LIQUIDATION_PROTOCOL_FEE = 1000n;

/** Deploys Aave v3, lists WETH and USDC with their mainnet parameters and supplies both. */
export async function bootAaveV3(chain: Chain): Promise<void> {
  const contracts = loadContracts();
  const { pool, configurator } = await deployImplementations(chain, contracts);
  await bootAddressesProvider(chain, contracts, pool, configurator);
  await listReserves(chain, contracts);
  for (const reserve of [WETH, USDC]) await supplyLiquidity(chain, reserve);
}

type Contracts = ReturnType<typeof loadContracts>;

function loadContracts() {
  const contract = (path: string): Artifact =>
    loadArtifact(`${PROTOCOL}/${path}/${path.split("/").at(-1)!.replace(".sol", ".json")}`);
  return {
    library: (name: string): Artifact => contract(`protocol/libraries/logic/${name}.sol`),
    addressesProvider: contract("protocol/configuration/PoolAddressesProvider.sol"),
    aclManager: contract("protocol/configuration/ACLManager.sol"),
    pool: contract("protocol/pool/Pool.sol"),
    configurator: contract("protocol/pool/PoolConfigurator.sol"),
    rateStrategy: contract("protocol/pool/DefaultReserveInterestRateStrategy.sol"),
    aToken: contract("protocol/tokenization/AToken.sol"),
    stableDebt: contract("protocol/tokenization/StableDebtToken.sol"),
    variableDebt: contract("protocol/tokenization/VariableDebtToken.sol"),
    oracle: contract("misc/AaveOracle.sol"),
    dataProvider: contract("misc/AaveProtocolDataProvider.sol"),
  };
}

async function deployImplementations(
  chain: Chain,
  contracts: Contracts,
): Promise<{ pool: Address; configurator: Address }> {
  const libraries: Record<string, Address> = {};
  // The last two link against the ones before them.
  const names = [
    "SupplyLogic",
    "BridgeLogic",
    "PoolLogic",
    "EModeLogic",
    "LiquidationLogic",
    "ConfiguratorLogic",
  ];
  for (const name of [...names, "BorrowLogic", "FlashLoanLogic"]) {
    libraries[name] = await chain.deploy(executor, linkArtifact(contracts.library(name), libraries));
  }
  const pool = await chain.deploy(executor, linkArtifact(contracts.pool, libraries), [
    MAINNET.aaveAddressesProvider,
  ]);
  const configurator = await chain.deploy(executor, linkArtifact(contracts.configurator, libraries));
  return { pool, configurator };
}

async function bootAddressesProvider(
  chain: Chain,
  contracts: Contracts,
  pool: Address,
  configurator: Address,
): Promise<void> {
  const provider = MAINNET.aaveAddressesProvider;
  const setProvider = (functionName: string, address: Address) =>
    chain.write(executor, provider, contracts.addressesProvider.abi, functionName, [address]);

  await chain.placeAt(provider, executor, contracts.addressesProvider, ["Aave Ethereum Market", executor]);
  await setProvider("setACLAdmin", executor);
  await chain.placeAt(MAINNET.aaveAclManager, executor, contracts.aclManager, [provider]);
  await setProvider("setACLManager", MAINNET.aaveAclManager);
  for (const grant of ["addPoolAdmin", "addEmergencyAdmin", "addAssetListingAdmin", "addRiskAdmin"]) {
    await chain.write(executor, MAINNET.aaveAclManager, contracts.aclManager.abi, grant, [executor]);
  }

  // The provider creates a proxy for each; at its first two nonces these are the canonical pool and configurator.
  await setProvider("setPoolImpl", pool);
  await setProvider("setPoolConfiguratorImpl", configurator);
  await expectCanonical(chain, contracts, "getPool", MAINNET.aavePool);
  await expectCanonical(chain, contracts, "getPoolConfigurator", MAINNET.aavePoolConfigurator);

  const noFallback = zeroAddress;
  const baseIsUsd = zeroAddress;
  const baseUnit = parseUnits("1", 8);
  await chain.placeAt(MAINNET.aaveOracle, executor, contracts.oracle, [
    provider,
    [MAINNET.weth, MAINNET.usdc],
    [MAINNET.ethUsdFeed, MAINNET.usdcUsdFeed],
    noFallback,
    baseIsUsd,
    baseUnit,
  ]);
  await setProvider("setPriceOracle", MAINNET.aaveOracle);
  await chain.placeAt(MAINNET.aaveDataProvider, executor, contracts.dataProvider, [provider]);
  await setProvider("setPoolDataProvider", MAINNET.aaveDataProvider);
}

async function expectCanonical(
  chain: Chain,
  contracts: Contracts,
  getter: string,
  expected: Address,
): Promise<void> {
  const actual = await chain.read(MAINNET.aaveAddressesProvider, contracts.addressesProvider.abi, getter, []);
  if (actual !== expected) throw new Error(`${getter} is ${String(actual)}, expected ${expected}`);
}

async function listReserves(chain: Chain, contracts: Contracts): Promise<void> {
  const implementations = {
    aTokenImpl: await chain.deploy(executor, contracts.aToken, [MAINNET.aavePool]),
    stableDebtTokenImpl: await chain.deploy(executor, contracts.stableDebt, [MAINNET.aavePool]),
    variableDebtTokenImpl: await chain.deploy(executor, contracts.variableDebt, [MAINNET.aavePool]),
  };
  const configure = (functionName: string, args: readonly unknown[]) =>
    chain.write(executor, MAINNET.aavePoolConfigurator, contracts.configurator.abi, functionName, args);

  for (const reserve of [WETH, USDC]) {
    const { asset, symbol, rates } = reserve;
    const interestRateStrategyAddress = await chain.deploy(executor, contracts.rateStrategy, [
      MAINNET.aaveAddressesProvider,
      ...[rates.optimalUtilisation, ...rates.variable, ...rates.stable].map(ray),
    ]);
    // Between the two mainnet listed other assets, which moved the configurator's nonce.
    const nonce = await chain.rpc<Hex>("eth_getTransactionCount", [MAINNET.aavePoolConfigurator, "latest"]);
    if (Number(nonce) < reserve.listedAtNonce) {
      await chain.rpc("hardhat_setNonce", [MAINNET.aavePoolConfigurator, numberToHex(reserve.listedAtNonce)]);
    }
    await configure("initReserves", [
      [
        {
          ...implementations,
          underlyingAssetDecimals: reserve.decimals,
          interestRateStrategyAddress,
          underlyingAsset: asset,
          treasury: MAINNET.aaveTreasury,
          incentivesController: zeroAddress,
          aTokenName: `Aave Ethereum ${symbol}`,
          aTokenSymbol: `aEth${symbol}`,
          variableDebtTokenName: `Aave Ethereum Variable Debt ${symbol}`,
          variableDebtTokenSymbol: `variableDebtEth${symbol}`,
          stableDebtTokenName: `Aave Ethereum Stable Debt ${symbol}`,
          stableDebtTokenSymbol: `stableDebtEth${symbol}`,
          params: "0x10",
        },
      ],
    ]);
    await configure("configureReserveAsCollateral", [
      asset,
      reserve.ltv,
      reserve.liquidationThreshold,
      reserve.liquidationBonus,
    ]);
    await configure("setReserveBorrowing", [asset, true]);
    await configure("setReserveFactor", [asset, reserve.reserveFactor]);
    await configure("setBorrowCap", [asset, reserve.borrowCap]);
    await configure("setSupplyCap", [asset, reserve.supplyCap]);
    await configure("setReserveFlashLoaning", [asset, true]);
    await configure("setLiquidationProtocolFee", [asset, LIQUIDATION_PROTOCOL_FEE]);
  }
}

async function supplyLiquidity(chain: Chain, { asset, liquidity }: Reserve): Promise<void> {
  const { liquidityProvider } = LOCAL_ACTORS;
  const mint = asset === MAINNET.usdc ? mintUsdc : mintWeth;
  await mint(chain, liquidityProvider, liquidity);
  await chain.write(liquidityProvider, asset, ABIS.erc20, "approve", [MAINNET.aavePool, maxUint256]);
  await chain.write(liquidityProvider, MAINNET.aavePool, ABIS.aavePool, "supply", [
    asset,
    liquidity,
    liquidityProvider,
    0,
  ]);
}

function ray(fraction: number): bigint {
  return parseUnits(String(fraction), 27);
}
