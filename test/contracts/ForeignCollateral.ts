import { expect } from "chai";
import type { Contract, Signer } from "ethers";

import { MAINNET, MAINNET_AUTHORITIES } from "../../scripts/localMainnet/addresses.ts";
import { USDC, WAD } from "./utils/keel.ts";
import { contractAt, impersonate, supplyToAave } from "./utils/market.ts";
import { useKeel, type Keel } from "./utils/useKeel.ts";

const CASH = 1_000_000n * USDC;
const CONFIGURATOR = [
  "function configureReserveAsCollateral(address asset, uint256 ltv, uint256 threshold, uint256 bonus)",
];

/** Aave makes collateral of aTokens that anybody sends; what it then refuses must not be for the sender to decide. */
describe("collateral others give the short", () => {
  let vault: Signer;
  let short: Contract;
  const keel = useKeel(async (k) => {
    vault = await impersonate(k, k.contracts.Vault);
    short = k.short.connect(vault) as Contract;
    await k.mainnet.mintUsdc(k.contracts.Vault, CASH);
  });
  const adjust = async (dDelta: bigint) => short.adjust!(dDelta, dDelta > 0n ? 2n ** 120n : 0n, CASH);
  const healthy = async () =>
    expect(await short.healthFactor!()).to.be.closeTo((16n * WAD) / 10n, WAD / 10n ** 6n);
  /** A stranger supplies to the short, in its name. */
  const send = async (asset: typeof MAINNET.usdc | typeof MAINNET.weth, amount: bigint) =>
    supplyToAave(keel(), asset, amount, keel().contracts.ShortAaveV3);

  it("does not keep its own in, once anyone has disowned it", async () => {
    await adjust(-10n * WAD);
    await send(MAINNET.weth, 10n ** 9n);
    // What freezing a reserve does.
    await setLtv(keel(), MAINNET.weth, 0n, 8300n, 10500n);
    await expect(adjust(4n * WAD)).to.revert(keel().ethers);

    await (short.connect(keel().stranger) as Contract).restoreCollateral!(MAINNET.weth);
    await adjust(4n * WAD);
    expect(await short.delta!()).to.be.closeTo(-6n * WAD, 10n ** 12n);
    await healthy();
  });

  it("does not keep USDC from being collateral", async () => {
    await setLtv(keel(), MAINNET.usdc, 0n, 7800n, 10450n);
    await send(MAINNET.usdc, 2n);
    await setLtv(keel(), MAINNET.usdc, 7500n, 7800n, 10450n);
    await expect(adjust(-10n * WAD)).to.revert(keel().ethers);

    await (short.connect(keel().stranger) as Contract).restoreCollateral!(MAINNET.usdc);
    await adjust(-10n * WAD);
    await healthy();
  });

  it("cannot be had by disowning USDC", async () => {
    await adjust(-10n * WAD);
    await (short.connect(keel().stranger) as Contract).restoreCollateral!(MAINNET.usdc);
    await healthy();
  });
});

async function setLtv(
  keel: Keel,
  asset: string,
  ltv: bigint,
  threshold: bigint,
  bonus: bigint,
): Promise<void> {
  const executor = await impersonate(keel, MAINNET_AUTHORITIES.aaveExecutor);
  const configurator = contractAt(MAINNET.aavePoolConfigurator, CONFIGURATOR, executor);
  await configurator.configureReserveAsCollateral!(asset, ltv, threshold, bonus);
}
