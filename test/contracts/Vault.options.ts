import { expect } from "chai";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import type { Contract } from "ethers";

import { MAINNET } from "../../scripts/localMainnet/addresses.ts";
import { DAY, seriesId, USDC, WAD } from "./utils/keel.ts";
import { movePrice, passTime } from "./utils/market.ts";
import { useKeel } from "./utils/useKeel.ts";
import {
  accountForEveryUnit,
  callOf,
  driftOf,
  freeCash,
  ledgerGap,
  postSurface,
  putOf,
  quantityOf,
  rebalance,
  refusalsOf,
  sell,
  setLimits,
  SPOT,
  vaultAs,
} from "./utils/vault.ts";

const MAGIC = "0x1626ba7e";
const REFUSED = "0xffffffff";

interface FillOptions {
  readonly makerSells?: boolean;
  readonly signer?: HardhatEthersSigner;
}

describe("Vault options", () => {
  const keel = useKeel(async (k) => {
    await k.deposit(k.alice, 2_000_000n * USDC);
    await k.fund(k.taker, 10_000_000n * USDC);
  });
  const refuses = refusalsOf(keel);
  const bookAs = (signer: HardhatEthersSigner) => keel().book.connect(signer) as Contract;
  /** The taker fills a quote of the vault at `permille` of mark. */
  const fillAt = async (permille: bigint, id: bigint, quantity: bigint, options: FillOptions = {}) => {
    const premium = ((await keel().mark(id)) * permille) / 1000n;
    const { terms, signature } = await keel().quote(id, quantity, premium, options);
    return bookAs(keel().taker).fill!(terms, signature, quantity);
  };
  const buyBack = async (id: bigint, quantity: bigint) => fillAt(1000n, id, quantity, { makerSells: false });
  const legs = async () => [...((await keel().vault.legs!()) as bigint[])];

  accountForEveryUnit(keel);

  describe("premiums", () => {
    it("are at most the edge below mark when the vault sells", async () => {
      const id = await callOf(keel(), 7);
      await refuses(fillAt(979n, id, WAD), "QuoteOutsideEdge");
      await fillAt(981n, id, WAD);
      await fillAt(5_000n, id, WAD);
    });

    it("are at most the edge above mark when the vault buys", async () => {
      const id = await callOf(keel(), 7);
      await fillAt(1000n, id, 10n * WAD);
      await refuses(fillAt(1_021n, id, WAD, { makerSells: false }), "QuoteOutsideEdge");
      await fillAt(1_019n, id, WAD, { makerSells: false });
      await fillAt(0n, id, WAD, { makerSells: false });
    });

    it("are held to the last unit of the edge, rounded in the vault's favour", async () => {
      // Certain to pay all of its width, which is its mark. The edges put the bound just above 0.95 and just below 1.05.
      const { taker, engine, networkHelpers } = keel();
      const id = await callOf(keel(), 1, 1_000, 1_001.00000001);
      const value = 1_000_000_010_000_000_000n;
      const surface = (await keel().volatilityOracle.surface!()).toObject(true);
      const now = await networkHelpers.time.latest();
      expect((await engine.value!(id, 3_000n * WAD, now, surface)).price).to.equal(value);
      const fillFor = async (premium: bigint, makerSells: boolean) => {
        const { terms, signature } = await keel().quote(id, WAD, premium, { makerSells });
        return bookAs(taker).fill!(terms, signature, WAD);
      };

      await setLimits(keel(), { quoteEdge: WAD - ((95n * WAD * WAD) / 100n / value + 1n) });
      await refuses(fillFor(950_000n, true), "QuoteOutsideEdge");
      await fillFor(950_001n, true);
      await setLimits(keel(), { quoteEdge: (105n * WAD * WAD) / 100n / value - WAD });
      await refuses(fillFor(1_050_000n, false), "QuoteOutsideEdge");
      await fillFor(1_049_999n, false);
    });

    it("move the net asset value by their distance from mark alone", async () => {
      const id = await putOf(keel(), 7);
      const before = (await keel().vault.nav!()) as bigint;
      const mark = await keel().mark(id);
      await fillAt(1_010n, id, 10n * WAD);
      expect(await keel().vault.nav!()).to.be.closeTo(before + (mark * 10n) / 100n, 20_000n);
    });

    it("are told beside the mark", async () => {
      const { vault, taker } = keel();
      const id = await callOf(keel(), 7);
      const premium = ((await keel().mark(id)) * 1_010n) / 1_000n;
      const { terms, signature } = await keel().quote(id, 3n * WAD, premium);
      await bookAs(taker).fill!(terms, signature, 3n * WAD);
      const [log] = await vault.queryFilter(vault.getEvent("OptionTraded"), "latest");
      if (!log || !("args" in log)) throw new Error("no event");
      expect([...log.args].slice(0, 3)).to.deep.equal([id, -3n * WAD, 3n * premium]);
      expect((log.args.mark as bigint) / 10n ** 12n).to.equal(await keel().mark(id));
    });

    it("of an option worth nothing may be nothing", async () => {
      const id = seriesId({
        isPut: false,
        strike: 100_000,
        cap: 100_001,
        expiry: (await keel().networkHelpers.time.latest()) + DAY,
      });
      expect(await keel().mark(id)).to.equal(0n);
      await fillAt(0n, id, WAD);
    });
  });

  describe("quotes", () => {
    it("are the quoter's to sign, nobody else's", async () => {
      const { stranger, keeper, admin, guardian, alice, book } = keel();
      for (const signer of [stranger, keeper, admin, guardian, alice]) {
        await refuses(fillAt(1000n, await callOf(keel(), 7), WAD, { signer }), "InvalidSignature", book);
      }
    });

    it("end with the quoter's role, at once", async () => {
      const { manager, admin, quoter, book } = keel();
      const id = await callOf(keel(), 7);
      await fillAt(1000n, id, WAD);
      await (manager.connect(admin) as Contract).revokeRole!(2n, quoter.address);
      await refuses(fillAt(1000n, id, WAD), "InvalidSignature", book);
    });

    it("are not for a quoter whose role has a delay", async () => {
      const { manager, admin, stranger, book } = keel();
      await (manager.connect(admin) as Contract).grantRole!(2n, stranger.address, 60);
      const sent = fillAt(1000n, await callOf(keel(), 7), WAD, { signer: stranger });
      await refuses(sent, "InvalidSignature", book);
    });

    it("are answered for to the option book alone", async () => {
      const { vault, quoter, contracts, ethers, stranger } = keel();
      const digest = ethers.id("anything");
      const signature = await signDigest(digest);
      const ask = async (from: string, bytes = signature) =>
        (await (vault.connect(ethers.provider) as Contract).isValidSignature!(digest, bytes, {
          from,
        })) as string;
      expect(await ask(contracts.OptionBook)).to.equal(MAGIC);
      for (const from of [stranger.address, MAINNET.usdc, contracts.Vault, quoter.address]) {
        expect(await ask(from)).to.equal(REFUSED);
      }
      for (const bytes of ["0x", `${signature}00`, `0x${"00".repeat(65)}`]) {
        expect(await ask(contracts.OptionBook, bytes)).to.equal(REFUSED);
      }
    });

    it("can be cancelled by the guardian alone", async () => {
      const { guardian, quoter, keeper, stranger, book, taker, quote } = keel();
      const id = await callOf(keel(), 7);
      const { terms, signature } = await quote(id, WAD, (await keel().mark(id)) + 1n);
      for (const signer of [quoter, keeper, stranger]) {
        await refuses(vaultAs(keel(), signer).cancelQuotes!(terms.nonce), "AccessManagedUnauthorized");
      }
      await vaultAs(keel(), guardian).cancelQuotes!(terms.nonce);
      await refuses(bookAs(taker).fill!(terms, signature, WAD), "QuoteCancelled", book);
    });

    it("reach 35 days and no further", async () => {
      const { time } = keel().networkHelpers;
      const id = await callOf(keel(), 36);
      await refuses(fillAt(1000n, id, WAD), "TenorTooLong");
      const expiry = Number(id & (2n ** 40n - 1n));
      const premium = 2n * (await keel().mark(id));
      const { terms, signature } = await keel().quote(id, WAD, premium);
      await passTime(keel(), DAY - 60);
      await postSurface(keel());
      await time.setNextBlockTimestamp(expiry - 35 * DAY);
      await bookAs(keel().taker).fill!(terms, signature, WAD);
    });

    it("are filled only while prices and surface are fit", async () => {
      const id = await callOf(keel(), 7);
      await fillAt(1000n, id, WAD);
      const both = async () => {
        await refuses(fillAt(1010n, id, WAD), "NotOpen");
        await refuses(buyBack(id, WAD), "NotOpen");
      };
      await keel().mainnet.submitEthUsd(3_200);
      await both();
      await keel().mainnet.submitEthUsd(3_000);
      await passTime(keel(), 3 * 3_600 + 1);
      await both();
    });

    it("are not written while paused, but bought back", async () => {
      const { guardian } = keel();
      const id = await callOf(keel(), 7);
      await fillAt(1000n, id, 2n * WAD);
      await vaultAs(keel(), guardian).pause!();
      await refuses(fillAt(1000n, id, WAD), "EnforcedPause");
      await buyBack(id, WAD);
      expect((await legs()).map(quantityOf)).to.deep.equal([-WAD]);
    });

    it("are told to the vault by the option book alone", async () => {
      const { vault, stranger, quote, taker } = keel();
      const { terms } = await quote(await callOf(keel(), 7), WAD, 0n);
      for (const signer of [stranger, taker]) {
        await refuses(vaultAs(keel(), signer).onQuoteFilled!(terms, WAD, 0n, 0n), "OnlyOptionBook");
      }
      expect(await vault.legs!()).to.deep.equal([]);
    });
  });

  describe("the hedge reserve", () => {
    it("is the cap of every short call, or the margin of every short put, whichever is more", async () => {
      const { vault } = keel();
      await fillAt(1000n, await callOf(keel(), 7), 100n * WAD);
      // 100 calls of 4,000 at 1 % above the oracle.
      expect(await vault.hedgeReserve!()).to.equal(404_000n * USDC);
      await fillAt(1000n, await putOf(keel(), 7), 150n * WAD);
      expect(await vault.hedgeReserve!()).to.equal(404_000n * USDC);
      await fillAt(1000n, await putOf(keel(), 14), 100n * WAD);
      // 250 puts of 3,000 at 1.31 / 0.78 - 1 and 1 %.
      expect(await vault.hedgeReserve!()).to.be.closeTo(517_115_384_615n, 1n);
    });

    it("counts options the vault holds on the other side", async () => {
      const { book, taker, vault } = keel();
      const id = await callOf(keel(), 7);
      await bookAs(taker).write!(id, 5n * WAD, taker.address);
      await sell(keel(), taker, id, 5n * WAD);
      expect((await legs()).map(quantityOf)).to.deep.equal([5n * WAD]);
      // A short of 5 ETH at up to 4,000.
      expect(await vault.hedgeReserve!()).to.be.closeTo(13_789_743_590n, 1n);
      expect(await book.shortOf!(taker.address, id)).to.equal(5n * WAD);
      await fillAt(1000n, await callOf(keel(), 14), WAD);
      expect(await vault.hedgeReserve!()).to.be.closeTo(13_789_743_590n, 1n);
      await fillAt(1000n, await callOf(keel(), 14), 10n * WAD);
      expect(await vault.hedgeReserve!()).to.equal(44_440n * USDC);
    });

    it("lets out no more than the cash, whatever is above it in venues", async () => {
      const { vault, alice } = keel();
      const id = await callOf(keel(), 7);
      await fillAt(1000n, id, 401n * WAD);
      await rebalance(keel(), [{ venue: SPOT, dDelta: -(await driftOf(keel())) }]);
      await buyBack(id, 401n * WAD);
      const cash = (await vault.cash!()) as bigint;
      expect(await freeCash(keel())).to.equal(cash);
      expect(await vault.maxWithdraw!(alice.address)).to.equal(cash);
      const shares = (await vault.maxRedeem!(alice.address)) as bigint;
      await vaultAs(keel(), alice).redeem!(shares, alice.address, alice.address);
      expect(await vault.cash!()).to.be.lessThan(2n);
    });

    it("stops writing that would breach it, calls and puts", async () => {
      // A call takes 1,000 of collateral less its premium, and reserves 4,000 of what is left.
      const call = await callOf(keel(), 7);
      await refuses(fillAt(1000n, call, 450n * WAD), "HedgeReserveBreached");
      await fillAt(1000n, call, 400n * WAD);
      await refuses(fillAt(1000n, call, 50n * WAD), "HedgeReserveBreached");
      const put = await putOf(keel(), 7);
      await refuses(fillAt(1000n, put, 700n * WAD), "HedgeReserveBreached");
    });

    describe("once a hedge has lost into it", () => {
      let id: bigint;

      beforeEach(async () => {
        id = await callOf(keel(), 7);
        await fillAt(1000n, id, 401n * WAD);
        await rebalance(keel(), [{ venue: SPOT, dDelta: -(await driftOf(keel())) }]);
        await movePrice(keel(), 2_700);
        await passTime(keel(), 2_000);
      });

      it("lets nobody out and writes nothing", async () => {
        expect(await freeCash(keel())).to.equal(0n);
        await refuses(fillAt(1010n, id, WAD), "HedgeReserveBreached");
        await refuses(fillAt(1010n, await putOf(keel(), 7), WAD), "HedgeReserveBreached");
      });

      it("buys back what mends it, little by little", async () => {
        const { taker } = keel();
        await buyBack(id, WAD);
        await bookAs(taker).write!(id, WAD, taker.address);
        // Going long costs cash, and what it reserves is on the other side: that does not mend.
        const other = await callOf(keel(), 3, 2_700, 4_000);
        await bookAs(taker).write!(other, WAD, taker.address);
        await refuses(sell(keel(), taker, other, WAD), "HedgeReserveBreached");
        // Nor does what costs nothing and reserves nothing more.
        const cheap = await callOf(keel(), 3, 3_999, 4_000);
        await bookAs(taker).write!(cheap, WAD, taker.address);
        await refuses(sell(keel(), taker, cheap, WAD), "HedgeReserveBreached");
      });
    });
  });

  describe("positions", () => {
    it("go short, back, long and back, the ledgers with them, and never to dust", async () => {
      const { book, vault, contracts, taker } = keel();
      const id = await callOf(keel(), 7);
      const expectHeld = async (quantity: bigint) => {
        expect((await legs()).map(quantityOf)).to.deep.equal(quantity === 0n ? [] : [quantity]);
        expect(await book.shortOf!(contracts.Vault, id)).to.equal(quantity < 0n ? -quantity : 0n);
        expect(await book.balanceOf!(contracts.Vault, id)).to.equal(quantity > 0n ? quantity : 0n);
        expect(await ledgerGap(keel())).to.deep.equal({ cash: 0n, nav: 0n });
      };
      await fillAt(1000n, id, 10n * WAD + 1n);
      await expectHeld(-10n * WAD - 1n);
      await buyBack(id, 3n * WAD + 7n);
      await expectHeld(-7n * WAD + 6n);
      await bookAs(taker).write!(id, 5n * WAD, taker.address);
      await buyBack(id, 9n * WAD);
      await expectHeld(2n * WAD + 6n);
      await fillAt(1000n, id, 2n * WAD + 6n);
      await expectHeld(0n);
      await refuses(fillAt(1000n, id, WAD / 10n - 1n), "PositionTooSmall");
      await fillAt(1000n, id, WAD / 10n);
      await expectHeld(-WAD / 10n);
      await refuses(buyBack(id, 1n), "PositionTooSmall");
      await buyBack(id, WAD / 10n);
      await expectHeld(0n);
      expect(await vault.nav!()).to.equal(await vault.cash!());
    });

    it("are 32 at most, and one closed makes room", async () => {
      const ids: bigint[] = [];
      for (let i = 0; i < 32; i++) {
        const id = await callOf(keel(), 7, 3_000 + 10 * i);
        ids.push(id);
        await fillAt(1000n, id, WAD);
      }
      const next = await putOf(keel(), 7);
      await refuses(fillAt(1000n, next, WAD), "TooManySeries");
      await fillAt(1000n, ids[3]!, WAD);
      await buyBack(ids[7]!, WAD);
      await fillAt(1000n, next, WAD);
      await refuses(fillAt(1000n, ids[7]!, WAD), "TooManySeries");
      expect((await legs()).map(quantityOf))
        .to.include(-2n * WAD)
        .and.to.have.length(32);
      // A book that is full can still be hedged in one transaction.
      const sent = await rebalance(keel(), [{ venue: SPOT, dDelta: -(await driftOf(keel())) }]);
      expect((await sent.wait()).gasUsed).to.be.lessThan(2_500_000n);
    });

    it("fit 80 bits", async () => {
      const { taker, mainnet } = keel();
      const id = seriesId({
        isPut: false,
        strike: 3_000,
        cap: 3_000.00000001,
        expiry: (await keel().networkHelpers.time.latest()) + DAY,
      });
      await mainnet.mintUsdc(taker.address as `0x${string}`, 10n ** 12n);
      await refuses(fillAt(1000n, id, 2n ** 79n), "QuantityTooLarge", keel().book);
    });
  });

  it("widens and narrows with the edge", async () => {
    const id = await callOf(keel(), 7);
    await setLimits(keel(), { quoteEdge: 0n });
    await refuses(fillAt(999n, id, WAD), "QuoteOutsideEdge");
    await setLimits(keel(), { quoteEdge: WAD / 10n });
    await fillAt(901n, id, WAD);
  });

  /** A quoter's signature of a bare digest. */
  async function signDigest(digest: string): Promise<string> {
    const { ethers, manager, admin } = keel();
    const wallet = ethers.Wallet.createRandom();
    await (manager.connect(admin) as Contract).grantRole!(2n, wallet.address, 0);
    return wallet.signingKey.sign(digest).serialized;
  }
});
