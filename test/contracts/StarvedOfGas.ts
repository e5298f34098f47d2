import { expect } from "chai";
import { ZeroAddress, type Contract } from "ethers";

import { MAINNET, MAINNET_AUTHORITIES } from "../../scripts/localMainnet/addresses.ts";
import { loadArtifact } from "../../scripts/localMainnet/artifacts.ts";
import { USDC, WAD } from "./utils/keel.ts";
import { contractAt, impersonate, implementationOf } from "./utils/market.ts";
import { useKeel, type Keel } from "./utils/useKeel.ts";
import { driftOf, putOf, rebalance, refusalsOf, SHORT, vaultAs } from "./utils/vault.ts";

const AAVE = "@aave/core-v3/artifacts/contracts/protocol/pool";
/** Far fewer than Aave has on mainnet. */
const RESERVES = 12;

/**
 * Aave answers for what an account has by asking for the price of each of its collaterals, and anybody can give it more: the
 * gas of that answer is for others to choose, and so is what is left of it in the frames of a call that has run out.
 */
describe("a caller that gives too little gas", () => {
  const keel = useKeel(async (k) => {
    await k.deposit(k.alice, 2_000_000n * USDC);
    await k.buy(k.taker, await putOf(k, 7), 100n * WAD);
    await rebalance(k, [{ venue: SHORT, dDelta: -(await driftOf(k)) }]);
    await giveCollateral(k, RESERVES);
  });
  const refuses = refusalsOf(keel);
  const record = async (gasLimit: number) =>
    vaultAs(keel(), keel().stranger).recordBreach!.staticCall({ gasLimit });

  it("records no breach that is none", async () => {
    await refuses(record(2_000_000), "NoBreach");
    for (let gas = 300_000; gas < 800_000; gas += 2_500) {
      const recorded = await record(gas).then(
        () => true,
        () => false,
      );
      expect(recorded, `with ${String(gas)} gas`).to.equal(false);
    }
  });
});

/** Lists `count` tokens in Aave, and supplies a speck of each to the short. */
async function giveCollateral(k: Keel, count: number): Promise<void> {
  const executor = await impersonate(k, MAINNET_AUTHORITIES.aaveExecutor);
  const abiOf = (name: string) => loadArtifact(`${AAVE}/${name}.sol/${name}.json`).abi as readonly unknown[];
  const configurator = contractAt(MAINNET.aavePoolConfigurator, abiOf("PoolConfigurator"), executor);
  const oracle = contractAt(MAINNET.aaveOracle, ["function setAssetSources(address[],address[])"], executor);
  const pool = contractAt(MAINNET.aavePool, abiOf("Pool"), k.stranger);
  const weth = (await pool.getReserveData!(MAINNET.weth)) as Record<string, string>;
  const alike = {
    aTokenImpl: await implementationOf(k, weth.aTokenAddress!),
    stableDebtTokenImpl: await implementationOf(k, weth.stableDebtTokenAddress!),
    variableDebtTokenImpl: await implementationOf(k, weth.variableDebtTokenAddress!),
    underlyingAssetDecimals: 18,
    interestRateStrategyAddress: weth.interestRateStrategyAddress!,
    treasury: MAINNET.aaveTreasury,
    incentivesController: ZeroAddress,
    aTokenName: "",
    aTokenSymbol: "",
    variableDebtTokenName: "",
    variableDebtTokenSymbol: "",
    stableDebtTokenName: "",
    stableDebtTokenSymbol: "",
    params: "0x10",
  };
  for (let i = 0; i < count; ++i) {
    const token = (await k.ethers.deployContract("MockToken", [], k.stranger)) as unknown as Contract;
    const underlyingAsset = await token.getAddress();
    await configurator.initReserves!([{ ...alike, underlyingAsset }]);
    await configurator.configureReserveAsCollateral!(underlyingAsset, 5_000n, 6_000n, 10_500n);
    await oracle.setAssetSources!([underlyingAsset], [MAINNET.ethUsdFeed]);
    await token.approve!(MAINNET.aavePool, WAD);
    await pool.supply!(underlyingAsset, 10n ** 9n, k.contracts.ShortAaveV3, 0);
  }
}
