import { expect } from "chai";

import { DAY, keelFixture, seriesId, USDC, WAD } from "./utils/keel.ts";

describe("Vault", () => {
  describe("the main path", () => {
    it("deposits, writes, hedges and knows its net asset value", async () => {
      const keel = await keelFixture();
      await keel.deposit(keel.alice, 5_000_000n * USDC);
      expect(await keel.vault.getFunction("nav")()).to.equal(5_000_000n * USDC);

      const expiry = (await keel.networkHelpers.time.latest()) + 7 * DAY;
      const id = seriesId({ isPut: false, strike: 3_000, cap: 4_000, expiry });
      await keel.buy(keel.taker, id, 100n * WAD);
      expect(await keel.book.getFunction("balanceOf")(keel.taker.address, id)).to.equal(100n * WAD);

      const drift = (await keel.vault.getFunction("drift")()) as bigint;
      expect(drift).to.be.lessThan(-45n * WAD);
      await keel.rebalance([{ venue: 0, dDelta: -drift }]);
      const after = (await keel.vault.getFunction("drift")()) as bigint;
      expect(after)
        .to.be.greaterThan(-WAD / 10n)
        .and.lessThan(WAD / 10n);
    });
  });
});
