import { expect } from "chai";
import type { Contract } from "ethers";

import { DEFAULT_LIMITS } from "../../scripts/deployKeel.ts";
import { USDC, WAD } from "./utils/keel.ts";
import { movePrice } from "./utils/market.ts";
import { useKeel } from "./utils/useKeel.ts";
import { addVenue, callOf, rebalance, refusalsOf, setLimits, SPOT, vaultAs } from "./utils/vault.ts";

const VENUE = 2;

/** A venue that holds what it is told makes drift, time and margin exact. */
describe("Vault.rebalance at its bounds", () => {
  let venue: Contract;
  const keel = useKeel(async (k) => {
    await k.deposit(k.alice, 1_000_000n * USDC);
    venue = await addVenue(k, "MockSettableVenue");
  });
  const refuses = refusalsOf(keel);
  const hold = (delta: bigint) => venue.adjust!(delta, 0n, 0n);
  const due = async () => [...((await keel().vault.needsRebalance!()) as [boolean, bigint])];
  /** A call of no worth, no delta, gamma or vega. */
  const farCall = () => callOf(keel(), 1, 900_000, 900_001);
  const NOTHING = [false, 0n];

  it("is due from the least drift on", async () => {
    const least = DEFAULT_LIMITS.minDrift;
    await hold(least - 1n);
    expect(await due()).to.deep.equal(NOTHING);
    await hold(1n);
    expect(await due()).to.deep.equal([true, 1n]);
    await hold(-2n * least + 1n);
    expect(await due()).to.deep.equal(NOTHING);
    await hold(-1n);
    expect(await due()).to.deep.equal([true, 1n]);
  });

  it("is due from the very second of its age", async () => {
    const { vault, networkHelpers } = keel();
    await hold(1n);
    const last = Number((await vault.lastRebalanceAt!()) as bigint);
    const from = (await networkHelpers.time.latest()) + 600;
    await setLimits(keel(), { maxAge: from - last });
    await networkHelpers.time.increaseTo(from - 1);
    expect(await due()).to.deep.equal(NOTHING);
    await networkHelpers.time.increaseTo(from);
    expect(await due()).to.deep.equal([true, 3n]);
  });

  it("is not due while a margin is at its trigger", async () => {
    await venue.setMargin!(WAD / 2n, WAD / 2n, 0n);
    expect(await due()).to.deep.equal(NOTHING);
    await venue.setMargin!(WAD / 2n - 1n, WAD / 2n, 0n);
    expect(await due()).to.deep.equal([true, 2n]);
  });

  it("may take a margin down to its trigger and no further", async () => {
    await hold(WAD);
    const sell = () => rebalance(keel(), [{ venue: VENUE, dDelta: -WAD / 2n }]);
    await venue.setMargin!(WAD, WAD / 2n, WAD / 2n - 1n);
    await refuses(sell(), "MarginWorsened");
    await venue.setMargin!(WAD, WAD / 2n, WAD / 2n);
    await sell();
  });

  it("rounds its limit prices towards the vault", async () => {
    const { vault, mainnet } = keel();
    await mainnet.submitUsdcUsd(1.0003);
    await movePrice(keel(), 3_001.23456789);
    const [{ price }] = (await vault.status!()) as [{ price: bigint }];
    const slippage = DEFAULT_LIMITS.maxSlippage;
    expect((price * (WAD + slippage)) % WAD).to.not.equal(0n);

    await hold(WAD);
    await rebalance(keel(), [{ venue: VENUE, dDelta: -WAD / 2n }]);
    expect(await venue.lastLimit!()).to.equal((price * (WAD - slippage)) / WAD + 1n);
    await hold(-WAD);
    await rebalance(keel(), [{ venue: VENUE, dDelta: WAD / 4n }]);
    expect(await venue.lastLimit!()).to.equal((price * (WAD + slippage)) / WAD);
  });

  for (const nav of [0n, -1n]) {
    it(`trades at a NAV of ${String(nav)} what costs nothing, without a budget to count it in`, async () => {
      await hold(2n * WAD);
      const sell = () => rebalance(keel(), [{ venue: VENUE, dDelta: -WAD }]);
      await venue.setWorth!(nav - 1_000_000n * USDC, 1n);
      expect(await keel().vault.nav!()).to.equal(nav);
      await refuses(sell(), "LossTooLarge");
      await venue.setWorth!(nav - 1_000_000n * USDC, 0n);
      await sell();
      expect(await venue.delta!()).to.equal(WAD);
    });

    it(`writes no option at a NAV of ${String(nav)}, not even one of no worth`, async () => {
      const write = async () => keel().buy(keel().taker, await farCall(), WAD / 10n) as Promise<unknown>;
      await venue.setWorth!(nav - 1_000_000n * USDC, 0n);
      await refuses(write(), "NotOpen");
      await venue.setWorth!(1n - 1_000_000n * USDC, 0n);
      await refuses(write(), "HedgeReserveBreached");
    });
  }

  it("breaches at the very drift of the ripcord", async () => {
    const { taker, stranger, vault } = keel();
    // An option of no worth and no delta: with one in the book only drift makes a breach.
    await keel().buy(taker, await farCall(), WAD / 10n);
    expect(await keel().vault.drift!()).to.equal(0n);
    await hold(DEFAULT_LIMITS.ripcordDrift - 1n);
    const record = () => vaultAs(keel(), stranger).recordBreach!() as Promise<unknown>;
    await refuses(record(), "NoBreach");
    await hold(1n);
    await record();
    expect(await vault.breachedAt!()).to.not.equal(0n);
  });

  it("lets the ripcord leave another venue's margin as it is, above half its trigger", async () => {
    const { taker, stranger, networkHelpers } = keel();
    await keel().buy(taker, await callOf(keel(), 7), 100n * WAD);
    await venue.setMargin!(WAD / 4n, WAD / 2n, 0n);
    const as = vaultAs(keel(), stranger);
    await as.recordBreach!();
    await networkHelpers.time.increase(15 * 60);
    const dDelta = -((await keel().vault.drift!()) as bigint);
    await as.ripcord!([{ venue: SPOT, dDelta, limitPrice: 2n ** 200n }]);
    expect(await venue.liquidationDistance!()).to.equal(WAD / 4n);
    expect(await keel().spot.delta!()).to.be.greaterThan(40n * WAD);
  });

  it("pays no more of a reward that was lowered since than was paid", async () => {
    const { taker, stranger, usdc, networkHelpers } = keel();
    await keel().buy(taker, await callOf(keel(), 7), 100n * WAD);
    const as = vaultAs(keel(), stranger);
    await as.recordBreach!();
    await networkHelpers.time.increase(45 * 60);
    const half = -((await keel().vault.drift!()) as bigint) / 2n;
    const pull = () => as.ripcord!([{ venue: SPOT, dDelta: half, limitPrice: 2n ** 200n }]);
    await pull();
    const paid = (await usdc.balanceOf!(stranger.address)) as bigint;
    expect(paid).to.be.greaterThan(40n * USDC);
    await setLimits(keel(), { ripcordReward: 10n * USDC });
    await pull();
    expect(await usdc.balanceOf!(stranger.address)).to.equal(paid);
  });
});
