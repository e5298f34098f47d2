import { expect } from "chai";
import type { Contract } from "ethers";

import { MAINNET, MAINNET_AUTHORITIES } from "../../scripts/localMainnet/addresses.ts";
import { USDC, WAD } from "./utils/keel.ts";
import { contractAt, drainPool, impersonate, movePrice, passTime } from "./utils/market.ts";
import { seriesHeld } from "./utils/shares.ts";
import { useKeel, type Keel } from "./utils/useKeel.ts";
import {
  abs,
  accountForEveryUnit,
  addVenue,
  callOf,
  driftOf,
  freeCash,
  postSurface,
  putOf,
  rebalance,
  refusalsOf,
  sell,
  setBudget,
  setLimits,
  SHORT,
  SPOT,
  vaultAs,
} from "./utils/vault.ts";

const MOST = 2n ** 255n - 1n;
const LEAST = -(2n ** 255n);
const THIRD = 2;
const BORROWED = 100n * WAD;
const CONFIGURATOR = [
  "function setReserveFreeze(address asset, bool freeze)",
  "function setBorrowCap(address asset, uint256 newBorrowCap)",
  "function setReservePause(address asset, bool paused)",
];

async function aaveConfigurator(keel: Keel): Promise<Contract> {
  const executor = await impersonate(keel, MAINNET_AUTHORITIES.aaveExecutor);
  return contractAt(MAINNET.aavePoolConfigurator, CONFIGURATOR, executor);
}

describe("Vault gate", () => {
  describe("with calls written", () => {
    const keel = useKeel(async (k) => {
      await k.deposit(k.alice, 3_000_000n * USDC);
      await k.buy(k.taker, await callOf(k, 7), 100n * WAD);
    });
    accountForEveryUnit(keel);
    const refuses = refusalsOf(keel);
    const spot = async () => (await keel().spot.delta!()) as bigint;

    it("clips a leg of any size to what drift needs", async () => {
      await refuses(rebalance(keel(), [{ venue: SPOT, dDelta: LEAST }]), "DriftNotReduced");
      await rebalance(keel(), [{ venue: SPOT, dDelta: MOST }]);
      // As far across as the floor under the trigger.
      expect(await driftOf(keel())).to.be.closeTo(WAD / 10n, WAD / 10n ** 4n);
      await rebalance(keel(), [{ venue: SPOT, dDelta: LEAST }]);
      expect(await driftOf(keel())).to.be.within(-WAD / 10n, 0n);
    });

    it("and each of many extremes in turn, to no overflow and no profit", async () => {
      const nav = (await keel().vault.nav!()) as bigint;
      await rebalance(keel(), [
        { venue: SPOT, dDelta: MOST },
        { venue: SPOT, dDelta: LEAST },
        { venue: SHORT, dDelta: MOST },
        { venue: SHORT, dDelta: LEAST },
        { venue: SPOT, dDelta: MOST },
        { venue: SHORT, dDelta: LEAST },
      ]);
      expect(abs(await driftOf(keel()))).to.be.lessThan(WAD / 5n);
      expect(await keel().short.delta!()).to.equal(0n);
      expect(await keel().vault.nav!()).to.be.lessThan(nav);
    });

    it("fills in part where liquidity is short, and goes on with the next venue", async () => {
      await drainPool(keel(), 999n, 1000n);
      const third = await addVenue(keel(), "MockVenue");
      const dDelta = -(await driftOf(keel()));
      await rebalance(keel(), [
        { venue: SPOT, dDelta },
        { venue: THIRD, dDelta },
      ]);
      const filled = await spot();
      expect(filled).to.be.within(WAD, 40n * WAD);
      expect((await third.delta!()) as bigint).to.be.closeTo(dDelta - filled, WAD / 5n);
    });

    it("goes on past a venue that reverts, and tells why", async () => {
      const { vault } = keel();
      const broken = await addVenue(keel(), "MockRevertingVenue");
      const dDelta = -(await driftOf(keel()));
      const sent = rebalance(keel(), [
        { venue: THIRD, dDelta },
        { venue: SPOT, dDelta },
      ]);
      await expect(sent)
        .to.emit(vault, "LegFailed")
        .withArgs(0n, THIRD, broken.interface.getError("Broken")!.selector);
      expect(abs(await driftOf(keel()))).to.be.lessThan(WAD / 5n);
      await movePrice(keel(), 3_100);
      await refuses(rebalance(keel(), [{ venue: THIRD, dDelta: 50n * WAD }]), "DriftNotReduced");
    });

    it("opens no further than a venue's cap, and closes what is past it", async () => {
      const { admin, vault } = keel();
      await expect(vaultAs(keel(), admin).setVenueCap!(SPOT, 30n * WAD))
        .to.emit(vault, "VenueCapSet")
        .withArgs(SPOT, 30n * WAD);
      await rebalance(keel(), [{ venue: SPOT, dDelta: MOST }]);
      expect(await spot()).to.equal(30n * WAD);
      await refuses(rebalance(keel(), [{ venue: SPOT, dDelta: WAD }]), "DriftNotReduced");
      await vaultAs(keel(), admin).setVenueCap!(SPOT, 10n * WAD);
      // Past its cap nothing is forced, and nothing added.
      await refuses(rebalance(keel(), [{ venue: SPOT, dDelta: WAD }]), "DriftNotReduced");
      await sell(keel(), keel().taker, (await seriesHeld(keel()))[0]!, 80n * WAD);
      const drift = await driftOf(keel());
      expect(drift).to.be.greaterThan(10n * WAD);
      await rebalance(keel(), [{ venue: SPOT, dDelta: -drift }]);
      expect(await spot()).to.equal(30n * WAD - drift);
    });

    it("opens nothing against another venue's opposite, in one call or in two", async () => {
      await rebalance(keel(), [{ venue: SPOT, dDelta: 40n * WAD }]);
      await sell(keel(), keel().taker, (await seriesHeld(keel()))[0]!, 90n * WAD);
      expect(await driftOf(keel())).to.be.greaterThan(20n * WAD);
      await refuses(rebalance(keel(), [{ venue: SHORT, dDelta: -20n * WAD }]), "DriftNotReduced");
      await rebalance(keel(), [
        { venue: SHORT, dDelta: -20n * WAD },
        { venue: SPOT, dDelta: -10n * WAD },
      ]);
      expect(await keel().short.delta!()).to.equal(0n);
      expect(await spot()).to.equal(30n * WAD);
    });
  });

  describe("with puts written and hedged by the short", () => {
    const keel = useKeel(async (k) => {
      await k.deposit(k.alice, 2_000_000n * USDC);
      await k.buy(k.taker, await putOf(k, 7), 100n * WAD);
      await rebalance(k, [{ venue: SHORT, dDelta: -(await driftOf(k)) }]);
    });
    accountForEveryUnit(keel);
    const refuses = refusalsOf(keel);
    const owed = async () => -((await keel().short.delta!()) as bigint);
    const health = async () => Number(await keel().short.healthFactor!()) / 1e18;

    for (const [name, act] of [
      ["WETH is frozen", (c: Contract) => c.setReserveFreeze!(MAINNET.weth, true)],
      ["its borrow cap is reached", (c: Contract) => c.setBorrowCap!(MAINNET.weth, 1n)],
    ] as const) {
      it(`fills elsewhere while the lender lends nothing: ${name}`, async () => {
        const { vault, taker, buy } = keel();
        const third = await addVenue(keel(), "MockVenue");
        await buy(taker, await putOf(keel(), 9), 50n * WAD);
        await act(await aaveConfigurator(keel()));
        const dDelta = -(await driftOf(keel()));
        expect(dDelta).to.be.lessThan(-10n * WAD);
        await refuses(rebalance(keel(), [{ venue: SHORT, dDelta }]), "DriftNotReduced");
        const sent = rebalance(keel(), [
          { venue: SHORT, dDelta },
          { venue: THIRD, dDelta },
        ]);
        await expect(sent).to.emit(vault, "LegFailed");
        expect(await third.delta!()).to.be.closeTo(dDelta, WAD / 5n);
        // And to repay is still to be had.
        await movePrice(keel(), 3_100);
        const before = await owed();
        await rebalance(keel(), [{ venue: SHORT, dDelta: MOST }]);
        expect(await owed()).to.be.lessThan(before);
      });
    }

    it("values the vault while the lender is paused, and its revert keeps no margin call from another venue", async () => {
      await (
        await aaveConfigurator(keel())
      ).setReservePause!(MAINNET.weth, true);
      const third = await addVenue(keel(), "MockVenue");
      await keel().buy(keel().taker, await putOf(keel(), 9), 50n * WAD);
      const dDelta = -(await driftOf(keel()));
      await rebalance(keel(), [
        { venue: SHORT, dDelta },
        { venue: THIRD, dDelta },
      ]);
      expect(await third.delta!()).to.be.lessThan(0n);
    });

    it("meets a margin call past a venue that reverts", async () => {
      await addVenue(keel(), "MockRevertingVenue");
      await movePrice(keel(), 3_750);
      await rebalance(keel(), [
        { venue: THIRD, dDelta: 5n * WAD },
        { venue: SHORT, dDelta: 0n },
      ]);
      expect(await health()).to.be.within(1.599999, 1.600001);
    });

    it("meets a margin call without cash and without drift by repaying, within the least drift", async () => {
      const { alice, taker, vault, buy } = keel();
      await movePrice(keel(), 3_750);
      await passTime(keel(), 31 * 60);
      await postSurface(keel());
      // Puts at the new price take the place of the old ones: drift is what the short is for.
      const id = await putOf(keel(), 6, 3_800, 2_800);
      await buy(taker, id, WAD);
      const each = (await driftOf(keel())) + (await owed());
      expect(each).to.be.greaterThan(0n);
      await setLimits(keel(), { shortMarginRatio: 0n });
      for (let i = 0; i < 4; i++) {
        const lacks = -(await driftOf(keel()));
        if (lacks > WAD / 20n) await buy(taker, id, (lacks * 18n) / 10n);
      }
      const drift = await driftOf(keel());
      expect(abs(drift)).to.be.lessThan(WAD / 10n);
      await vaultAs(keel(), alice).withdraw!(await freeCash(keel()), alice.address, alice.address);
      expect(await vault.cash!()).to.be.lessThan(10_000n * USDC);
      const before = { health: await health(), owed: await owed() };
      expect(before.health).to.be.lessThan(1.3);
      await rebalance(keel(), [{ venue: SHORT, dDelta: 100n * WAD }]);
      expect(await owed()).to.be.lessThan(before.owed);
      expect(await health()).to.be.greaterThan(before.health);
      expect(abs(await driftOf(keel()))).to.be.lessThanOrEqual(WAD / 10n + WAD / 10n ** 6n);
      expect(await vault.needsRebalance!()).to.deep.equal([true, 2n]);
    });
  });

  describe("past the limits of gamma and vega", () => {
    const keel = useKeel(async (k) => {
      await k.deposit(k.alice, 2_000_000n * USDC);
      await k.buy(k.taker, await callOf(k, 7), BORROWED);
    });
    accountForEveryUnit(keel);
    const refuses = refusalsOf(keel);
    const due = async () => ((await keel().vault.needsRebalance!()) as [boolean, bigint])[1];
    const first = async () => (await seriesHeld(keel()))[0]!;
    /** What the book has of each, as the limits count it: shares of NAV, 18 decimals. */
    const shares = async () => {
      const [marks, nav] = (await keel().vault.status!()) as [{ book: Record<string, bigint> }, bigint];
      const of = (greek: bigint, scale: bigint) => (abs(greek) * scale) / (nav * 10n ** 12n);
      return {
        gamma: of(marks.book.gamma! * 3_000n, 30n * WAD),
        vega: of(marks.book.vega!, WAD / 100n),
      };
    };

    for (const [name, limit, error] of [
      ["gamma", "maxGamma", "GammaTooLarge"],
      ["vega", "maxVega", "VegaTooLarge"],
    ] as const) {
      it(`of ${name}: refuses what worsens it, allows what mends it, and halves the delta trigger`, async () => {
        const { taker, buy } = keel();
        const { [name]: now } = await shares();
        await setLimits(keel(), { [limit]: (now * 11n) / 10n });
        await buy(taker, await first(), 5n * WAD);
        await refuses(buy(taker, await first(), 20n * WAD), error);
        // What is left within the limit leaves the trigger where it was.
        await rebalance(keel(), [{ venue: SPOT, dDelta: -(await driftOf(keel())) - (WAD * 7n) / 100n }]);
        expect(await due()).to.equal(0n);
        await setLimits(keel(), { [limit]: now / 2n });
        expect(await due()).to.equal(1n);
        await setLimits(keel(), { [limit]: now / 2n, minDrift: (WAD * 16n) / 100n });
        expect(await due()).to.equal(0n);
        await refuses(buy(taker, await first(), WAD / 10n), error);
        await refuses(buy(taker, await putOf(keel(), 7), WAD / 10n), error);
        // An option so far out that it has neither is none of it.
        await buy(taker, await callOf(keel(), 1, 900_000, 900_001), WAD / 10n);
        await sell(keel(), taker, await first(), 10n * WAD);
        expect((await shares())[name]).to.be.within(now / 2n, now);
      });
    }

    it("to the last unit, and lets it cross to the other side as far as it was", async () => {
      const { taker, fund, book } = keel();
      await setLimits(keel(), { maxVega: 0n, maxGamma: 0n });
      await setBudget(keel(), "quoteDelta", 10n * WAD);
      await fund(taker, 1_000_000n * USDC);
      const id = await first();
      await (book.connect(taker) as Contract).write!(id, 3n * BORROWED, taker.address);
      await refuses(sell(keel(), taker, id, 2n * BORROWED + WAD / 100n), "GammaTooLarge");
      await sell(keel(), taker, id, 2n * BORROWED - WAD / 100n);
      expect((await shares()).gamma).to.be.greaterThan(0n);
    });
  });
});
