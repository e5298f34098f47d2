import { expect } from "chai";

import { USDC, WAD } from "./utils/keel.ts";
import { useKeel } from "./utils/useKeel.ts";
import { abs, callOf, driftOf, rebalance, SPOT } from "./utils/vault.ts";

describe("Vault", () => {
  const keel = useKeel();

  it("deposits, writes, hedges and knows its net asset value", async () => {
    const { vault, book, alice, taker, deposit, buy } = keel();
    await deposit(alice, 5_000_000n * USDC);
    expect(await vault.nav!()).to.equal(5_000_000n * USDC);

    const id = await callOf(keel(), 7);
    await buy(taker, id, 100n * WAD);
    expect(await book.balanceOf!(taker.address, id)).to.equal(100n * WAD);

    const drift = await driftOf(keel());
    expect(drift).to.be.lessThan(-45n * WAD);
    await rebalance(keel(), [{ venue: SPOT, dDelta: -drift }]);
    expect(abs(await driftOf(keel()))).to.be.lessThan(WAD / 10n);
  });
});
