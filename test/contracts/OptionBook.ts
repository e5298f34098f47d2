import { expect } from "chai";
import { ZeroAddress } from "ethers";
import { network } from "hardhat";

import {
  ONE,
  USD,
  USDC,
  callData,
  deployBook,
  errorData,
  payoutOf,
  seriesIdOf,
  toUsdcDown,
  toUsdcUp,
} from "./utils/optionBook.ts";
import { IS_INSTRUMENTED } from "../support/instrumented.ts";

const connection = await network.create({ network: "localMainnet", chainType: "l1" });
const { ethers, networkHelpers } = connection;
const fixture = () => deployBook(connection);
const load = () => networkHelpers.loadFixture(fixture);

/** Prices around every kink of the two series of the fixture, and at odd last digits. */
const PRICES = [
  1n,
  1_999n * USD,
  2_000n * USD,
  2_345n * USD + 67_890_123n,
  2_999n * USD + 99_999_999n,
  3_000n * USD,
  3_000n * USD + 1n,
  3_456n * USD + 78_901_234n,
  4_000n * USD,
  4_000n * USD + 1n,
  10n ** 20n,
];

describe("OptionBook", () => {
  describe("deployment", () => {
    it("refuses a feed without 8 decimals and a token without 6", async () => {
      const { book, usdc, feed } = await load();
      const wrong = await ethers.deployContract("MockGappyFeed");
      await wrong.setDecimals!(18);
      const factory = await ethers.getContractFactory("OptionBook");
      for (const [token, source] of [
        [usdc, wrong],
        [wrong, feed.proxy],
      ] as const) {
        await expect(factory.deploy(token, source))
          .to.be.revertedWithCustomError(book, "InvalidDecimals")
          .withArgs(await wrong.getAddress());
      }
    });

    it("fits the code size limit", async function () {
      if (IS_INSTRUMENTED) this.skip();
      const { address } = await load();
      const code = await ethers.provider.getCode(address);
      expect((code.length - 2) / 2).to.be.below(24_576);
    });
  });

  describe("write", () => {
    it("takes the largest payout and mints the longs", async () => {
      const { as, book, usdc, address, writer, holder, callId, putId } = await load();
      for (const id of [callId, putId]) {
        const quantity = 2n * ONE;
        const collateral = 2_000n * USDC;
        expect(await book.collateralFor!(id, quantity)).to.equal(collateral);
        const writing = as(writer).write!(id, quantity, holder);
        await expect(writing).to.changeTokenBalances(
          ethers,
          usdc,
          [writer, address],
          [-collateral, collateral],
        );
        await expect(writing).to.emit(book, "Written").withArgs(writer, id, holder, quantity, collateral);
        expect(await book.balanceOf!(holder, id)).to.equal(quantity);
        expect(await book.shortOf!(writer, id)).to.equal(quantity);
        expect(await book.collateralOf!(writer, id)).to.equal(collateral);
      }
    });

    it("rounds collateral up on each write", async () => {
      const { as, book, writer, callId } = await load();
      await as(writer).write!(callId, 1n, writer);
      await as(writer).write!(callId, 1n, writer);
      expect(await book.collateralOf!(writer, callId)).to.equal(2n);
      expect(await book.collateralFor!(callId, 2n)).to.equal(1n);
    });

    it("refuses what names no series", async () => {
      const { as, book, writer, call, put, callId } = await load();
      const invalid = [
        callId | (1n << 169n),
        callId | (1n << 255n),
        seriesIdOf({ ...call, cap: call.strike }),
        seriesIdOf({ ...call, cap: call.strike - 1n }),
        seriesIdOf({ ...call, strike: 0n }),
        seriesIdOf({ ...put, cap: put.strike }),
        seriesIdOf({ ...put, cap: put.strike + 1n }),
        0n,
      ];
      for (const id of invalid) {
        await expect(as(writer).write!(id, ONE, writer))
          .to.be.revertedWithCustomError(book, "InvalidSeries")
          .withArgs(id);
        await expect(book.collateralFor!(id, ONE)).to.be.revertedWithCustomError(book, "InvalidSeries");
      }
    });

    it("takes the last second before expiry and not the next", async () => {
      const { as, book, writer, callId, expiry } = await load();
      await networkHelpers.time.setNextBlockTimestamp(expiry - 1n);
      await as(writer).write!(callId, ONE, writer);
      await networkHelpers.time.setNextBlockTimestamp(expiry);
      await expect(as(writer).write!(callId, ONE, writer))
        .to.be.revertedWithCustomError(book, "SeriesExpired")
        .withArgs(callId);
    });

    it("keeps quantities within an int80", async () => {
      const { as, book, usdc, writer, callId, call } = await load();
      const most = 2n ** 79n - 1n;
      await expect(as(writer).write!(callId, 0n, writer)).to.be.revertedWithCustomError(book, "ZeroQuantity");
      await expect(as(writer).write!(callId, most + 1n, writer))
        .to.be.revertedWithCustomError(book, "QuantityTooLarge")
        .withArgs(most + 1n);
      await usdc.mint!(writer, toUsdcUp(most, call.cap - call.strike));
      await as(writer).write!(callId, most, writer);
      expect(await book.shortOf!(writer, callId)).to.equal(most);
      await expect(as(writer).write!(callId, 1n, writer))
        .to.be.revertedWithCustomError(book, "QuantityTooLarge")
        .withArgs(most + 1n);
    });

    it("mints to nobody who cannot or will not hold", async () => {
      const { as, book, usdc, writer, callId } = await load();
      const refuser = await ethers.deployContract("MockTokenRefuser", [usdc]);
      await expect(as(writer).write!(callId, ONE, ZeroAddress)).to.be.revertedWithCustomError(
        book,
        "ERC1155InvalidReceiver",
      );
      await expect(as(writer).write!(callId, ONE, refuser)).to.be.revertedWithCustomError(refuser, "Refused");
      await expect(as(writer).write!(callId, ONE, usdc)).to.be.revertedWithCustomError(
        book,
        "ERC1155InvalidReceiver",
      );
    });

    it("lets a receiver do nothing while it is called", async () => {
      const { as, book, usdc, writer, callId, quote, fund } = await load();
      const attacks: [string, unknown[]][] = [
        ["write", [callId, 1n, quote.maker]],
        ["close", [callId, ONE]],
        ["claim", [callId, quote.maker]],
        ["release", [callId]],
        ["fill", [quote, "0x", 1n]],
      ];
      for (const [method, args] of attacks) {
        const thief = await ethers.deployContract("MockAttackingHolder", [usdc]);
        await fund(await thief.getAddress());
        await thief.setAttack!(book, callData(book, method, args));
        await as(writer).write!(callId, ONE, thief);
        expect(await thief.attacked!()).to.equal(true);
        expect(await thief.succeeded!()).to.equal(false);
        expect(await thief.outcome!()).to.equal(errorData(book, "ReentrancyGuardReentrantCall"));
      }
    });
  });

  describe("close", () => {
    it("burns longs against shorts and returns what the rest does not need", async () => {
      const { as, book, usdc, address, writer, callId } = await load();
      for (let i = 0; i < 3; i++) await as(writer).write!(callId, ONE + 1n, writer);
      expect(await book.collateralOf!(writer, callId)).to.equal(3n * (1_000n * USDC + 1n));

      const closing = as(writer).close!(callId, ONE);
      const left = 2_000n * USDC + 1n;
      const released = 1_000n * USDC + 2n;
      await expect(closing).to.changeTokenBalances(ethers, usdc, [writer, address], [released, -released]);
      await expect(closing).to.emit(book, "Closed").withArgs(writer, callId, ONE, released);
      expect(await book.collateralOf!(writer, callId)).to.equal(left);
      expect(await book.shortOf!(writer, callId)).to.equal(2n * ONE + 3n);
      expect(await book.balanceOf!(writer, callId)).to.equal(2n * ONE + 3n);

      await as(writer).close!(callId, 2n * ONE + 3n);
      expect(await usdc.balanceOf!(address)).to.equal(0n);
    });

    it("needs both the long and the short", async () => {
      const { as, book, writer, holder, callId } = await load();
      await as(writer).write!(callId, ONE, holder);
      await expect(as(holder).close!(callId, ONE)).to.be.revertedWithCustomError(book, "NothingToClose");
      await expect(as(writer).close!(callId, ONE)).to.be.revertedWithCustomError(
        book,
        "ERC1155InsufficientBalance",
      );
      await expect(as(writer).close!(callId, ONE + 1n)).to.be.revertedWithCustomError(book, "NothingToClose");
      await expect(as(writer).close!(callId, 0n)).to.be.revertedWithCustomError(book, "ZeroQuantity");
    });

    it("works after expiry, settled or not", async () => {
      const { as, usdc, address, writer, callId, expiry, settleAt } = await load();
      await as(writer).write!(callId, 2n * ONE, writer);
      await networkHelpers.time.setNextBlockTimestamp(expiry - 1n);
      await networkHelpers.mine();
      await settleAt(3_500n * USD);
      await as(writer).close!(callId, ONE);
      expect(await usdc.balanceOf!(address)).to.equal(1_000n * USDC);
      await as(writer).release!(callId);
      await as(writer).claim!(callId, writer);
      expect(await usdc.balanceOf!(address)).to.equal(0n);
    });
  });

  describe("claim and release", () => {
    for (const price of PRICES) {
      it(`pay to the unit at ${price} / 1e8`, async () => {
        const { as, book, usdc, address, writer, maker, holder, taker, call, put, settleAt } = await load();
        const amounts = [
          { by: writer, to: holder, quantity: 3n * ONE + 333_333_333n },
          { by: maker, to: holder, quantity: 123_456_789_012_345_678n },
          { by: maker, to: taker, quantity: ONE - 1n },
        ];
        for (const { by, to, quantity } of amounts) {
          await as(by).write!(seriesIdOf(call), quantity, to);
          await as(by).write!(seriesIdOf(put), quantity, to);
        }
        await settleAt(price);

        for (const terms of [call, put]) {
          const id = seriesIdOf(terms);
          const payout = payoutOf(terms, price);
          // One writer goes before the holders, one between them.
          for (const { account, claims } of [
            { account: writer, claims: false },
            { account: holder, claims: true },
            { account: maker, claims: false },
            { account: taker, claims: true },
          ]) {
            const held = await book.collateralOf!(account, id);
            const quantity = await (claims ? book.balanceOf! : book.shortOf!)(account, id);
            const expected = claims ? toUsdcDown(quantity, payout) : held - toUsdcUp(quantity, payout);
            const tx = claims ? as(account).claim!(id, account) : as(account).release!(id);
            await expect(tx).to.changeTokenBalances(ethers, usdc, [account, address], [expected, -expected]);
            await expect(tx)
              .to.emit(book, claims ? "Claimed" : "Released")
              .withArgs(account, id, quantity, expected);
          }
          expect(await book.balanceOf!(holder, id)).to.equal(0n);
          expect(await book.shortOf!(maker, id)).to.equal(0n);
          expect(await book.collateralOf!(maker, id)).to.equal(0n);
        }
        // At most a unit for each rounding stays for ever.
        expect(await usdc.balanceOf!(address)).to.be.at.most(8n);
      });
    }

    it("wait for settlement", async () => {
      const { as, book, writer, holder, callId, expiry } = await load();
      await as(writer).write!(callId, ONE, holder);
      await networkHelpers.time.increaseTo(expiry);
      await expect(as(holder).claim!(callId, holder))
        .to.be.revertedWithCustomError(book, "NotSettled")
        .withArgs(expiry);
      await expect(as(writer).release!(callId))
        .to.be.revertedWithCustomError(book, "NotSettled")
        .withArgs(expiry);
    });

    it("pay once", async () => {
      const { as, usdc, address, writer, holder, callId, settleAt } = await load();
      await as(writer).write!(callId, 2n * ONE, holder);
      await settleAt(3_500n * USD);
      for (const again of [false, true]) {
        const paid = again ? 0n : 1_000n * USDC;
        await expect(as(holder).claim!(callId, holder)).to.changeTokenBalance(ethers, usdc, holder, paid);
        await expect(as(writer).release!(callId)).to.changeTokenBalance(ethers, usdc, writer, paid);
      }
      expect(await usdc.balanceOf!(address)).to.equal(0n);
    });

    it("let an operator claim for the holder, to the holder only", async () => {
      const { as, book, usdc, writer, holder, stranger, callId, settleAt } = await load();
      await as(writer).write!(callId, ONE, holder);
      await settleAt(3_500n * USD);
      await expect(as(stranger).claim!(callId, holder))
        .to.be.revertedWithCustomError(book, "NotHolderNorApproved")
        .withArgs(stranger);
      await as(holder).setApprovalForAll!(stranger, true);
      await expect(as(stranger).claim!(callId, holder)).to.changeTokenBalances(
        ethers,
        usdc,
        [holder, stranger],
        [500n * USDC, 0n],
      );
    });

    it("pay the others when one holder cannot receive", async () => {
      const { as, usdc, writer, maker, holder, taker, callId, settleAt } = await load();
      await as(writer).write!(callId, ONE, holder);
      await as(maker).write!(callId, ONE, taker);
      await settleAt(4_000n * USD);
      await usdc.blacklist!(holder);
      await usdc.blacklist!(maker);
      await expect(as(holder).claim!(callId, holder)).to.be.revertedWith(
        "Blacklistable: account is blacklisted",
      );
      await expect(as(maker).release!(callId)).to.be.revertedWith("Blacklistable: account is blacklisted");
      await expect(as(taker).claim!(callId, taker)).to.changeTokenBalance(ethers, usdc, taker, 1_000n * USDC);
      await usdc.unBlacklist!(holder);
      await expect(as(holder).claim!(callId, holder)).to.changeTokenBalance(
        ethers,
        usdc,
        holder,
        1_000n * USDC,
      );
    });
  });
});
