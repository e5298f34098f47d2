import { expect } from "chai";
import type { Contract } from "ethers";

import { DEFAULT_LIMITS } from "../../scripts/deployKeel.ts";
import { USDC, WAD } from "./utils/keel.ts";
import { useKeel } from "./utils/useKeel.ts";
import { callOf, freeCash, putOf, refusalsOf, vaultAs } from "./utils/vault.ts";

describe("the vault's hedge reserve", () => {
  const keel = useKeel((k) => k.deposit(k.alice, 1_000_000n * USDC));
  const refuses = refusalsOf(keel);

  it("may be all that a fill leaves, to the unit", async () => {
    const { book, taker, alice, fund, quote, mark, networkHelpers } = keel();
    const id = await callOf(keel(), 7);
    const quantity = 10n * WAD;
    const { terms, signature } = await quote(id, quantity, ((await mark(id)) * 1_005n) / 1_000n);
    await fund(taker, 10_000n * USDC);
    const fill = () => (book.connect(taker) as Contract).fill!(terms, signature, quantity);
    const withdraw = (assets: bigint) =>
      vaultAs(keel(), alice).withdraw!(assets, alice.address, alice.address);

    const before = await networkHelpers.takeSnapshot();
    await fill();
    const spare = await freeCash(keel());
    expect(spare).to.be.greaterThan(1n);
    await before.restore();
    await withdraw(spare + 1n);
    await refuses(fill(), "HedgeReserveBreached");
    await before.restore();
    await withdraw(spare);
    await fill();
    expect(await freeCash(keel())).to.equal(0n);
  });

  it("is rounded up", async () => {
    const { vault, taker, buy } = keel();
    const quantity = WAD + 1n;
    const strike = 3_000n * 10n ** 8n;
    await buy(taker, await putOf(keel(), 7, 3_000, 2_900), quantity);
    const { shortMarginRatio, maxSlippage } = DEFAULT_LIMITS;
    const put = quantity * strike * (shortMarginRatio + maxSlippage);
    expect(put % 10n ** 38n).to.not.equal(0n);
    expect(await vault.hedgeReserve!()).to.equal(put / 10n ** 38n + 1n);
    // Written calls take over where they need more.
    await buy(taker, await callOf(keel(), 7, 3_000, 3_100), quantity);
    const call = quantity * 3_100n * 10n ** 8n * (WAD + maxSlippage);
    expect(call % 10n ** 38n).to.not.equal(0n);
    expect(await vault.hedgeReserve!()).to.equal(call / 10n ** 38n + 1n);
  });
});
