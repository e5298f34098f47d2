import { expect } from "chai";

import { USDC, WAD } from "./utils/keel.ts";
import { drainPool, movePool, movePrice, passTime } from "./utils/market.ts";
import { seriesHeld, usdcOf } from "./utils/shares.ts";
import { useKeel } from "./utils/useKeel.ts";
import {
  abs,
  accountForEveryUnit,
  callOf,
  driftOf,
  expiryOf,
  postSurface,
  putOf,
  rebalance,
  refusalsOf,
  setBudget,
  settleBook,
  SHORT,
  SPOT,
  vaultAs,
  type Leg,
} from "./utils/vault.ts";

const MINUTE = 60;
const REWARD = 100n * USDC;

describe("Vault ripcord of a margin", () => {
  const keel = useKeel(async (k) => {
    await k.deposit(k.alice, 2_000_000n * USDC);
    await k.buy(k.taker, await putOf(k, 7), 100n * WAD);
    await rebalance(k, [{ venue: SHORT, dDelta: -(await driftOf(k)) }]);
  });
  accountForEveryUnit(keel);
  const refuses = refusalsOf(keel);
  const asStranger = () => vaultAs(keel(), keel().stranger);
  const pull = (...legs: readonly Leg[]) =>
    asStranger().ripcord!(legs.map((leg) => ({ limitPrice: leg.dDelta > 0n ? 2n ** 200n : 0n, ...leg })));
  const distance = async () => (await keel().short.liquidationDistance!()) as bigint;
  /** ETH has risen so that a half of the margin the venue wants is gone. */
  const rise = () => movePrice(keel(), 4_250);
  const topUp = { venue: SHORT, dDelta: 0n };
  const repay = (eth: bigint) => ({ venue: SHORT, dDelta: eth });

  it("needs neither record nor wait within half the trigger of liquidation, but before it is the keeper's", async () => {
    await movePrice(keel(), 3_900);
    const trigger = (await keel().short.marginTrigger!()) as bigint;
    expect(await distance()).to.be.within(trigger / 2n, trigger);
    // Drift is a breach of its own, which waits.
    await refuses(pull(topUp), "BreachNotDue");
    await rise();
    expect(await distance()).to.be.lessThan(trigger / 2n);
    await pull(topUp);
    expect(await distance()).to.be.closeTo((6n * WAD) / 10n, WAD / 10n ** 6n);
  });

  it("must mend it", async () => {
    await rise();
    await refuses(pull(), "MarginWorsened");
    await refuses(pull({ venue: SPOT, dDelta: WAD }), "MarginWorsened");
  });

  it("opens nothing", async () => {
    await rise();
    const [spot, short] = [await keel().spot.delta!(), await keel().short.delta!()];
    await pull(repay(-WAD), topUp, { venue: SPOT, dDelta: 5n * WAD }, repay(-(2n ** 255n)));
    expect(await keel().spot.delta!()).to.equal(spot);
    expect(await keel().short.delta!()).to.be.closeTo(short, WAD / 10n ** 6n);
  });

  it("repays without cash, bringing |drift| no further than the breach from zero", async () => {
    await rise();
    // What is left of the short fits puts written since: there is no drift, and not enough margin.
    await passTime(keel(), 31 * MINUTE);
    await postSurface(keel());
    await keel().buy(keel().taker, await putOf(keel(), 5, 4_300, 3_300), 95n * WAD);
    const before = await driftOf(keel());
    expect(abs(before)).to.be.lessThan(10n * WAD);
    await pull(repay(1_000n * WAD));
    expect(await driftOf(keel())).to.be.closeTo(10n * WAD, WAD / 1000n);
    expect(await distance()).to.be.greaterThan(0n);
  });

  it("may bring drift nearer, where that is what is out", async () => {
    await rise();
    const before = abs(await driftOf(keel()));
    expect(before).to.be.greaterThan(20n * WAD);
    await pull(repay(15n * WAD));
    expect(abs(await driftOf(keel()))).to.be.closeTo(before - 15n * WAD, WAD / 1000n);
  });

  it("pays by the time on record, when it leaves no margin low", async () => {
    await rise();
    await keel().vault.nav!();
    await asStranger().recordBreach!();
    const at = await keel().networkHelpers.time.latest();
    await keel().networkHelpers.time.setNextBlockTimestamp(at + 10 * MINUTE);
    const before = await usdcOf(keel(), keel().stranger);
    await pull(topUp);
    expect((await usdcOf(keel(), keel().stranger)) - before).to.equal(REWARD / 3n);
    // The drift that is left stays on record. What it pays later is less by what was paid.
    expect(await keel().vault.breachedAt!()).to.equal(BigInt(at));
    await keel().networkHelpers.time.setNextBlockTimestamp(at + 50 * MINUTE);
    await pull(repay(2n ** 200n));
    expect((await usdcOf(keel(), keel().stranger)) - before).to.equal(REWARD);
  });

  it("pays nothing without a record, nor for less than an end of it", async () => {
    await rise();
    const before = await usdcOf(keel(), keel().stranger);
    await asStranger().recordBreach!();
    await passTime(keel(), 20 * MINUTE);
    await drainPool(keel(), 999n, 1000n);
    await pull(repay(WAD / 100n));
    expect(await usdcOf(keel(), keel().stranger)).to.equal(before);
  });
});

describe("Vault ripcord of what is left", () => {
  const keel = useKeel((k) => k.deposit(k.alice, 2_000_000n * USDC));
  accountForEveryUnit(keel);
  const refuses = refusalsOf(keel);
  const asStranger = () => vaultAs(keel(), keel().stranger);
  const closeAll = (dDelta: bigint) =>
    asStranger().ripcord!(
      [SPOT, SHORT].map((venue) => ({ venue, dDelta, limitPrice: dDelta > 0n ? 2n ** 200n : 0n })),
    );

  for (const [name, venue] of [
    ["ETH", SPOT],
    ["a short", SHORT],
  ] as const) {
    it(`closes any position once no option is left: ${name}`, async () => {
      const { taker, buy } = keel();
      await buy(taker, venue === SPOT ? await callOf(keel(), 7) : await putOf(keel(), 7), 8n * WAD);
      await rebalance(keel(), [{ venue, dDelta: -(await driftOf(keel())) }]);
      const [id] = await seriesHeld(keel());
      await passTime(keel(), 6 * 86_400);
      await refuses(asStranger().recordBreach!(), "NoBreach");
      await settleBook(keel(), expiryOf(id!), 3_000);
      await asStranger().settle!(id!);
      const drift = await driftOf(keel());
      expect(abs(drift)).to.be.within(2n * WAD, 9n * WAD);
      await asStranger().recordBreach!();
      await passTime(keel(), 46 * MINUTE);
      const before = await usdcOf(keel(), keel().stranger);
      await closeAll(-2n * drift);
      expect(await driftOf(keel())).to.equal(0n);
      // Less than a breach is paid as the part of one that it is.
      const paid = (await usdcOf(keel(), keel().stranger)) - before;
      expect(paid).to.be.closeTo((REWARD * abs(drift)) / (10n * WAD), USDC / 100n);
      await refuses(asStranger().recordBreach!(), "NoBreach");
    });
  }

  it("whatever part of what there is that makes: turnover does not stop it, loss does", async () => {
    const { taker, buy, vault } = keel();
    await buy(taker, await callOf(keel(), 7, 2_000, 3_500), 450n * WAD);
    await rebalance(keel(), [{ venue: SPOT, dDelta: -(await driftOf(keel())) }]);
    const [id] = await seriesHeld(keel());
    await settleBook(keel(), expiryOf(id!), 3_000);
    await asStranger().settle!(id!);
    await postSurface(keel());
    // Whoever can leave leaves, so that what is left lies in the venue.
    const { alice } = keel();
    await vaultAs(keel(), alice).redeem!(await vault.maxRedeem!(alice.address), alice.address, alice.address);
    const drift = await driftOf(keel());
    expect(drift * 3_000n).to.be.greaterThan((((await vault.nav!()) as bigint) * 10n ** 12n * 9n) / 10n);
    await asStranger().recordBreach!();
    await passTime(keel(), 16 * MINUTE);
    await movePool(keel(), 2_990);
    await setBudget(keel(), "rescueTurnover", 0n);
    await setBudget(keel(), "rescueLoss", WAD / 10_000n);
    await refuses(closeAll(-drift), "BudgetExceeded");
    await setBudget(keel(), "rescueLoss", WAD / 100n);
    await closeAll(-drift);
    expect(await driftOf(keel())).to.equal(0n);
  });
});
