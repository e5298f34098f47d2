import { expect } from "chai";

import { USDC, WAD } from "./utils/keel.ts";
import { drainPool, movePool, movePrice } from "./utils/market.ts";
import { useKeel } from "./utils/useKeel.ts";
import {
  abs,
  accountForEveryUnit,
  addVenue,
  callOf,
  driftOf,
  putOf,
  rebalance,
  refusalsOf,
  SHORT,
  SPOT,
} from "./utils/vault.ts";

describe("Vault.rebalance with a short", () => {
  const keel = useKeel(async (k) => {
    await k.deposit(k.alice, 1_000_000n * USDC);
    await k.buy(k.taker, await putOf(k, 7), 100n * WAD);
    await rebalance(k, [{ venue: SHORT, dDelta: -(await driftOf(k)) }]);
  });
  accountForEveryUnit(keel);
  const refuses = refusalsOf(keel);
  const deltaOf = async (venue: number) => {
    const venues = [keel().spot, keel().short];
    return (await venues[venue]!.delta!()) as bigint;
  };

  it("hedges with the short", async () => {
    expect(await deltaOf(SHORT)).to.be.lessThan(-40n * WAD);
    expect(abs(await driftOf(keel()))).to.be.lessThan(WAD / 10n);
  });

  it("sells nothing beyond the vault's bound, whatever the keeper accepts", async () => {
    await keel().buy(keel().taker, await putOf(keel(), 8), 50n * WAD);
    await movePool(keel(), 2_968);
    const dDelta = -(await driftOf(keel()));
    await refuses(rebalance(keel(), [{ venue: SHORT, dDelta }]), "DriftNotReduced");
    await movePool(keel(), 2_975);
    await rebalance(keel(), [{ venue: SHORT, dDelta }]);
  });

  describe("with calls written on top", () => {
    beforeEach(async () => {
      await keel().deposit(keel().alice, 5_000_000n * USDC);
      await keel().buy(keel().taker, await callOf(keel(), 7), 200n * WAD);
    });

    it("closes one venue and opens the other", async () => {
      const drift = -(await driftOf(keel()));
      const owed = -(await deltaOf(SHORT));
      await rebalance(keel(), [
        { venue: SHORT, dDelta: owed + WAD },
        { venue: SPOT, dDelta: drift - owed },
      ]);
      expect(await deltaOf(SHORT)).to.equal(0n);
      expect(abs(await driftOf(keel()))).to.be.lessThan(WAD / 10n);
    });

    it("opens nothing against another venue's opposite", async () => {
      const dDelta = -(await driftOf(keel()));
      await refuses(rebalance(keel(), [{ venue: SPOT, dDelta }]), "DriftNotReduced");
      await rebalance(keel(), [
        { venue: SPOT, dDelta: WAD },
        { venue: SHORT, dDelta: WAD },
      ]);
      expect(await deltaOf(SPOT)).to.equal(0n);
    });

    it("closes a venue while another holds the same side", async () => {
      const other = await addVenue(keel(), "MockVenue");
      await other.adjust!(-WAD, 0n, 0n);
      const before = await deltaOf(SHORT);
      await rebalance(keel(), [{ venue: SHORT, dDelta: WAD }]);
      expect(await deltaOf(SHORT)).to.be.closeTo(before + WAD, WAD / 10n ** 6n);
    });

    it("fills what it can when the pool leaves the closing leg open", async () => {
      await drainPool(keel(), 999n, 1000n);
      const drift = -(await driftOf(keel()));
      const owed = -(await deltaOf(SHORT));
      await rebalance(keel(), [
        { venue: SHORT, dDelta: owed + WAD },
        { venue: SPOT, dDelta: drift - owed },
      ]);
      expect(await deltaOf(SPOT)).to.equal(0n);
      expect(await deltaOf(SHORT)).to.be.within(-owed + WAD, -1n);
      expect(-(await driftOf(keel()))).to.be.lessThan(drift);
    });
  });

  describe("with the short's margin below its trigger", () => {
    beforeEach(async () => {
      await movePrice(keel(), 3_750);
    });

    it("is due for the margin, before anything else", async () => {
      expect(await keel().vault.needsRebalance!()).to.deep.equal([true, 2n]);
    });

    it("must mend it", async () => {
      await refuses(rebalance(keel(), []), "MarginWorsened");
      await rebalance(keel(), [{ venue: SHORT, dDelta: 0n }]);
      expect(await keel().short.healthFactor!()).to.be.closeTo((16n * WAD) / 10n, WAD / 10n ** 7n);
    });

    it("may mend it from cash where the pool is past the limit, but not by a trade that fills nothing", async () => {
      await movePool(keel(), 3_830);
      const trade = { venue: SHORT, dDelta: -(await driftOf(keel())) };
      await refuses(rebalance(keel(), [trade]), "MarginWorsened");
      await rebalance(keel(), [trade, { venue: SHORT, dDelta: 0n }]);
      expect(await keel().short.healthFactor!()).to.be.closeTo((16n * WAD) / 10n, WAD / 10n ** 7n);
    });

    it("may not add to drift beside mending it", async () => {
      const mend = { venue: SHORT, dDelta: 0n };
      const before = await driftOf(keel());
      await rebalance(keel(), [mend, { venue: SHORT, dDelta: -WAD }]);
      expect(await driftOf(keel())).to.be.closeTo(before, WAD / 10n ** 4n);
    });

    it("asks for no margin once the short is closed", async () => {
      const owed = -(await deltaOf(SHORT));
      await rebalance(keel(), [
        { venue: SHORT, dDelta: owed + WAD },
        { venue: SHORT, dDelta: 0n },
      ]);
      expect(await deltaOf(SHORT)).to.equal(0n);
    });

    it("may mend it by unwinding", async () => {
      // The puts are far out of the money now, the short is not.
      await rebalance(keel(), [{ venue: SHORT, dDelta: -(await driftOf(keel())) }]);
      expect(await keel().vault.needsRebalance!()).to.deep.equal([false, 0n]);
      expect(await keel().short.healthFactor!()).to.be.closeTo((16n * WAD) / 10n, WAD / 10n ** 7n);
    });
  });
});
