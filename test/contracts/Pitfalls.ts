import { expect } from "chai";
import type { Contract } from "ethers";

import { DEFAULT_BUDGETS, DEFAULT_LIMITS } from "../../scripts/deployKeel.ts";
import { MAINNET, MAINNET_AUTHORITIES } from "../../scripts/localMainnet/addresses.ts";
import { IS_INSTRUMENTED } from "../support/instrumented.ts";
import { DAY, seriesId, USDC, WAD } from "./utils/keel.ts";
import { contractAt, drainPool, impersonate, movePool, movePrice, passTime } from "./utils/market.ts";
import { queueOf, redeemAll, requestRedeem, seriesHeld, sharesOf, usdcOf, valueOf } from "./utils/shares.ts";
import { useKeel } from "./utils/useKeel.ts";
import {
  abs,
  addVenue,
  breakFeed,
  callOf,
  driftOf,
  expiryOf,
  postSurface,
  putOf,
  rebalance,
  refusalsOf,
  setBudget,
  setLimits,
  settleBook,
  SHORT,
  SPOT,
  vaultAs,
} from "./utils/vault.ts";

const READS = ["nav", "drift", "totalAssets", "status", "value", "queue", "hedgeReserve", "needsRebalance"];

/** What went wrong elsewhere, in the words in which it was reported; each must not happen here. */
describe("Pitfalls", () => {
  describe("of an empty vault", () => {
    const keel = useKeel();

    it("first depositor inflation", async () => {
      const { alice, bob, deposit, mainnet, contracts, vault, usdc } = keel();
      await deposit(bob, 1n);
      await mainnet.mintUsdc(contracts.Vault, 1_000_000n * USDC);
      await deposit(alice, 1_500_000n * USDC);
      expect(await redeemAll(keel(), alice)).to.be.greaterThanOrEqual(1_500_000n * USDC - 1n);
      expect(await redeemAll(keel(), bob)).to.be.lessThanOrEqual(1n);
      expect(await vault.totalSupply!()).to.equal(0n);
      expect(await usdc.balanceOf!(contracts.Vault)).to.be.greaterThanOrEqual(1_000_000n * USDC);
    });

    it("division by zero at zero supply", async () => {
      const { vault, stranger } = keel();
      expect(await vault.totalSupply!()).to.equal(0n);
      for (const name of READS) await vault.getFunction(name)();
      for (const name of ["Deposit", "Mint", "Withdraw", "Redeem"]) {
        await vault.getFunction(`preview${name}`)(USDC);
        await vault.getFunction(`max${name}`)(stranger.address);
      }
      for (const name of ["convertToShares", "convertToAssets", "claimable"])
        await vault.getFunction(name)(1n);
      await refusalsOf(keel)(vaultAs(keel(), stranger).processQueue!(), "NothingToProcess");
    });

    it("decimals (6/8/18) and bps mixed", async () => {
      const { vault, priceOracle, deposit, alice, mark, buy, taker } = keel();
      const { price, ethUsd } = (await priceOracle.read!()) as { price: bigint; ethUsd: bigint };
      expect([price, ethUsd]).to.deep.equal([3_000n * WAD, 3_000n * WAD]);
      await deposit(alice, 1_000_000n * USDC);
      expect(await sharesOf(keel(), alice)).to.equal(10n ** 18n); // a million, 12 decimals
      // At the money, 7 days, 60 %: 0.4 · σ · √T · S is 99.5 USD.
      const id = await callOf(keel(), 7);
      expect(await mark(id)).to.be.closeTo(99_500_000n, USDC);
      await buy(taker, id, 100n * WAD);
      expect(await vault.nav!()).to.be.closeTo(1_000_000n * USDC + USDC * 100n, USDC * 2n); // 1 % of 100 · 99.5
      expect(await vault.hedgeReserve!()).to.equal(404_000n * USDC);
      await rebalance(keel(), [{ venue: SPOT, dDelta: -(await driftOf(keel())) }]);
      expect(await keel().spot.equity!(price)).to.equal(
        (((await keel().spot.delta!()) as bigint) * 3_000n) / 10n ** 12n,
      );
    });

    it("CDF error 7e-8", async () => {
      const { engine } = keel();
      // d1 = ln(S/K) + 1/2 = -6 in a year at a volatility of 1: N(-6) = 9.865876450377e-10.
      const strike = 665_141_633_044_361_840_000_000n; // 1,000 · e^6.5
      const option = await engine.greeks!(false, 1_000n * WAD, strike, 0n, WAD, 365 * DAY, 1_000n * WAD);
      expect((option as { delta: bigint }).delta).to.be.closeTo(986_587_645n, 10n);
    });
  });

  describe("of a vault at work", () => {
    const keel = useKeel(async (k) => {
      await k.deposit(k.alice, 3_000_000n * USDC);
      await k.buy(k.taker, await callOf(k, 7), 100n * WAD);
    });
    const refuses = refusalsOf(keel);
    const asStranger = () => vaultAs(keel(), keel().stranger);
    const hedge = async () => rebalance(keel(), [{ venue: SPOT, dDelta: -(await driftOf(keel())) }]);
    const drift = async () => abs(await driftOf(keel()));

    it("valuation reverts on an expired or far out-of-the-money leg", async () => {
      const { buy, taker, vault, networkHelpers } = keel();
      await passTime(keel(), 7 * DAY - 3_600);
      await postSurface(keel());
      const expiry = (await networkHelpers.time.latest()) + 3_700;
      // 9 sigma of an hour at 60 % is a sixth.
      await buy(taker, seriesId({ isPut: false, strike: 3_000 * 1.06, cap: 4_000, expiry }), WAD);
      await buy(taker, seriesId({ isPut: true, strike: 1_000, cap: 1, expiry }), WAD);
      for (const name of READS) await vault.getFunction(name)();
      await passTime(keel(), 2 * DAY);
      for (const name of READS) await vault.getFunction(name)();
      await breakFeed(keel(), 1n);
      for (const name of READS) await vault.getFunction(name)();
    });

    it("NAV refresh reverts if any series has expired", async () => {
      const { vault } = keel();
      await passTime(keel(), 7 * DAY + 60);
      const [marks, nav] = (await vault.status!()) as [{ fresh: boolean }, bigint];
      expect(marks.fresh).to.equal(true);
      expect(nav).to.be.closeTo(3_000_000n * USDC, 20_000n * USDC);
    });

    it("assert on price", async () => {
      const { vault, deposit, stranger } = keel();
      await breakFeed(keel(), 0n);
      // Answers where it can, and says why where it cannot.
      expect(await vault.maxDeposit!(stranger.address)).to.equal(0n);
      await refuses(deposit(stranger, USDC), "ERC4626ExceededMaxDeposit");
      await refuses(hedge(), "OracleUnfit");
      await refuses(asStranger().recordBreach!(), "OracleUnfit");
    });

    it("price-deviation default of 100 % = off", async () => {
      expect(DEFAULT_LIMITS.maxSlippage).to.be.within(1n, WAD / 20n);
      expect(DEFAULT_LIMITS.rescueSlippage).to.be.within(DEFAULT_LIMITS.maxSlippage, WAD / 10n);
      expect(DEFAULT_LIMITS.quoteEdge).to.be.within(1n, WAD / 10n);
      for (const { capacity } of Object.values(DEFAULT_BUDGETS)) expect(capacity).to.be.within(1n, 2n * WAD);
      await refuses(setLimits(keel(), { maxSlippage: WAD }), "LimitOutOfRange");
      await refuses(setLimits(keel(), { rescueSlippage: WAD }), "LimitOutOfRange");
      await movePrice(keel(), 3_100);
      expect((await valueOf(keel())).entryOpen).to.equal(false);
    });

    it("deposit or withdraw timed around a mark or a hedge", async () => {
      const { deposit, stranger, alice } = keel();
      const brought = 1_000_000n * USDC;
      const others = async () => (await keel().vault.previewRedeem!(await sharesOf(keel(), alice))) as bigint;
      for (const act of [
        () => hedge(),
        () => keel().mainnet.submitEthUsd(3_014),
        () => keel().mainnet.submitEthUsd(2_986),
        async () => {
          await passTime(keel(), 400);
          await postSurface(keel());
        },
      ]) {
        const had = await usdcOf(keel(), stranger);
        await deposit(stranger, brought);
        const before = await others();
        await act();
        const got = (await redeemAll(keel(), stranger)) - had;
        expect(got).to.be.lessThanOrEqual(brought);
        // And what it left is there for those who stay.
        expect(await others()).to.be.greaterThan(before - 3_000n * USDC);
        await movePrice(keel(), 3_000);
        await passTime(keel(), 31 * 60);
        await postSurface(keel());
      }
    });

    it("a pending order's slot occupied by an outsider so the vault cannot hedge", async () => {
      const { book, taker, contracts, fund } = keel();
      // Neither options sent in, nor dust in every series, nor a nonce of somebody else's making.
      await fund(taker, 100_000n * USDC);
      const id = await putOf(keel(), 9);
      await (book.connect(taker) as Contract).write!(id, WAD, taker.address);
      const send = (book.connect(taker) as Contract).safeTransferFrom!(
        taker.address,
        contracts.Vault,
        id,
        WAD,
        "0x",
      );
      await refuses(send, "UnsolicitedOptions");
      await refuses(keel().buy(taker, id, WAD / 10n - 1n), "PositionTooSmall");
      await asStranger().recordBreach!();
      await keel().deposit(keel().stranger, 10n * USDC);
      await requestRedeem(keel(), keel().stranger, 10n ** 12n);
      await asStranger().processQueue!();
      expect(await keel().vault.rebalanceNonce!()).to.equal(0n);
      await rebalance(keel(), [{ venue: SPOT, dDelta: -(await driftOf(keel())) }], { nonce: 0n });
      expect(await drift()).to.be.lessThan(WAD / 10n);
    });

    it("hedge could be blocked by others", async () => {
      // Who has a request in line, shares and the blacklist against it takes nothing from the hedge.
      const { alice, stranger, deposit } = keel();
      await deposit(stranger, 1_000n * USDC);
      await requestRedeem(keel(), alice, await sharesOf(keel(), alice));
      const owner = await impersonate(keel(), MAINNET_AUTHORITIES.usdcOwner);
      await contractAt(MAINNET.usdc, ["function blacklist(address)"], owner).blacklist!(alice.address);
      await passTime(keel(), 4 * DAY);
      await hedge();
      expect(await drift()).to.be.lessThan(WAD / 10n);
    });

    it("a hedge that reverts when venue liquidity is short instead of filling what it can", async () => {
      await drainPool(keel(), 999n, 1000n);
      const before = await drift();
      await hedge();
      expect(await drift()).to.be.within(before / 4n, before - WAD);
    });

    it("slippage tolerance computed from the manipulated pool itself", async () => {
      await movePool(keel(), 3_600);
      await refuses(hedge(), "DriftNotReduced");
      await movePool(keel(), 3_025);
      await hedge();
      expect(await keel().mainnet.poolPrice()).to.be.lessThan(3_030);
    });

    it("swaps with min-out 0", async () => {
      // The keeper gives no limit of its own: the vault has one.
      await movePool(keel(), 3_020);
      await drainPool(keel(), 9_999n, 10_000n);
      await rebalance(keel(), [{ venue: SPOT, dDelta: 2n ** 200n, limitPrice: 2n ** 256n - 1n }]);
      expect(await keel().mainnet.poolPrice()).to.be.lessThan(3_030);
    });

    it("NAV from the spot tick", async () => {
      await hedge();
      const before = await valueOf(keel());
      await movePool(keel(), 4_000);
      const after = await valueOf(keel());
      expect(after.mid).to.be.closeTo(before.mid, USDC);
      expect(after.bid).to.be.closeTo(before.bid, 10n * USDC);
    });

    it("per-call limits passed again and again", async () => {
      await setBudget(keel(), "turnover", WAD / 20n);
      const leg = { venue: SPOT, dDelta: 6n * WAD };
      let calls = 0;
      for (; calls < 20; calls++) {
        const done = await rebalance(keel(), [leg]).then(
          () => true,
          () => false,
        );
        if (!done) break;
      }
      // 5 % of three million are 50 ETH.
      expect(calls).to.equal(9);
      expect(await keel().spot.delta!()).to.be.closeTo(50n * WAD, WAD / 10n);
      await refuses(rebalance(keel(), [leg]), "DriftNotReduced");
    });

    it("they count percent per trade, not notional", async () => {
      const used = async () => ((await keel().vault.budget!(0)) as { used: bigint }).used;
      await rebalance(keel(), [{ venue: SPOT, dDelta: 2n * WAD }]);
      const small = await used();
      await rebalance(keel(), [{ venue: SPOT, dDelta: 40n * WAD }]);
      expect((await used()) - small).to.be.greaterThan(15n * small);
    });

    it("no check that drift falls", async () => {
      await refuses(rebalance(keel(), []), "DriftNotReduced");
      await refuses(rebalance(keel(), [{ venue: SHORT, dDelta: -10n * WAD }]), "DriftNotReduced");
    });

    it("operator chooses quantity and moves the next trigger's anchor", async () => {
      await asStranger().recordBreach!();
      const at = await keel().vault.breachedAt!();
      await rebalance(keel(), [{ venue: SPOT, dDelta: WAD / 10n }]);
      // A trade of dust leaves it due, and the breach on record as old as it is.
      expect(await keel().vault.needsRebalance!()).to.deep.equal([true, 1n]);
      expect(await keel().vault.breachedAt!()).to.equal(at);
    });

    it("a stolen bot key can cause severe economic loss", async () => {
      const nav = (await keel().vault.nav!()) as bigint;
      // Whatever is done in a day with the pool at the worst price the vault takes, back and forth.
      for (let i = 0; i < 40; i++) {
        const usd = i % 2 === 0 ? 3_028 : 2_972;
        await movePool(keel(), usd);
        const limit = i % 2 === 0 ? 2n ** 255n - 1n : -(2n ** 255n);
        await rebalance(keel(), [{ venue: SPOT, dDelta: limit }]).catch(() => undefined);
        await setLimits(keel(), { minDrift: 10n ** 15n });
      }
      const lost = nav - ((await keel().vault.nav!()) as bigint);
      const { loss, rescueLoss } = DEFAULT_BUDGETS;
      expect(lost).to.be.greaterThan(100n * USDC);
      expect(lost * WAD).to.be.lessThan(nav * (loss.capacity + rescueLoss.capacity));
    });

    it("needed emergency contracts when its lender failed", async () => {
      const { alice, vault } = keel();
      await keel().buy(keel().taker, await putOf(keel(), 7), 250n * WAD);
      const executor = await impersonate(keel(), MAINNET_AUTHORITIES.aaveExecutor);
      const abi = ["function setPoolPause(bool)"];
      await contractAt(MAINNET.aavePoolConfigurator, abi, executor).setPoolPause!(true);
      const dDelta = -(await driftOf(keel()));
      const third = await addVenue(keel(), "MockVenue");
      await rebalance(keel(), [
        { venue: SHORT, dDelta },
        { venue: 2, dDelta },
      ]);
      expect(await third.delta!()).to.not.equal(0n);
      const most = (((await vault.maxRedeem!(alice.address)) as bigint) * 99n) / 100n;
      expect(most).to.be.greaterThan(0n);
      await vaultAs(keel(), alice).redeem!(most, alice.address, alice.address);
    });

    it("withdrawals that depend on the keeper being alive", async () => {
      const { manager, admin, keeper, quoter, surfacePoster, alice, vault } = keel();
      for (const [role, { address }] of [
        [1n, keeper],
        [2n, quoter],
        [4n, surfacePoster],
      ] as const) {
        await (manager.connect(admin) as Contract).revokeRole!(role, address);
      }
      const request = await requestRedeem(keel(), alice, await sharesOf(keel(), alice));
      const [id] = await seriesHeld(keel());
      await settleBook(keel(), expiryOf(id!), 3_100);
      await asStranger().settle!(id!);
      await asStranger().processQueue!();
      await asStranger().claim!(request);
      expect(await usdcOf(keel(), alice)).to.be.closeTo(3_000_000n * USDC, 10_000n * USDC);
      expect(await vault.totalSupply!()).to.equal(0n);
    });

    it("a queue spammed with dust", async () => {
      const { alice, stranger, deposit } = keel();
      await deposit(stranger, USDC);
      for (let i = 0; i < 30; i++) await requestRedeem(keel(), stranger, 1n);
      const id = await requestRedeem(keel(), alice, 10n ** 15n);
      const [shares] = (await asStranger().processQueue!.staticCall()) as [bigint];
      expect(shares).to.equal(10n ** 15n + 30n);
      await asStranger().processQueue!();
      await asStranger().claim!(id);
      expect((await queueOf(keel())).owed).to.be.lessThan(2n);
    });

    it("max/min of two-sided NAV inverted", async () => {
      const { bid, mid, ask } = await valueOf(keel());
      expect(bid < mid && mid < ask).to.equal(true);
      const { vault } = keel();
      const [enter, leave] = [await vault.previewMint!(10n ** 15n), await vault.previewRedeem!(10n ** 15n)];
      expect(enter).to.be.greaterThan(leave);
    });

    for (const [name, answer, age] of [
      ["zero", 0n, 0],
      ["negative", -3_000n * 10n ** 8n, 0],
      ["stale", 3_000n * 10n ** 8n, 3_600 + 601],
    ] as const) {
      it(`zero, negative or stale price accepted: ${name}`, async () => {
        const now = await keel().networkHelpers.time.latest();
        await breakFeed(keel(), answer, now - age);
        const { entryOpen, exitOpen, queueOpen } = await valueOf(keel());
        expect([entryOpen, exitOpen, queueOpen]).to.deep.equal([false, false, false]);
        await refuses(hedge(), "OracleUnfit");
        await refuses(keel().buy(keel().taker, await callOf(keel(), 9), WAD), "NotOpen");
      });
    }

    it("the rebalance front-run by a withdrawal so it reverts", async () => {
      const { alice, vault } = keel();
      const dDelta = -(await driftOf(keel()));
      const nonce = (await vault.rebalanceNonce!()) as bigint;
      const most = (((await vault.maxRedeem!(alice.address)) as bigint) * 99n) / 100n;
      await vaultAs(keel(), alice).redeem!(most, alice.address, alice.address);
      await rebalance(keel(), [{ venue: SPOT, dDelta }], { nonce });
      expect(await drift()).to.be.lessThan(WAD / 5n);
    });

    it("17 M gas for 16 options, too dear for L1", async function () {
      if (IS_INSTRUMENTED) this.skip();
      for (let i = 1; i < 16; i++)
        await keel().buy(keel().taker, await callOf(keel(), 7, 3_000 + 20 * i), WAD);
      const receipt = (await (await hedge()).wait()) as { gasUsed: bigint };
      expect(receipt.gasUsed).to.be.lessThan(900_000n);
    });
  });
});
