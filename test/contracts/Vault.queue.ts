import { expect } from "chai";

import { DAY, USDC, WAD } from "./utils/keel.ts";
import { movePool, passTime } from "./utils/market.ts";
import {
  depositOfTwo,
  claimExit,
  processQueue,
  queueOf,
  requestRedeem,
  sharesOf,
  usdcOf,
  valueOf,
  VIRTUAL_SHARES,
  SHARE,
} from "./utils/shares.ts";
import { useKeel } from "./utils/useKeel.ts";
import {
  callOf,
  driftOf,
  expiryOf,
  postSurface,
  putOf,
  rebalance,
  refusalsOf,
  settleBook,
  SHORT,
  SPOT,
  vaultAs,
} from "./utils/vault.ts";

describe("Vault queue", () => {
  const keel = useKeel(depositOfTwo);
  const refuses = refusalsOf(keel);
  const asStranger = () => vaultAs(keel(), keel().stranger);
  const process = () => processQueue(keel());
  const claim = (id: bigint, receiver: { readonly address: string }) => claimExit(keel(), id, receiver);
  const set = async (): Promise<bigint> => (await queueOf(keel())).owed;

  describe("requests", () => {
    it("take shares that are the owner's, or that it allowed", async () => {
      const { vault, alice, bob, stranger } = keel();
      const take = (shares: bigint) =>
        asStranger().requestRedeem!(shares, stranger.address, alice.address) as Promise<unknown>;
      await refuses(take(SHARE), "ERC20InsufficientAllowance");
      await vaultAs(keel(), alice).approve!(stranger.address, 3n * SHARE);
      await refuses(take(3n * SHARE + 1n), "ERC20InsufficientAllowance");
      await take(3n * SHARE);
      await refuses(take(1n), "ERC20InsufficientAllowance");
      expect(await vault.allowance!(alice.address, stranger.address)).to.equal(0n);
      const shares = await sharesOf(keel(), bob);
      await refuses(requestRedeem(keel(), bob, shares + 1n), "ERC20InsufficientBalance");
      await refuses(requestRedeem(keel(), bob, 0n), "ZeroShares");
    });

    it("pay another receiver, and name it", async () => {
      const { vault, bob, taker } = keel();
      await expect(vaultAs(keel(), bob).requestRedeem!(SHARE * 1_000n, taker.address, bob.address))
        .to.emit(vault, "RedeemRequested")
        .withArgs(0n, taker.address, bob.address, SHARE * 1_000n);
      await process();
      const before = await usdcOf(keel(), bob);
      expect(await claim(0n, taker)).to.equal(1_000n * USDC);
      expect(await usdcOf(keel(), bob)).to.equal(before);
    });

    it("escrow the shares: neither moved nor redeemed nor taken back", async () => {
      const { vault, bob, contracts } = keel();
      const shares = await sharesOf(keel(), bob);
      await requestRedeem(keel(), bob, shares);
      expect(await sharesOf(keel(), bob)).to.equal(0n);
      expect(await vault.balanceOf!(contracts.Vault)).to.equal(shares);
      expect(await vault.maxRedeem!(bob.address)).to.equal(0n);
      const as = vaultAs(keel(), bob);
      await refuses(as.transfer!(bob.address, 1n), "ERC20InsufficientBalance");
      await refuses(as.transferFrom!(contracts.Vault, bob.address, 1n), "ERC20InsufficientAllowance");
      const again = as.requestRedeem!(shares, bob.address, contracts.Vault);
      await refuses(again, "ERC20InsufficientAllowance");
      const out = as.redeem!(shares, bob.address, contracts.Vault);
      await refuses(out, "ERC20InsufficientAllowance");
      const names = vault.interface.fragments.flatMap((f) => ("name" in f ? [f.name as string] : []));
      expect(names.filter((name) => /cancel/i.test(name))).to.deep.equal(["cancelQuotes"]);
    });

    it("tell who waits since when", async () => {
      const { bob, alice, networkHelpers } = keel();
      expect((await queueOf(keel())).oldestRequestAt).to.equal(0n);
      await requestRedeem(keel(), bob, SHARE);
      const at = BigInt(await networkHelpers.time.latest());
      await networkHelpers.time.increase(1_000);
      await requestRedeem(keel(), alice, 5n * SHARE);
      const { waiting, owed, oldestRequestAt } = await queueOf(keel());
      expect([waiting, owed, oldestRequestAt]).to.deep.equal([6n * SHARE, 0n, at]);
      await passTime(keel(), 100);
      await process();
      expect((await queueOf(keel())).oldestRequestAt).to.equal(0n);
    });
  });

  describe("processing", () => {
    it("is anybody's, at the bid of that time, in one step with the price of the shares kept", async () => {
      const { vault, alice, bob, taker } = keel();
      await keel().buy(taker, await callOf(keel(), 7), 20n * WAD);
      await requestRedeem(keel(), bob, await sharesOf(keel(), bob));
      await passTime(keel(), DAY);
      await postSurface(keel());
      const waiting = (await queueOf(keel())).waiting;
      const { shares, assets } = await process();
      // NAV after it, of the same second, shows what it was before: only the assets set aside have gone.
      const after = await valueOf(keel());
      const supply = ((await vault.totalSupply!()) as bigint) + waiting + VIRTUAL_SHARES;
      expect(shares).to.equal(waiting);
      expect(assets).to.equal((waiting * (after.bid + assets + 1n)) / supply);
      expect(after.ask - after.bid).to.be.greaterThan(0n);
      expect(await vault.balanceOf!(keel().contracts.Vault)).to.equal(0n);
      expect(await set()).to.equal(assets);
      expect(await claim(0n, bob)).to.equal(assets);
      expect(await vault.totalSupply!()).to.equal(await sharesOf(keel(), alice));
    });

    it("reverts when nobody waits, and while the price is not known", async () => {
      const { bob, taker } = keel();
      await refuses(process(), "NothingToProcess");
      await keel().buy(taker, await callOf(keel(), 7), WAD);
      await requestRedeem(keel(), bob, SHARE);
      await keel().networkHelpers.time.increase(3_600 + 700);
      await refuses(process(), "NotOpen");
      await keel().mainnet.submitEthUsd(3_000);
      await postSurface(keel());
      await process();
      await refuses(process(), "NothingToProcess");
    });

    it("releases what free cash affords, in parts of 100 USDC and more", async () => {
      const { vault, alice, bob, taker } = keel();
      // As much as may be written: what is free is little.
      await keel().buy(taker, await callOf(keel(), 7), 230n * WAD);
      const free = (await valueOf(keel())).free;
      expect(free).to.be.within(1_000n * USDC, 100_000n * USDC);
      const first = await requestRedeem(keel(), bob, await sharesOf(keel(), bob));
      const second = await requestRedeem(keel(), alice, await sharesOf(keel(), alice));
      const supply = ((await vault.totalSupply!()) as bigint) + VIRTUAL_SHARES;
      const { shares, assets } = await process();
      expect(assets).to.be.closeTo(free, 100n * USDC);
      // What was free and the bid in that very second: only the assets set aside have gone. Each rounded down.
      const after = await valueOf(keel());
      const bid = after.bid + assets + 1n;
      expect(shares).to.equal(((after.free + assets) * supply) / bid);
      expect(assets).to.equal((shares * bid) / supply);
      expect(await vault.claimable!(first)).to.equal(assets);
      expect(await vault.claimable!(second)).to.equal(0n);
      await refuses(asStranger().claim!(second), "NothingToClaim");
      expect(await claim(first, bob)).to.equal(assets);
      expect((await valueOf(keel())).free).to.be.lessThan(100n * USDC);
      await refuses(process(), "NothingToProcess");
    });

    it("leaves the line as it is while there is nothing behind the shares", async () => {
      const { vault, alice, bob, taker, mainnet } = keel();
      const put = await putOf(keel(), 4);
      await keel().buy(taker, put, 100n * WAD);
      await rebalance(keel(), [{ venue: SHORT, dDelta: -(await driftOf(keel())) }]);
      const id = await requestRedeem(keel(), bob, await sharesOf(keel(), bob));
      await settleBook(keel(), expiryOf(put), 3_000);
      await asStranger().settle!(put);
      await mainnet.submitEthUsd(10_000_000);
      expect(await vault.nav!()).to.be.lessThan(0n);
      expect((await valueOf(keel())).queueOpen).to.equal(true);
      await refuses(process(), "NothingToProcess");
      await mainnet.submitEthUsd(3_000);
      await process();
      expect(await vault.claimable!(id)).to.be.closeTo(200_000n * USDC, 5_000n * USDC);
      expect(await sharesOf(keel(), alice)).to.be.greaterThan(0n);
    });

    it("releases who has waited for more than three days, to the second, while the market disagrees", async () => {
      const { vault, alice, bob, taker, networkHelpers } = keel();
      const call = await callOf(keel(), 1);
      await keel().buy(taker, call, 20n * WAD);
      await rebalance(keel(), [{ venue: SPOT, dDelta: -(await driftOf(keel())) }]);
      await settleBook(keel(), expiryOf(call), 3_000);
      await asStranger().settle!(call);
      const first = await requestRedeem(keel(), bob, 1_000n * SHARE);
      const since = await networkHelpers.time.latest();
      const second = await requestRedeem(keel(), alice, 1_000n * SHARE);
      const at = await networkHelpers.time.latest();
      await passTime(keel(), 3 * DAY - 60);
      await movePool(keel(), 2_800);
      await networkHelpers.time.setNextBlockTimestamp(since + 3 * DAY);
      await refuses(process(), "NotOpen");
      await networkHelpers.time.setNextBlockTimestamp(at + 3 * DAY);
      const { shares } = await process();
      expect(shares).to.equal(1_000n * SHARE);
      expect(await vault.claimable!(first)).to.be.greaterThan(0n);
      expect(await vault.claimable!(second)).to.equal(0n);
      expect(await queueOf(keel())).to.deep.equal([shares, await set(), BigInt(at)]);
      expect((await process()).shares).to.equal(1_000n * SHARE);
    });

    describe("of less than the least a part of the line is released for", () => {
      it("is not held up by dust behind it while the market disagrees", async () => {
        const { vault, alice, bob, taker } = keel();
        const call = await callOf(keel(), 1);
        await keel().buy(taker, call, 20n * WAD);
        await rebalance(keel(), [{ venue: SPOT, dDelta: -(await driftOf(keel())) }]);
        await settleBook(keel(), expiryOf(call), 3_000);
        await asStranger().settle!(call);
        const id = await requestRedeem(keel(), bob, 50n * SHARE);
        await passTime(keel(), 3 * DAY);
        // As often as somebody cares to.
        await requestRedeem(keel(), alice, 1n);
        await movePool(keel(), 2_800);
        expect((await process()).shares).to.equal(50n * SHARE);
        expect(await vault.claimable!(id)).to.be.closeTo(50n * USDC, USDC);
      });

      it("is not held up by who joins behind it while little is free", async () => {
        const { vault, alice, bob, taker } = keel();
        await keel().buy(taker, await callOf(keel(), 7), 230n * WAD);
        // All but 70 USDC go.
        const { free } = await valueOf(keel());
        await vaultAs(keel(), alice).withdraw!(free - 70n * USDC, alice.address, alice.address);
        const id = await requestRedeem(keel(), bob, 50n * SHARE);
        await requestRedeem(keel(), alice, 50n * SHARE);
        await process();
        expect(await vault.claimable!(id)).to.be.closeTo(50n * USDC, USDC);
        // What that left is too little to begin the next.
        await refuses(process(), "NothingToProcess");
      });
    });

    it("is first come, first served", async () => {
      const { vault, alice, bob, taker } = keel();
      await keel().buy(taker, await callOf(keel(), 7), 230n * WAD);
      const ids = [];
      for (let i = 0; i < 6; i++) {
        ids.push(await requestRedeem(keel(), i % 2 === 0 ? alice : bob, 30_000n * SHARE));
      }
      const { shares } = await process();
      expect(shares).to.be.within(30_000n * SHARE, 149_000n * SHARE);
      const whole = Number(shares / (30_000n * SHARE));
      for (const [i, id] of ids.entries()) {
        const paid = (await vault.claimable!(id)) as bigint;
        const expected = i < whole ? 30_000n : i === whole ? (shares / SHARE) % 30_000n : 0n;
        expect(paid, String(i)).to.be.closeTo(expected * USDC, 700n * USDC);
        expect(paid === 0n, String(i)).to.equal(i > whole);
      }
    });

    it("is not held up by 500 requests of dust, nor dearer by them", async function () {
      this.timeout(30_000);
      const { vault, alice, bob } = keel();
      const gasOf = async () => {
        const receipt = await (await asStranger().processQueue!()).wait();
        return (receipt as { gasUsed: bigint }).gasUsed;
      };
      await requestRedeem(keel(), bob, 1_000n * SHARE);
      await process();
      await requestRedeem(keel(), bob, 1_000n * SHARE);
      const alone = await gasOf();
      const as = vaultAs(keel(), bob);
      for (let i = 0; i < 500; i++) {
        await as.requestRedeem!(1n, bob.address, bob.address, { gasLimit: 400_000 });
      }
      const last = await requestRedeem(keel(), alice, 1_000n * SHARE);
      const spammed = await gasOf();
      expect(spammed).to.be.within(alone - 30_000n, alone + 30_000n);
      expect(last).to.equal(502n);
      expect(await vault.claimable!(last)).to.equal(1_000n * USDC);
      expect(await claim(last, alice)).to.equal(1_000n * USDC);
      await refuses(asStranger().claim!(7n), "NothingToClaim");
      expect((await queueOf(keel())).waiting).to.equal(0n);
    });
  });

  describe("who leaves at once", () => {
    it("is not held up by dust that waits: it pays the line first", async () => {
      const { vault, alice, bob, taker } = keel();
      await keel().buy(taker, await callOf(keel(), 7), 20n * WAD);
      const id = await requestRedeem(keel(), bob, 7n);
      const big = await requestRedeem(keel(), bob, 5_000n * SHARE);
      const shares = 1_000n * SHARE;
      expect(await vault.maxRedeem!(alice.address)).to.be.greaterThan(shares);
      await vaultAs(keel(), alice).redeem!(shares, alice.address, alice.address);
      expect((await queueOf(keel())).waiting).to.equal(0n);
      expect(await vault.claimable!(big)).to.be.closeTo(5_000n * USDC, 100n * USDC);
      expect(await vault.claimable!(id)).to.equal(0n);
    });

    it("cannot jump the line: only what is free beyond it goes at once", async () => {
      const { vault, alice, bob, taker } = keel();
      await keel().buy(taker, await callOf(keel(), 7), 215n * WAD);
      const { free } = await valueOf(keel());
      expect(await vault.maxWithdraw!(alice.address)).to.equal(free);
      expect(free).to.be.within(10_000n * USDC, 150_000n * USDC);
      await requestRedeem(keel(), bob, 10_000n * SHARE);
      const { bid } = await valueOf(keel());
      const supply = ((await vault.totalSupply!()) as bigint) + VIRTUAL_SHARES;
      const line = (10_000n * SHARE * (bid + 1n) + supply - 1n) / supply;
      const left = (await valueOf(keel())).free - line;
      expect(await vault.maxWithdraw!(alice.address)).to.equal(left);
      await refuses(
        vaultAs(keel(), alice).withdraw!(left + 10n * USDC, alice.address, alice.address),
        "ERC4626ExceededMaxWithdraw",
      );
      await requestRedeem(keel(), bob, 150_000n * SHARE);
      expect(await vault.maxWithdraw!(alice.address)).to.equal(0n);
      expect(await vault.maxRedeem!(alice.address)).to.equal(0n);
      const out = vaultAs(keel(), alice).redeem!(SHARE, alice.address, alice.address);
      await refuses(out, "ERC4626ExceededMaxRedeem");
    });
  });
});
