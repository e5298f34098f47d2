import { expect } from "chai";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import type { Contract } from "ethers";

import { DAY, seriesId, USDC, WAD } from "./utils/keel.ts";
import { useKeel } from "./utils/useKeel.ts";
import {
  accountForEveryUnit,
  breakFeed,
  callOf,
  driftOf,
  expiryOf,
  postSurface,
  putOf,
  rebalance,
  refusalsOf,
  sell,
  seriesOf,
  settleBook,
  SHORT,
  SPOT,
  vaultAs,
} from "./utils/vault.ts";

describe("Vault settlement", () => {
  const keel = useKeel(async (k) => {
    await k.deposit(k.alice, 2_000_000n * USDC);
  });
  const settle = async (id: bigint) => vaultAs(keel(), keel().stranger).settle!(id);
  const refuses = refusalsOf(keel);
  const claim = async (holder: HardhatEthersSigner, id: bigint) => {
    const before = (await keel().usdc.balanceOf!(holder.address)) as bigint;
    await (keel().book.connect(holder) as Contract).claim!(id, holder.address);
    return ((await keel().usdc.balanceOf!(holder.address)) as bigint) - before;
  };

  accountForEveryUnit(keel);

  for (const [usd, payout] of [
    [2_900, 0n],
    [3_000, 0n],
    [3_123.45678901, 123_456_789n],
    [4_000, 1_000_000_000n],
    [9_000, 1_000_000_000n],
  ] as const) {
    it(`takes back what a short call at ${String(usd)} does not owe, and holders get the rest`, async () => {
      const { vault, book, taker, buy } = keel();
      const quantity = 10n * WAD + 3n;
      const id = await callOf(keel(), 7);
      await buy(taker, id, quantity);
      await settleBook(keel(), expiryOf(id), usd);

      const nav = (await vault.nav!()) as bigint;
      await expect(settle(id)).to.emit(vault, "SeriesSettled");
      // NAV marked it at the very price that settled it.
      expect(await vault.nav!()).to.be.closeTo(nav, 2n);
      expect(await vault.legs!()).to.deep.equal([]);
      expect(await vault.cash!()).to.be.closeTo(nav, 2n);
      expect(await claim(taker, id)).to.be.closeTo(payout * 10n, 1_000n);
      expect(await book.balanceOf!(taker.address, id)).to.equal(0n);
      await refuses(settle(id), "UnknownSeries");
    });
  }

  it("takes back what a short put does not owe", async () => {
    const { vault, taker, buy } = keel();
    const id = await putOf(keel(), 7);
    await buy(taker, id, 10n * WAD);
    await settleBook(keel(), expiryOf(id), 2_750);
    const nav = (await vault.nav!()) as bigint;
    await settle(id);
    expect(await vault.cash!()).to.be.closeTo(nav, 2n);
    expect(await claim(taker, id)).to.equal(2_500n * USDC);
  });

  it("claims what the vault is long", async () => {
    const { vault, book, taker, fund } = keel();
    await fund(taker, 10_000n * USDC);
    const id = await callOf(keel(), 7);
    await (book.connect(taker) as Contract).write!(id, 10n * WAD, taker.address);
    await sell(keel(), taker, id, 10n * WAD);
    await settleBook(keel(), expiryOf(id), 3_300);
    const nav = (await vault.nav!()) as bigint;
    const cash = (await vault.cash!()) as bigint;
    await settle(id);
    expect(await vault.cash!()).to.equal(cash + 3_000n * USDC);
    expect(await vault.nav!()).to.be.closeTo(nav, 2n);
  });

  it("waits for the option book's settlement, and knows only its own series", async () => {
    const { book, taker, buy } = keel();
    const id = await callOf(keel(), 7);
    await buy(taker, id, WAD);
    await refuses(settle(id), "NotSettled", book);
    await refuses(settle(await callOf(keel(), 8)), "UnknownSeries");
    await keel().networkHelpers.time.increase(7 * DAY);
    await refuses(settle(id), "NotSettled", book);
  });

  it("leaves the other series of the book alone", async () => {
    const { vault, taker, buy } = keel();
    const ids = [await callOf(keel(), 7), await putOf(keel(), 14), await callOf(keel(), 21)];
    for (const id of ids) await buy(taker, id, WAD);
    await settleBook(keel(), expiryOf(ids[0]!), 3_000);
    await settle(ids[0]!);
    const left = ((await vault.legs!()) as bigint[]).map(seriesOf);
    expect(left).to.have.members([ids[1], ids[2]]);
  });

  it("goes on while paused, with stale prices and a stale surface", async () => {
    const { taker, buy, guardian } = keel();
    const id = await callOf(keel(), 7);
    await buy(taker, id, WAD);
    await settleBook(keel(), expiryOf(id), 3_100);
    await vaultAs(keel(), guardian).pause!();
    await keel().networkHelpers.time.increase(3 * DAY);
    await settle(id);
    expect(await claim(taker, id)).to.equal(100n * USDC);
  });

  it("pays every holder and returns the rest to the depositor, after a hedge through the short", async () => {
    const { vault, taker, alice, buy, usdc, contracts } = keel();
    const call = await callOf(keel(), 7);
    const put = seriesId({ isPut: true, strike: 3_200, cap: 2_000, expiry: expiryOf(call) });
    await buy(taker, call, 20n * WAD);
    await buy(taker, put, 100n * WAD);
    await rebalance(keel(), [{ venue: SHORT, dDelta: -(await driftOf(keel())) }]);
    await settleBook(keel(), expiryOf(call), 3_010);
    await settle(call);
    await settle(put);
    expect(await claim(taker, call)).to.equal(200n * USDC);
    expect(await claim(taker, put)).to.equal(19_000n * USDC);

    await rebalance(keel(), [{ venue: SHORT, dDelta: 1_000n * WAD }]);
    expect(await vault.cash!()).to.equal(await vault.nav!());
    await postSurface(keel());
    const shares = (await vault.balanceOf!(alice.address)) as bigint;
    expect(await vault.maxRedeem!(alice.address)).to.equal(shares);
    await vaultAs(keel(), alice).redeem!(shares, alice.address, alice.address);
    expect(await usdc.balanceOf!(contracts.Vault)).to.be.lessThan(10n);
    expect(await usdc.balanceOf!(contracts.OptionBook)).to.equal(0n);
  });

  describe("valuation", () => {
    const value = async () => {
      const { vault, alice, lens } = keel();
      for (const read of [
        "nav",
        "drift",
        "totalAssets",
        "status",
        "value",
        "queue",
        "hedgeReserve",
        "needsRebalance",
      ]) {
        await vault.getFunction(read)();
      }
      for (const read of ["maxDeposit", "maxMint", "maxWithdraw", "maxRedeem"]) {
        await vault.getFunction(read)(alice.address);
      }
      await lens.snapshot!(vault);
      return (await vault.nav!()) as bigint;
    };

    beforeEach(async () => {
      const { buy, fund, taker, book } = keel();
      await buy(taker, await callOf(keel(), 7), 30n * WAD);
      await buy(taker, await putOf(keel(), 14), 60n * WAD);
      // Nine sigma out of the money, and a unit wide.
      const far = seriesId({
        isPut: false,
        strike: 30_000,
        cap: 30_000.00000001,
        expiry: expiryOf(await callOf(keel(), 1)),
      });
      await buy(taker, far, WAD);
      await fund(taker, 100_000n * USDC);
      const long = await putOf(keel(), 21);
      await (book.connect(taker) as Contract).write!(long, WAD, taker.address);
      await sell(keel(), taker, long, WAD);
      await rebalance(keel(), [{ venue: SHORT, dDelta: -(await driftOf(keel())) }]);
    });

    it("takes expired series at what they pay", async () => {
      const { vault } = keel();
      const legs = (await vault.legs!()) as bigint[];
      await settleBook(keel(), expiryOf(legs[0]!), 3_200);
      const nav = await value();
      await settle(seriesOf(legs[0]!));
      expect(await value()).to.be.closeTo(nav, 20_000n);
      await keel().networkHelpers.time.increase(60 * DAY);
      await value();
    });

    for (const usd of [0.00000001, 0.01, 1, 1e5, 1e9, 1e15]) {
      it(`does not revert at ${String(usd)} a unit`, async () => {
        await keel().mainnet.submitEthUsd(usd);
        await value();
        await keel().networkHelpers.time.increase(30 * DAY);
        await value();
      });
    }

    it("does not revert without a price", async () => {
      const aggregator = await breakFeed(keel(), 0n);
      await value();
      await aggregator.set!(-1n, 0n);
      await value();
      await aggregator.set!(2n ** 95n, 2n ** 100n);
      await value();
      await aggregator.setReverts!(true);
      await value();
      expect(await keel().vault.maxDeposit!(keel().alice.address)).to.equal(0n);
    });

    it("counts spot as it counts the short, but for what the trade costs", async () => {
      await keel().buy(keel().taker, await callOf(keel(), 7), 150n * WAD);
      const before = await value();
      const owed = -((await keel().short.delta!()) as bigint);
      const toBuy = -(await driftOf(keel()));
      await rebalance(keel(), [
        { venue: SHORT, dDelta: owed + WAD },
        { venue: SPOT, dDelta: toBuy - owed },
      ]);
      expect(await keel().short.delta!()).to.equal(0n);
      expect(await keel().spot.delta!()).to.be.greaterThan(30n * WAD);
      expect(await value()).to.be.within(before - 200n * USDC, before + USDC);
    });
  });
});
