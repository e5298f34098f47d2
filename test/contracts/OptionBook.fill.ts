import { expect } from "chai";
import { ZeroAddress } from "ethers";
import type { Contract, Signer } from "ethers";
import { network } from "hardhat";

import { DAY, ONE, USDC, callData, deployBook, errorData } from "./utils/optionBook.ts";
import type { QuoteFields } from "./utils/optionBook.ts";

const connection = await network.create({ network: "localMainnet", chainType: "l1" });
const { ethers, networkHelpers } = connection;
const fixture = () => deployBook(connection);
const load = () => networkHelpers.loadFixture(fixture);

/** A wallet contract of `maker` with USDC, an allowance to the book and the fill hook on. */
async function deployWallet(context: Awaited<ReturnType<typeof load>>, kind = "ContractWallet") {
  const { book, address, usdc, maker, fund } = context;
  const wallet = await ethers.deployContract(kind, [usdc], maker);
  await fund(await wallet.getAddress());
  const run = (target: Contract, method: string, args: readonly unknown[]) =>
    wallet.execute!(target, callData(target, method, args));
  await run(usdc, "approve", [address, 2n ** 256n - 1n]);
  await run(book, "setFillHook", [true]);
  return { wallet, run };
}

describe("OptionBook.fill", () => {
  it("hashes quotes by EIP-712", async () => {
    const { book, quote, hash } = await load();
    expect(await book.hashQuote!(quote)).to.equal(hash(quote));
    const other = { ...quote, makerSells: false, taker: quote.maker, nonce: 2n ** 255n };
    expect(await book.hashQuote!(other)).to.equal(hash(other));
  });

  describe("where the maker sells", () => {
    it("writes the options against the maker's USDC", async () => {
      const { as, book, usdc, address, maker, taker, callId, quote, sign, hash } = await load();
      const paid = 450n * USDC;
      const collateral = 3_000n * USDC;
      const filling = as(taker).fill!(quote, await sign(maker, quote), 3n * ONE);
      await expect(filling).to.changeTokenBalances(
        ethers,
        usdc,
        [maker, taker, address],
        [paid - collateral, -paid, collateral],
      );
      await expect(filling)
        .to.emit(book, "QuoteFilled")
        .withArgs(hash(quote), maker, taker, callId, true, 3n * ONE, paid)
        .and.to.emit(book, "Written")
        .withArgs(maker, callId, taker, 3n * ONE, collateral);
      expect(await book.balanceOf!(taker, callId)).to.equal(3n * ONE);
      expect(await book.shortOf!(maker, callId)).to.equal(3n * ONE);
      expect(await book.filled!(hash(quote))).to.equal(3n * ONE);
    });

    it("delivers what the maker holds before it writes", async () => {
      const { as, book, usdc, address, writer, maker, taker, callId, quote, sign } = await load();
      await as(writer).write!(callId, 2n * ONE, maker);
      const signature = await sign(maker, quote);

      const first = as(taker).fill!(quote, signature, ONE);
      await expect(first).to.changeTokenBalances(
        ethers,
        usdc,
        [maker, taker, address],
        [150n * USDC, -150n * USDC, 0n],
      );
      await expect(first).not.to.emit(book, "Written");
      await as(taker).fill!(quote, signature, 3n * ONE);
      expect(await book.balanceOf!(maker, callId)).to.equal(0n);
      expect(await book.balanceOf!(taker, callId)).to.equal(4n * ONE);
      expect(await book.shortOf!(maker, callId)).to.equal(2n * ONE);
    });

    it("lets the premium pay for the collateral", async () => {
      const { as, usdc, maker, taker, stranger, callId, quote, sign, book } = await load();
      const rich = { ...quote, premium: 1_000n * USDC };
      await (usdc.connect(maker) as Contract).transfer!(stranger, await usdc.balanceOf!(maker));
      await as(taker).fill!(rich, await sign(maker, rich), ONE);
      expect(await book.shortOf!(maker, callId)).to.equal(ONE);
    });

    it("rounds the premium up", async () => {
      const { as, maker, taker, quote, sign } = await load();
      const fill = as(taker).fill!;
      expect(await fill.staticCall(quote, await sign(maker, quote), 1n)).to.equal(1n);
      expect(await fill.staticCall(quote, await sign(maker, quote), ONE)).to.equal(150n * USDC);
    });
  });

  describe("where the maker buys", () => {
    async function buying() {
      const context = await load();
      const quote: QuoteFields = { ...context.quote, makerSells: false };
      return { ...context, quote, signature: await context.sign(context.maker, quote) };
    }

    it("takes the taker's longs", async () => {
      const { as, book, usdc, address, writer, maker, taker, callId, quote, signature, hash } =
        await buying();
      await as(writer).write!(callId, 2n * ONE, taker);
      const filling = as(taker).fill!(quote, signature, 2n * ONE);
      await expect(filling).to.changeTokenBalances(
        ethers,
        usdc,
        [maker, taker, address],
        [-300n * USDC, 300n * USDC, 0n],
      );
      await expect(filling)
        .to.emit(book, "QuoteFilled")
        .withArgs(hash(quote), maker, taker, callId, false, 2n * ONE, 300n * USDC);
      expect(await book.balanceOf!(maker, callId)).to.equal(2n * ONE);
      expect(await book.balanceOf!(taker, callId)).to.equal(0n);
    });

    it("closes the maker's shorts before it takes longs", async () => {
      const { as, book, usdc, address, writer, maker, taker, callId, quote, signature } = await buying();
      await as(maker).write!(callId, 2n * ONE, taker);
      await as(writer).write!(callId, 2n * ONE, taker);

      const first = as(taker).fill!(quote, signature, ONE);
      await expect(first).to.changeTokenBalances(
        ethers,
        usdc,
        [maker, taker, address],
        [850n * USDC, 150n * USDC, -1_000n * USDC],
      );
      await expect(first)
        .to.emit(book, "Closed")
        .withArgs(maker, callId, ONE, 1_000n * USDC);
      await as(taker).fill!(quote, signature, 2n * ONE);
      expect(await book.shortOf!(maker, callId)).to.equal(0n);
      expect(await book.collateralOf!(maker, callId)).to.equal(0n);
      expect(await book.balanceOf!(maker, callId)).to.equal(ONE);
      expect(await book.balanceOf!(taker, callId)).to.equal(ONE);
    });

    it("lets the released collateral pay the premium", async () => {
      const { as, book, usdc, maker, taker, stranger, callId, quote, signature } = await buying();
      await as(maker).write!(callId, ONE, taker);
      await (usdc.connect(maker) as Contract).transfer!(stranger, await usdc.balanceOf!(maker));
      await as(taker).fill!(quote, signature, ONE);
      expect(await book.shortOf!(maker, callId)).to.equal(0n);
      expect(await usdc.balanceOf!(maker)).to.equal(850n * USDC);
    });

    it("needs the taker to hold them", async () => {
      const { as, book, writer, maker, taker, callId, quote, signature } = await buying();
      await as(writer).write!(callId, ONE, taker);
      await expect(as(taker).fill!(quote, signature, ONE + 1n)).to.be.revertedWithCustomError(
        book,
        "ERC1155InsufficientBalance",
      );
      await as(maker).write!(callId, ONE, writer);
      await expect(as(taker).fill!(quote, signature, 2n * ONE)).to.be.revertedWithCustomError(
        book,
        "ERC1155InsufficientBalance",
      );
    });

    it("rounds the premium down", async () => {
      const { as, writer, taker, callId, quote, signature } = await buying();
      await as(writer).write!(callId, ONE, taker);
      expect(await as(taker).fill!.staticCall(quote, signature, 6_666_666_666n)).to.equal(0n);
      expect(await as(taker).fill!.staticCall(quote, signature, 6_666_666_667n)).to.equal(1n);
    });
  });

  describe("limits", () => {
    it("fills in parts up to the quantity, and one quote at a time", async () => {
      const { as, book, maker, taker, quote, sign } = await load();
      const signature = await sign(maker, quote);
      await as(taker).fill!(quote, signature, 4n * ONE);
      await expect(as(taker).fill!(quote, signature, 6n * ONE + 1n))
        .to.be.revertedWithCustomError(book, "QuoteExceeded")
        .withArgs(6n * ONE);
      await as(taker).fill!(quote, signature, 6n * ONE);
      await expect(as(taker).fill!(quote, signature, 1n))
        .to.be.revertedWithCustomError(book, "QuoteExceeded")
        .withArgs(0n);
      // The same nonce, other terms: another quote.
      const other = { ...quote, premium: quote.premium + 1n };
      await as(taker).fill!(other, await sign(maker, other), ONE);
    });

    it("ends with the second of the deadline", async () => {
      const { as, book, maker, taker, quote, sign, expiry } = await load();
      const deadline = expiry - DAY;
      const short = { ...quote, deadline };
      const signature = await sign(maker, short);
      await networkHelpers.time.setNextBlockTimestamp(deadline);
      await as(taker).fill!(short, signature, ONE);
      await networkHelpers.time.setNextBlockTimestamp(deadline + 1n);
      await expect(as(taker).fill!(short, signature, ONE))
        .to.be.revertedWithCustomError(book, "QuoteExpired")
        .withArgs(deadline);
    });

    it("ends at expiry, whatever the deadline", async () => {
      const { as, book, maker, taker, quote, sign, expiry, callId } = await load();
      await networkHelpers.time.setNextBlockTimestamp(expiry);
      await expect(as(taker).fill!(quote, await sign(maker, quote), ONE))
        .to.be.revertedWithCustomError(book, "SeriesExpired")
        .withArgs(callId);
    });

    it("serves the taker it names and never its maker", async () => {
      const { as, book, maker, taker, stranger, quote, sign } = await load();
      const named = { ...quote, taker: await taker.getAddress() };
      const signature = await sign(maker, named);
      await expect(as(stranger).fill!(named, signature, ONE))
        .to.be.revertedWithCustomError(book, "QuoteNotForTaker")
        .withArgs(stranger);
      await as(taker).fill!(named, signature, ONE);
      await expect(as(maker).fill!(quote, await sign(maker, quote), ONE))
        .to.be.revertedWithCustomError(book, "QuoteNotForTaker")
        .withArgs(maker);
    });

    it("ends when its maker cancels the nonce, and by nobody else", async () => {
      const { as, book, maker, taker, quote, sign } = await load();
      const signature = await sign(maker, quote);
      await as(taker).cancel!(quote.nonce);
      await as(maker).cancel!(quote.nonce + 1n);
      await as(taker).fill!(quote, signature, ONE);
      await expect(as(maker).cancel!(quote.nonce))
        .to.emit(book, "NonceCancelled")
        .withArgs(maker, quote.nonce);
      expect(await book.isCancelled!(maker, quote.nonce)).to.equal(true);
      await expect(as(taker).fill!(quote, signature, ONE))
        .to.be.revertedWithCustomError(book, "QuoteCancelled")
        .withArgs(quote.nonce);
    });

    it("refuses no quantity, too much of it, and what is no series", async () => {
      const { as, book, maker, taker, quote, sign } = await load();
      const signature = await sign(maker, quote);
      await expect(as(taker).fill!(quote, signature, 0n)).to.be.revertedWithCustomError(book, "ZeroQuantity");
      await expect(as(taker).fill!(quote, signature, 2n ** 79n)).to.be.revertedWithCustomError(
        book,
        "QuantityTooLarge",
      );
      const stray = { ...quote, seriesId: quote.seriesId | (1n << 200n) };
      await expect(as(taker).fill!(stray, await sign(maker, stray), ONE)).to.be.revertedWithCustomError(
        book,
        "InvalidSeries",
      );
    });

    it("accepts the signed terms only, from the maker only", async () => {
      const { as, book, maker, taker, stranger, putId, quote, sign } = await load();
      const signature = await sign(maker, quote);
      const changes: Partial<QuoteFields>[] = [
        { maker: await stranger.getAddress() },
        { taker: await taker.getAddress() },
        { makerSells: false },
        { seriesId: putId },
        { quantity: quote.quantity + 1n },
        { premium: quote.premium - 1n },
        { nonce: quote.nonce + 1n },
        { deadline: quote.deadline + 1n },
      ];
      for (const change of changes) {
        await expect(
          as(taker).fill!({ ...quote, ...change }, signature, ONE),
          Object.keys(change).join(),
        ).to.be.revertedWithCustomError(book, "InvalidSignature");
      }
      const forged: [QuoteFields, string][] = [
        [quote, await sign(taker, quote)],
        [quote, "0x"],
        [{ ...quote, maker: ZeroAddress }, "0x" + "00".repeat(65)],
      ];
      for (const [fields, bytes] of forged) {
        await expect(as(taker).fill!(fields, bytes, ONE)).to.be.revertedWithCustomError(
          book,
          "InvalidSignature",
        );
      }
    });

    it("does not accept a signature for another book", async () => {
      const { book, usdc, feed, maker, taker, quote, sign } = await load();
      const twin = await ethers.deployContract("OptionBook", [usdc, feed.proxy], taker);
      await expect(twin.fill!(quote, await sign(maker, quote), ONE)).to.be.revertedWithCustomError(
        book,
        "InvalidSignature",
      );
    });
  });

  describe("with a contract as maker", () => {
    it("asks it for the signature by ERC-1271", async () => {
      const context = await load();
      const { as, book, maker, taker, callId, sign } = context;
      const { wallet } = await deployWallet(context);
      const quote = { ...context.quote, maker: await wallet.getAddress() };
      await as(taker).fill!(quote, await sign(maker, quote), ONE);
      expect(await book.shortOf!(wallet, callId)).to.equal(ONE);
      await expect(as(taker).fill!(quote, await sign(taker, quote), ONE)).to.be.revertedWithCustomError(
        book,
        "InvalidSignature",
      );
    });

    for (const makerSells of [true, false]) {
      for (const own of [0n, ONE, 5n * ONE]) {
        it(`tells it what its USDC changed by: ${makerSells ? "sells" : "buys"}, ${own / ONE} of 3 netted`, async () => {
          const context = await load();
          const { as, usdc, writer, maker, taker, callId, sign } = context;
          const { wallet, run } = await deployWallet(context);
          await as(writer).write!(callId, 5n * ONE, taker);
          if (own > 0n && makerSells) await as(writer).write!(callId, own, wallet);
          if (own > 0n && !makerSells) await run(context.book, "write", [callId, own, writer.address]);
          const quote = { ...context.quote, maker: await wallet.getAddress(), makerSells };
          const before = await usdc.balanceOf!(wallet);

          await as(taker).fill!(quote, await sign(maker, quote), 3n * ONE);

          const change = (await usdc.balanceOf!(wallet)) - before;
          const netted = own < 3n * ONE ? own : 3n * ONE;
          const expected = makerSells
            ? 450n * USDC - ((3n * ONE - netted) / ONE) * 1_000n * USDC
            : (netted / ONE) * 1_000n * USDC - 450n * USDC;
          expect(change).to.equal(expected);
          expect(await wallet.calls!()).to.equal(1n);
          expect(await wallet.lastCashDelta!()).to.equal(change);
          expect(await wallet.lastPaid!()).to.equal(450n * USDC);
          expect(await wallet.lastQuantity!()).to.equal(3n * ONE);
          expect(await wallet.cashAtLastCall!()).to.equal(before + change);
        });
      }
    }

    it("calls the hook only while the maker wants it", async () => {
      const context = await load();
      const { as, book, maker, taker, sign } = context;
      const { wallet, run } = await deployWallet(context);
      const quote = { ...context.quote, maker: await wallet.getAddress() };
      await expect(run(book, "setFillHook", [false]))
        .to.emit(book, "FillHookSet")
        .withArgs(wallet, false);
      await as(taker).fill!(quote, await sign(maker, quote), ONE);
      expect(await wallet.calls!()).to.equal(0n);
    });

    it("undoes the fill when the hook refuses", async () => {
      const context = await load();
      const { as, book, maker, taker, sign } = context;
      const { wallet } = await deployWallet(context, "MockHookRefuser");
      const quote = { ...context.quote, maker: await wallet.getAddress() };
      await expect(as(taker).fill!(quote, await sign(maker, quote), ONE)).to.be.revertedWithCustomError(
        book,
        "FillHookRefused",
      );
    });
  });

  it("lets a taker do nothing while it receives its options", async () => {
    const { as, book, usdc, writer, maker, taker, callId, quote, sign, fund } = await load();
    await as(writer).write!(callId, ONE, maker);
    const signature = await sign(maker, quote);
    const deploy = async (attack: string, owner: Signer) => {
      const thief = await ethers.deployContract("MockAttackingHolder", [usdc], owner);
      await fund(await thief.getAddress());
      await thief.execute!(usdc, callData(usdc, "approve", [await book.getAddress(), 2n ** 256n - 1n]));
      await thief.setAttack!(book, attack);
      return thief;
    };
    for (const [method, args] of [
      ["fill", [quote, signature, ONE]],
      ["close", [callId, 1n]],
      ["claim", [callId, quote.maker]],
    ] as const) {
      const thief = await deploy(callData(book, method, args), taker);
      await thief.execute!(book, callData(book, "fill", [quote, signature, 2n * ONE]));
      expect(await thief.attacked!()).to.equal(true);
      expect(await thief.outcome!()).to.equal(errorData(book, "ReentrancyGuardReentrantCall"));
      expect(await book.balanceOf!(thief, callId)).to.equal(2n * ONE);
    }
  });
});
