import { expect } from "chai";
import type { Contract } from "ethers";

import { USDC, WAD } from "./utils/keel.ts";
import { movePool } from "./utils/market.ts";
import { queueOf, redeemAll, requestRedeem, seriesHeld, sharesOf, usdcOf, valueOf } from "./utils/shares.ts";
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
  sell,
  settleBook,
  SHORT,
  SPOT,
  vaultAs,
} from "./utils/vault.ts";

const ETH_USD = 3_000;
const MINUTE = 60;

for (const peg of [0.88, 1.05]) {
  describe(`USDC at ${String(peg)}`, () => {
    const keel = useKeel(async (k) => {
      await k.deposit(k.alice, 2_000_000n * USDC);
      await k.buy(k.taker, await callOf(k, 7), 80n * WAD);
      await k.buy(k.taker, await putOf(k, 14), 40n * WAD);
      await rebalance(k, [{ venue: SPOT, dDelta: -(await driftOf(k)) }]);
      // The attacker is in before anything happens.
      await k.deposit(k.stranger, 500_000n * USDC);
    });
    const refuses = refusalsOf(keel);
    const asAttacker = () => vaultAs(keel(), keel().stranger);
    const process = () => asAttacker().processQueue!();
    /** Lets time pass; both feeds are written, the dollar off its peg. */
    const pass = async (seconds: number, at = peg, usd = ETH_USD) => {
      await keel().networkHelpers.time.increase(seconds);
      await keel().mainnet.submitUsdcUsd(at);
      await keel().mainnet.submitEthUsd(usd);
    };
    /** Feed and pool: the dollar has lost or gained against ETH too. */
    const breakPeg = async () => {
      await keel().mainnet.submitUsdcUsd(peg);
      await movePool(keel(), ETH_USD / peg);
      await pass(31 * MINUTE);
      await postSurface(keel());
    };
    const restorePeg = async () => {
      await movePool(keel(), ETH_USD);
      await pass(31 * MINUTE, 1);
      await postSurface(keel());
    };
    const drift = async () => abs(await driftOf(keel()));

    describe("closes", () => {
      accountForEveryUnit(keel);

      it("entry, instant exit, the queue and every fill, though pool and feeds agree", async () => {
        await requestRedeem(keel(), keel().alice, 1_000n * USDC * 10n ** 6n);
        await breakPeg();
        const reading = (await keel().priceOracle.read!()) as Record<string, unknown>;
        expect([reading.fresh, reading.agreed, reading.open]).to.deep.equal([true, true, false]);
        const { entryOpen, exitOpen, queueOpen } = await valueOf(keel());
        expect([entryOpen, exitOpen, queueOpen]).to.deep.equal([false, false, false]);
        const { vault, alice, stranger, buy, taker, deposit } = keel();
        for (const read of ["maxDeposit", "maxMint", "maxWithdraw", "maxRedeem"]) {
          expect(await vault.getFunction(read)(alice.address), read).to.equal(0n);
        }
        await refuses(deposit(stranger, USDC), "ERC4626ExceededMaxDeposit");
        const out = vaultAs(keel(), alice).redeem!(10n ** 12n, alice.address, alice.address);
        await refuses(out, "ERC4626ExceededMaxRedeem");
        await refuses(process(), "NotOpen");
        const [id] = await seriesHeld(keel());
        await refuses(buy(taker, id!, WAD), "NotOpen");
        await refuses(sell(keel(), taker, id!, WAD), "NotOpen");
      });

      it("and opens again with the peg", async () => {
        await breakPeg();
        await restorePeg();
        const { entryOpen, exitOpen, queueOpen } = await valueOf(keel());
        expect([entryOpen, exitOpen, queueOpen]).to.deep.equal([true, true, true]);
      });
    });

    describe("goes on", () => {
      accountForEveryUnit(keel);

      it("with the keeper's hedges, at what ETH is worth in USDC", async () => {
        await breakPeg();
        await movePool(keel(), 3_150 / peg);
        await pass(2 * MINUTE, peg, 3_150);
        expect(await drift()).to.be.greaterThan(2n * WAD);
        const nav = (await keel().vault.nav!()) as bigint;
        await rebalance(keel(), [{ venue: SPOT, dDelta: -(await driftOf(keel())) }]);
        expect(await drift()).to.be.lessThan(WAD / 10n);
        // The fee and the impact, no gap between the feeds.
        expect(await keel().vault.nav!()).to.be.closeTo(nav, 500n * USDC);
      });

      it("with anybody's, once a breach has stood", async () => {
        await breakPeg();
        await movePool(keel(), 3_300 / peg);
        await pass(2 * MINUTE, peg, 3_300);
        expect(await drift()).to.be.greaterThan(10n * WAD);
        await asAttacker().recordBreach!();
        await pass(16 * MINUTE, peg, 3_300);
        await asAttacker().ripcord!([
          { venue: SPOT, dDelta: -(await driftOf(keel())), limitPrice: 2n ** 200n },
        ]);
        expect(await drift()).to.be.lessThan(WAD / 10n);
      });

      it("with settlement, what holders are paid and claims of what was set aside", async () => {
        const { taker, alice, book, usdc } = keel();
        const request = await requestRedeem(keel(), alice, 50_000n * 10n ** 12n);
        await process();
        await breakPeg();
        await movePool(keel(), 3_200 / peg);
        const [id] = await seriesHeld(keel());
        await pass(expiryOf(id!) - (await keel().networkHelpers.time.latest()) - 100, peg, 3_200);
        await settleBook(keel(), expiryOf(id!), 3_200);
        await keel().mainnet.submitUsdcUsd(peg);
        await asAttacker().settle!(id!);
        const before = (await usdc.balanceOf!(taker.address)) as bigint;
        await (book.connect(taker) as Contract).claim!(id!, taker.address);
        // One USDC for one USD, by contract.
        expect(((await usdc.balanceOf!(taker.address)) as bigint) - before).to.equal(16_000n * USDC);
        const held = await usdcOf(keel(), alice);
        await asAttacker().claim!(request);
        expect((await usdcOf(keel(), alice)) - held).to.be.closeTo(50_000n * USDC, 1_000n * USDC);
      });

      it("with exits, once no option is left and the hedge is unwound", async () => {
        const { alice } = keel();
        const request = await requestRedeem(keel(), alice, await sharesOf(keel(), alice));
        await breakPeg();
        for (const expiry of [...new Set((await seriesHeld(keel())).map(expiryOf))].sort()) {
          await refuses(process(), "NotOpen");
          await pass(expiry - (await keel().networkHelpers.time.latest()) - 100);
          await settleBook(keel(), expiry, ETH_USD);
          await keel().mainnet.submitUsdcUsd(peg);
          for (const id of await seriesHeld(keel()))
            if (expiryOf(id) === expiry) await asAttacker().settle!(id);
        }
        await asAttacker().recordBreach!();
        await pass(16 * MINUTE);
        const dDelta = -(await driftOf(keel()));
        const limitPrice = dDelta > 0n ? 2n ** 200n : 0n;
        await asAttacker().ripcord!([SPOT, SHORT].map((venue) => ({ venue, dDelta, limitPrice })));
        await process();
        expect((await queueOf(keel())).waiting).to.equal(0n);
        await asAttacker().claim!(request);
        expect(await usdcOf(keel(), alice)).to.be.greaterThan(1_900_000n * USDC);
      });
    });

    describe("leaves no profit to who trades around it", () => {
      /** USDC of the attacker and its shares, at the bid: all it could ever have of them now. */
      const worth = async () => {
        const { vault, stranger } = keel();
        const shares = (await vault.previewRedeem!(await sharesOf(keel(), stranger))) as bigint;
        return (await usdcOf(keel(), stranger)) + shares;
      };
      const BROUGHT = 500_000n * USDC;

      it("being in before, and out as soon as it opens", async () => {
        await breakPeg();
        expect(await asAttacker().maxRedeem!(keel().stranger.address)).to.equal(0n);
        await restorePeg();
        expect(await redeemAll(keel(), keel().stranger)).to.be.lessThan(BROUGHT + 2_000n * USDC);
        expect(await worth()).to.be.lessThan(BROUGHT + 2_000n * USDC);
        // What time brought all holders is what it brought the attacker: no more than its part of the gain.
        const { vault, alice } = keel();
        const shares = await sharesOf(keel(), alice);
        expect((await vault.previewRedeem!(shares)) as bigint).to.be.greaterThanOrEqual(
          ((await usdcOf(keel(), keel().stranger)) * shares) / (BROUGHT * 10n ** 6n) - 100n * USDC,
        );
      });

      it("asking before and being processed at once when it opens, or after", async () => {
        const { stranger, alice, vault } = keel();
        const id = await requestRedeem(keel(), stranger, await sharesOf(keel(), stranger));
        await breakPeg();
        await refuses(process(), "NotOpen");
        await restorePeg();
        const before = (await vault.previewRedeem!(await sharesOf(keel(), alice))) as bigint;
        await process();
        const after = (await vault.previewRedeem!(await sharesOf(keel(), alice))) as bigint;
        expect(after).to.be.greaterThanOrEqual(before - 2n * USDC);
        await asAttacker().claim!(id);
        expect(await usdcOf(keel(), stranger)).to.be.lessThan(BROUGHT + 2_000n * USDC);
      });

      it("entering at the moment the feed turns, or the pool: it is closed until both have", async () => {
        // Within the bounds of the peg, where entry may be open.
        const near = peg < 1 ? 0.984 : 1.016;
        const { stranger, deposit } = keel();
        const start = await worth();
        await pass(1, near);
        await refuses(deposit(stranger, 300_000n * USDC), "ERC4626ExceededMaxDeposit");
        expect(await asAttacker().maxRedeem!(stranger.address)).to.equal(0n);
        await pass(1, 1);
        await movePool(keel(), ETH_USD / near);
        await pass(MINUTE + 5, 1);
        await refuses(deposit(stranger, 300_000n * USDC), "ERC4626ExceededMaxDeposit");
        expect(await asAttacker().maxRedeem!(stranger.address)).to.equal(0n);
        // The USDC it brought and kept.
        expect(await worth()).to.be.closeTo(start + 600_000n * USDC, 1_000n * USDC);
      });

      it("sandwiching the keeper's hedge: it pays by the price of the feeds, within its limit", async () => {
        await breakPeg();
        await movePool(keel(), (3_150 / peg) * 1.012);
        await pass(1, peg, 3_150);
        await refuses(
          rebalance(keel(), [{ venue: SPOT, dDelta: -(await driftOf(keel())) }]),
          "DriftNotReduced",
        );
        expect(await drift()).to.be.greaterThan(2n * WAD);
      });
    });
  });
}
