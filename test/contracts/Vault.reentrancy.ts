import { expect } from "chai";
import type { Contract } from "ethers";

import { MAINNET } from "../../scripts/localMainnet/addresses.ts";
import { USDC, WAD } from "./utils/keel.ts";
import { useKeel } from "./utils/useKeel.ts";
import { accountForEveryUnit, callOf, vaultAs } from "./utils/vault.ts";

describe("Vault within a fill", () => {
  const keel = useKeel((k) => k.deposit(k.alice, 2_000_000n * USDC));

  accountForEveryUnit(keel);

  it("gives a taker nothing for meddling while it is paid", async () => {
    const { vault, contracts, ethers, usdc, mainnet, alice, book } = keel();
    const meddler = await ethers.deployContract("MockAttackingHolder", [MAINNET.usdc], alice);
    const target = await meddler.getAddress();
    const shares = (await vault.balanceOf!(alice.address)) as bigint;
    await vaultAs(keel(), alice).transfer!(target, shares / 2n);
    await mainnet.mintUsdc(target as `0x${string}`, 100_000n * USDC);
    const execute = async (to: string, contract: Contract, method: string, args: unknown[]) =>
      meddler.execute!(to, contract.interface.encodeFunctionData(method, args));
    await execute(MAINNET.usdc, usdc, "approve", [contracts.OptionBook, 2n ** 255n]);

    const id = await callOf(keel(), 7);
    const premium = ((await keel().mark(id)) * 99n) / 100n;
    const { terms, signature } = await keel().quote(id, 300n * WAD, premium);
    const price = (await vault.previewRedeem!(10n ** 15n)) as bigint;
    const attack = (method: string, args: unknown[]) =>
      meddler.setAttack!(contracts.Vault, vault.interface.encodeFunctionData(method, args));

    // All its shares: the reserve of the fill under way is not counted yet, but it is when the fill ends.
    await attack("redeem", [shares / 2n, target, target]);
    await expect(
      execute(contracts.OptionBook, book, "fill", [terms, signature, 300n * WAD]),
    ).to.be.revertedWithCustomError(vault, "HedgeReserveBreached");
    // A part: at the price of before, as if it had been redeemed first.
    await attack("redeem", [10n ** 15n, target, target]);
    const before = (await usdc.balanceOf!(target)) as bigint;
    await execute(contracts.OptionBook, book, "fill", [terms, signature, 10n * WAD]);
    expect(await meddler.succeeded!()).to.equal(true);
    const paid = (premium * 10n * WAD + WAD - 1n) / WAD;
    expect(await usdc.balanceOf!(target)).to.equal(before - paid + price);
  });
});
