import { expect } from "chai";
import type { Contract } from "ethers";

import { flatSurface } from "../../scripts/deployKeel.ts";
import { MAINNET } from "../../scripts/localMainnet/addresses.ts";
import { DAY, USDC, WAD } from "./utils/keel.ts";
import { movePool, passTime } from "./utils/market.ts";
import { BOX, DOLLAR_BOX, redeemAll, seriesHeld, usdcOf, valueOf, type VaultValue } from "./utils/shares.ts";
import { useKeel, type Keel } from "./utils/useKeel.ts";
import {
  abs,
  accountForEveryUnit,
  breakFeed,
  callOf,
  driftOf,
  expiryOf,
  postSurface,
  putOf,
  rebalance,
  sell,
  seriesOf,
  SHORT,
  SPOT,
  vaultAs,
} from "./utils/vault.ts";

/** How far ETH's price in USD may be: what the pool allows, and a USDC. */
const SPOT_BOX = { ...BOX, price: BOX.price + DOLLAR_BOX };
const divUp = (a: bigint, b: bigint) => (a + b - 1n) / b;
const divDown = (a: bigint, b: bigint) => (a - (((a % b) + b) % b)) / b;

/** The two-sided value by its definition, from the engine's bounds and the venues; without what is locked. */
async function recompute(keel: Keel, legs?: readonly bigint[]) {
  const { vault, book, engine, spot, short, priceOracle, volatilityOracle, contracts, networkHelpers } = keel;
  const { price, ethUsd } = (await priceOracle.read!()) as { price: bigint; ethUsd: bigint };
  const held = legs ?? [...((await vault.legs!()) as bigint[])];
  const surface = (await volatilityOracle.surface!()) as { toObject(deep: boolean): unknown };
  const now = await networkHelpers.time.latest();
  const [total, volSlope, remainder] = (await engine.bounds!(held, ethUsd, now, surface.toObject(true), {
    ...BOX,
    price: BOX.price + DOLLAR_BOX,
  })) as [{ price: bigint; delta: bigint }, bigint, bigint];
  let mid = ((await vault.cash!()) as bigint) + divDown(total.price, 10n ** 12n);
  for (const leg of held) mid += (await book.collateralOf!(contracts.Vault, seriesOf(leg))) as bigint;
  let delta = 0n;
  for (const venue of [spot, short]) {
    delta += (await venue.delta!()) as bigint;
    mid += (await venue.equity!(price)) as bigint;
  }
  const linear = abs(total.delta * ethUsd + delta * price) / WAD + 1n;
  const width =
    remainder +
    divUp(abs(volSlope) * BOX.volatility, WAD) +
    divUp(linear * BOX.price, WAD) +
    divUp(abs(total.delta * ethUsd) * DOLLAR_BOX, WAD * WAD);
  const half = held.length === 0 && delta === 0n ? 0n : divUp(width, 10n ** 12n);
  return { mid, half };
}

const lockedIn = async (keel: Keel, value: VaultValue) =>
  value.mid - (await recompute(keel)).half - value.bid;
const flagsOf = ({ entryOpen, exitOpen, queueOpen }: VaultValue) => [entryOpen, exitOpen, queueOpen];

describe("Vault value", () => {
  describe("has two sides", () => {
    const keel = useKeel((k) => k.deposit(k.alice, 3_000_000n * USDC));
    accountForEveryUnit(keel);
    const half = async () => {
      const { bid, mid, ask } = await valueOf(keel());
      expect(bid <= mid && mid <= ask).to.equal(true);
      return ask - mid;
    };
    const hedge = async (venue: number) => rebalance(keel(), [{ venue, dDelta: -(await driftOf(keel())) }]);

    it("of no width while there is nothing but cash", async () => {
      expect(await half()).to.equal(0n);
      const { bid, mid, ask } = await valueOf(keel());
      expect([bid, mid, ask]).to.deep.equal([mid, mid, 3_000_000n * USDC]);
    });

    it("of some width for any option, and for any position without one", async () => {
      const id = await callOf(keel(), 7);
      await keel().buy(keel().taker, id, 100n * WAD);
      expect(await half()).to.be.greaterThan(0n);
      await hedge(SPOT);
      await sell(keel(), keel().taker, id, 100n * WAD);
      expect(await keel().vault.legs!()).to.deep.equal([]);
      const exposure = ((await keel().spot.delta!()) as bigint) * 3_000n * WAD;
      expect(await half()).to.equal(divUp(divUp((exposure / WAD + 1n) * BOX.price, WAD), 10n ** 12n));
    });

    it("by exactly the engine's bounds, whatever the dollar and the venues", async () => {
      const { vault, taker, buy, mainnet } = keel();
      const check = async () => {
        const { mid, half: expected } = await recompute(keel());
        const value = await valueOf(keel());
        expect([value.mid, value.ask]).to.deep.equal([mid, mid + expected]);
        expect(value.bid).to.equal(mid - expected - (await lockedIn(keel(), value)));
        expect(value.mid).to.equal(await vault.nav!());
      };
      await check();
      await buy(taker, await callOf(keel(), 7), 60n * WAD);
      await check();
      await buy(taker, await putOf(keel(), 21), 35n * WAD + 7n);
      await passTime(keel(), DAY);
      await postSurface(keel());
      await check();
      // Locked is nothing now: the bid is exact too.
      const { bid, mid, ask } = await valueOf(keel());
      expect(mid - bid).to.equal(ask - mid);
      await hedge(SPOT);
      await check();
      await mainnet.submitUsdcUsd(0.99);
      await movePool(keel(), 2_500 / 0.99);
      await mainnet.submitEthUsd(2_500);
      await check();
      await rebalance(keel(), [
        { venue: SPOT, dDelta: -(2n ** 255n) },
        { venue: SHORT, dDelta: -(2n ** 255n) },
      ]);
      await check();
      expect(await keel().short.delta!()).to.be.lessThan(0n);
      await check();
    });

    it("taken jointly, one price in all: hedging narrows it, a leg's own width is none", async () => {
      await keel().buy(keel().taker, await callOf(keel(), 3), 200n * WAD);
      await keel().buy(keel().taker, await callOf(keel(), 3, 3_100, 4_100), 100n * WAD);
      const unhedged = await half();
      await hedge(SPOT);
      const joint = await half();
      const spot = ((await keel().spot.delta!()) as bigint) * 30n;
      let apart = spot / 10n ** 12n;
      for (const leg of (await keel().vault.legs!()) as bigint[]) {
        const alone = await keel().engine.bounds!(
          [leg],
          3_000n * WAD,
          await keel().networkHelpers.time.latest(),
          ((await keel().volatilityOracle.surface!()) as { toObject(d: boolean): object }).toObject(true),
          SPOT_BOX,
        );
        const [total, slope, rest] = alone as [{ delta: bigint }, bigint, bigint];
        apart += (abs(total.delta) * 30n + abs(slope) / 20n + rest) / 10n ** 12n;
      }
      // But what a USDC may be off its feed, which is in the options alone and does not net.
      const dollar = (((spot * 100n) / 10n ** 12n) * DOLLAR_BOX) / WAD;
      expect(joint * 2n).to.be.lessThan(unhedged);
      expect((joint - dollar) * 3n).to.be.lessThan(unhedged);
      expect((joint - dollar) * 6n).to.be.lessThan(apart);
    });

    it("neither of them inverted: entrants pay the ask, leavers get the bid", async () => {
      const { vault, taker, alice } = keel();
      const amount = 123_456n * USDC;
      for (const [days, quantity] of [
        [3, 40n * WAD],
        [9, 80n * WAD],
        [20, 120n * WAD],
      ] as const) {
        await keel().buy(taker, await callOf(keel(), days), quantity);
        await keel().buy(taker, await putOf(keel(), days + 1), quantity / 2n);
        const { bid, mid, ask } = await valueOf(keel());
        expect(bid < mid && mid < ask).to.equal(true);
        const at = (worth: bigint, supply: bigint) => (amount * supply) / (worth + 1n);
        const supply = ((await vault.totalSupply!()) as bigint) + 10n ** 6n;
        expect(await vault.previewDeposit!(amount)).to.equal(at(ask, supply));
        expect(await vault.convertToShares!(amount)).to.equal(at(mid, supply));
        expect((await vault.previewDeposit!(amount)) < (await vault.convertToShares!(amount))).to.equal(true);
        expect((await vault.previewWithdraw!(amount)) > (await vault.convertToShares!(amount))).to.equal(
          true,
        );
      }
      expect(await vault.maxWithdraw!(alice.address)).to.be.greaterThan(0n);
    });
  });

  describe("keeps a gain of a fill from leavers for a day", () => {
    const keel = useKeel((k) => k.deposit(k.alice, 3_000_000n * USDC));
    accountForEveryUnit(keel);
    const locked = async () => lockedIn(keel(), await valueOf(keel()));
    /** A fill of the vault at `permille` of mark. @returns What it made beyond the mark, USDC. */
    const fillAt = async (id: bigint, quantity: bigint, permille: bigint, makerSells = true) => {
      const { book, taker, fund, vault } = keel();
      await fund(taker, 5_000_000n * USDC);
      const premium = ((await keel().mark(id)) * permille) / 1000n;
      const { terms, signature } = await keel().quote(id, quantity, premium, { makerSells });
      await (book.connect(taker) as Contract).fill!(terms, signature, quantity);
      const [log] = await vault.queryFilter(vault.getEvent("OptionTraded"), "latest");
      if (!log || !("args" in log)) throw new Error("no event");
      const paid = log.args.paid as bigint;
      const worth = (log.args.mark as bigint) * quantity;
      return makerSells ? paid - divUp(worth, 10n ** 30n) : worth / 10n ** 30n - paid;
    };

    it("so that a premium above mid leaves the bid where it was", async () => {
      const id = await callOf(keel(), 7);
      const block = await keel().ethers.provider.getBlockNumber();
      const gain = await fillAt(id, 100n * WAD, 3_000n);
      expect(gain).to.be.greaterThan(10_000n * USDC);
      expect(await locked()).to.equal(gain);
      const before = await valueOf(keel(), block);
      const after = await valueOf(keel());
      // But for the width that the option itself brings.
      expect(after.bid + (after.ask - after.mid)).to.be.closeTo(before.bid, 2n);
      expect(after.mid).to.be.closeTo(before.mid + gain, 2n);
    });

    it("unlocking linearly, rounded up, until nothing is left", async () => {
      const gain = await fillAt(await callOf(keel(), 7), 100n * WAD, 2_000n);
      const start = await keel().networkHelpers.time.latest();
      for (const seconds of [1, 3_601, 43_200, 86_399]) {
        await keel().networkHelpers.time.increaseTo(start + seconds);
        expect(await locked()).to.equal(divUp(gain * BigInt(DAY - seconds), BigInt(DAY)));
      }
      await keel().networkHelpers.time.increaseTo(start + DAY);
      expect(await locked()).to.equal(0n);
      await keel().networkHelpers.time.increase(DAY);
      expect(await locked()).to.equal(0n);
    });

    it("two gains at different times each at its pace: together by the mean of their ends", async () => {
      const id = await callOf(keel(), 7);
      const first = await fillAt(id, 50n * WAD, 2_000n);
      const start = await keel().networkHelpers.time.latest();
      await passTime(keel(), DAY / 2);
      await postSurface(keel());
      const second = await fillAt(id, 100n * WAD, 2_000n);
      const now = await keel().networkHelpers.time.latest();
      const rest = divUp(first * BigInt(start + DAY - now), BigInt(DAY));
      expect(await locked()).to.equal(rest + second);
      // All is out by the end of the later, and nothing of the earlier sooner than it would have been alone.
      const mean = (rest * BigInt(start + DAY - now) + second * BigInt(DAY)) / (rest + second);
      await keel().networkHelpers.time.increaseTo(now + Number(mean) - 60);
      expect(await locked()).to.be.greaterThan(0n);
      await keel().networkHelpers.time.increaseTo(now + Number(mean) + 1);
      expect(await locked()).to.equal(0n);
      expect(mean).to.be.lessThan(BigInt(DAY));
    });

    it("a loss eats what is locked first", async () => {
      const id = await callOf(keel(), 7);
      const gain = await fillAt(id, 100n * WAD, 1_200n);
      const loss = -(await fillAt(id, 50n * WAD, 1_015n, false));
      expect(loss).to.be.within(1n, gain);
      const eaten = await locked();
      expect(eaten).to.be.closeTo(gain - loss, gain / 10_000n);
      expect(eaten).to.be.lessThan(gain - loss);
      // What a loss does not leave cannot unlock.
      await fillAt(id, 50n * WAD, 981n, true);
      expect(await locked()).to.be.lessThan(eaten);
    });

    it("a loss beyond it leaves nothing locked, and nothing less than nothing", async () => {
      const id = await callOf(keel(), 7);
      await fillAt(id, 100n * WAD, 1_001n);
      await fillAt(id, 100n * WAD, 1_019n, false);
      expect(await locked()).to.equal(0n);
      const { bid, mid } = await valueOf(keel());
      expect(bid).to.equal(mid);
    });

    it("and whoever entered before a fat fill and leaves after it gains nothing", async () => {
      const { bob, deposit, contracts } = keel();
      const assets = 1_000_000n * USDC;
      await deposit(bob, assets);
      const [shares, price] = await Promise.all([
        keel().vault.balanceOf!(bob.address),
        keel().vault.previewRedeem!(10n ** 12n),
      ]);
      expect(price).to.equal(USDC);
      const gain = await fillAt(await callOf(keel(), 7), 100n * WAD, 3_000n);
      expect(gain).to.be.greaterThan(10_000n * USDC);
      expect(await keel().vault.maxRedeem!(bob.address)).to.equal(shares);
      expect(await redeemAll(keel(), bob)).to.be.lessThanOrEqual(assets);
      expect(await usdcOf(keel(), { address: contracts.Vault })).to.be.greaterThan(2_900_000n * USDC);
    });
  });

  describe("opens entry, exit and the queue", () => {
    const STATES: Record<string, (k: Keel) => Promise<unknown>> = {
      "in order": async () => undefined,
      "shut down": (k) => vaultAs(k, k.admin).shutdown!(),
      "a stale ETH price": (k) => k.networkHelpers.time.increase(3_600 + 700),
      "a stale dollar price": async (k) => {
        await k.networkHelpers.time.increase(DAY + 700);
        await k.mainnet.submitEthUsd(3_000);
        await postSurface(k);
      },
      "no ETH price": (k) => breakFeed(k, 0n),
      "a feed that reverts": async (k) => (await breakFeed(k, 1n)).setReverts!(true),
      "no dollar price": (k) => breakFeed(k, 0n, undefined, MAINNET.usdcUsdFeed),
      "a dollar at 0.97": async (k) => {
        await k.mainnet.submitUsdcUsd(0.97);
        await k.mainnet.submitEthUsd(3_000 * 0.97);
      },
      "a pool 4 % from the feed": (k) => k.mainnet.submitEthUsd(3_120),
      "a pool's last minute 2 % from the feed": async (k) => {
        await movePool(k, 3_060);
        await passTime(k, 70, 3_000);
      },
      "a stale surface": (k) => passTime(k, 3 * 3_600 + 60),
      "an unsettled surface": async (k) => {
        await k.networkHelpers.time.increase(300);
        await (k.volatilityOracle.connect(k.surfacePoster) as Contract).post!(flatSurface(0.71));
      },
    };
    const ALL = [true, true, true];
    const NONE = [false, false, false];
    const OUT = [false, true, true];
    const EXPECTED: Record<string, readonly [cash: boolean[], positions: boolean[], options: boolean[]]> = {
      "in order": [ALL, ALL, ALL],
      "shut down": [OUT, OUT, OUT],
      "a stale ETH price": [OUT, NONE, NONE],
      "a stale dollar price": [OUT, NONE, NONE],
      "no ETH price": [OUT, NONE, NONE],
      "a feed that reverts": [OUT, NONE, NONE],
      "no dollar price": [OUT, NONE, NONE],
      "a dollar at 0.97": [OUT, NONE, NONE],
      "a pool 4 % from the feed": [OUT, NONE, NONE],
      "a pool's last minute 2 % from the feed": [OUT, NONE, NONE],
      "a stale surface": [ALL, ALL, NONE],
      "an unsettled surface": [ALL, ALL, NONE],
    };
    const hedged = async (k: Keel) => {
      await k.deposit(k.alice, 3_000_000n * USDC);
      await k.buy(k.taker, await callOf(k, 7), 50n * WAD);
      await rebalance(k, [{ venue: SPOT, dDelta: -(await driftOf(k)) }]);
    };
    const set = (column: 0 | 1 | 2, keel: () => Keel) => {
      for (const [state, expected] of Object.entries(EXPECTED)) {
        it(`with ${state}: ${expected[column].join(", ")}`, async () => {
          await STATES[state]!(keel());
          expect(flagsOf(await valueOf(keel()))).to.deep.equal(expected[column]);
        });
      }
    };

    describe("of cash alone,", () =>
      set(
        0,
        useKeel((k) => k.deposit(k.alice, 3_000_000n * USDC)),
      ));

    describe("of a position without options,", () => {
      set(
        1,
        useKeel(async (k) => {
          await hedged(k);
          const [id] = await seriesHeld(k);
          await sell(k, k.taker, id!, 50n * WAD);
        }),
      );
    });

    describe("of options,", () => {
      const keel = useKeel(hedged);
      set(2, keel);

      it("with one that has expired: none", async () => {
        const [id] = await seriesHeld(keel());
        await passTime(keel(), expiryOf(id!) - (await keel().networkHelpers.time.latest()) - 10);
        await postSurface(keel());
        expect(flagsOf(await valueOf(keel()))).to.deep.equal(ALL);
        await passTime(keel(), 10);
        expect(flagsOf(await valueOf(keel()))).to.deep.equal(NONE);
      });
    });
  });
});
