import { expect } from "chai";
import { network } from "hardhat";

import { ChainlinkFeed, roundIdOf } from "./utils/chainlink.ts";
import { DAY, USD, deployBook } from "./utils/optionBook.ts";

const connection = await network.create({ network: "localMainnet", chainType: "l1" });
const { ethers, networkHelpers, provider } = connection;
const { time } = networkHelpers;
const fixture = () => deployBook(connection);
const load = () => networkHelpers.loadFixture(fixture);

/** `usd` with 8 decimals. */
const price = (usd: number) => BigInt(usd) * USD;

const succeeds = async (call: Promise<unknown>): Promise<boolean> =>
  call.then(
    () => true,
    () => false,
  );

describe("OptionBook.settle", () => {
  describe("in one phase", () => {
    it("settles at the first round at or after expiry", async () => {
      const { book, feed, expiry } = await load();
      const before = await feed.submit(1, price(3_100), expiry - 1n);
      const first = await feed.submit(1, price(3_200), expiry + 1n);
      const second = await feed.submit(1, price(3_300), expiry + 60n);

      expect(await book.settlementPrice!(expiry)).to.equal(0n);
      for (const wrong of [before, second, second + 1n, first - (1n << 64n), first + (1n << 64n), 0n]) {
        await expect(book.settle!(expiry, wrong, [])).to.be.revertedWithCustomError(
          book,
          "InvalidRoundProof",
        );
      }
      await expect(book.settle!(expiry, first, []))
        .to.emit(book, "Settled")
        .withArgs(expiry, price(3_200), first);
      expect(await book.settlementPrice!(expiry)).to.equal(price(3_200));
    });

    it("counts a round in the second of expiry as after it", async () => {
      const { book, feed, expiry } = await load();
      const at = await feed.submit(1, price(3_100), expiry);
      const after = await feed.submit(1, price(3_200), expiry + 1n);
      await expect(book.settle!(expiry, after, [])).to.be.revertedWithCustomError(book, "InvalidRoundProof");
      await book.settle!(expiry, at, []);
      expect(await book.settlementPrice!(expiry)).to.equal(price(3_100));
    });

    it("takes the lower id of rounds in the same second", async () => {
      const { book, feed, owner, expiry } = await load();
      await feed.submit(1, price(3_100), expiry - 60n);
      await provider.request({ method: "evm_setAutomine", params: [false] });
      const submit = async (round: bigint, usd: number) => feed.submitTo(1, round, price(usd), owner);
      await submit(3n, 3_200);
      await submit(4n, 3_300);
      await provider.request({ method: "evm_setAutomine", params: [true] });
      await time.setNextBlockTimestamp(expiry);
      await networkHelpers.mine();
      const updatedAt = async (round: bigint) =>
        (await feed.proxy.getRoundData!(roundIdOf(1, round))).updatedAt;
      expect(await updatedAt(3n)).to.equal(expiry);
      expect(await updatedAt(4n)).to.equal(expiry);

      await expect(book.settle!(expiry, roundIdOf(1, 4), [])).to.be.revertedWithCustomError(
        book,
        "InvalidRoundProof",
      );
      await book.settle!(expiry, roundIdOf(1, 3), []);
      expect(await book.settlementPrice!(expiry)).to.equal(price(3_200));
    });

    it("works when the first round of all is the one", async () => {
      const { usdc, owner, expiry } = await load();
      const feed = await ChainlinkFeed.deploy(owner, (at) => time.setNextBlockTimestamp(at));
      const book = await ethers.deployContract("OptionBook", [usdc, feed.proxy]);
      const first = await feed.submit(1, price(3_200), expiry + DAY);
      await book.settle!(expiry, first, []);
      expect(await book.settlementPrice!(expiry)).to.equal(price(3_200));
    });

    it("settles once, and not before expiry", async () => {
      const { book, feed, expiry } = await load();
      await expect(book.settle!(expiry, roundIdOf(1, 1), []))
        .to.be.revertedWithCustomError(book, "NotExpired")
        .withArgs(expiry);
      const first = await feed.submit(1, price(3_200), expiry);
      await book.settle!(expiry, first, []);
      await expect(book.settle!(expiry, first, []))
        .to.be.revertedWithCustomError(book, "AlreadySettled")
        .withArgs(expiry);
      await time.increaseTo(expiry + 3n * DAY);
      await expect(book.settleWithLastRound!(expiry, first, []))
        .to.be.revertedWithCustomError(book, "AlreadySettled")
        .withArgs(expiry);
    });

    it("passes over rounds without a positive answer", async () => {
      const { book, feed, expiry } = await load();
      const zero = await feed.submit(1, 0n, expiry + 1n);
      const negative = await feed.submit(1, -1n, expiry + 2n);
      const good = await feed.submit(1, price(3_200), expiry + 3n);
      const later = await feed.submit(1, price(3_300), expiry + 4n);
      for (const wrong of [zero, negative, later]) {
        await expect(book.settle!(expiry, wrong, [])).to.be.revertedWithCustomError(
          book,
          "InvalidRoundProof",
        );
      }
      await book.settle!(expiry, good, []);
      expect(await book.settlementPrice!(expiry)).to.equal(price(3_200));
    });
  });

  describe("over several phases", () => {
    it("needs every lower phase shown to end before expiry", async () => {
      const { book, feed, expiry } = await load();
      const last1 = await feed.submit(1, price(3_010), expiry - 2n * DAY);
      await feed.addPhase();
      await feed.submit(2, price(3_020), expiry - DAY - 2n);
      const last2 = await feed.submit(2, price(3_030), expiry - DAY);
      await feed.addPhase();
      await feed.submit(3, price(3_040), expiry - 10n);
      const first = await feed.submit(3, price(3_050), expiry + 10n);

      const wrong = [
        [],
        [last1],
        [last2, last1],
        [last1, last2, first],
        [last1 - 1n, last2],
        [last1, last2 - 1n],
        [last1 + 1n, last2],
        [roundIdOf(1, 0), last2],
        [last1, roundIdOf(2, 0)],
        [last1, roundIdOf(2, 2n ** 64n - 1n)],
      ];
      for (const lastRounds of wrong) {
        await expect(book.settle!(expiry, first, lastRounds)).to.be.revertedWithCustomError(
          book,
          "InvalidRoundProof",
        );
      }
      await book.settle!(expiry, first, [last1, last2]);
      expect(await book.settlementPrice!(expiry)).to.equal(price(3_050));
    });

    it("settles in the lower phase when it went on after the proxy moved", async () => {
      const { book, feed, expiry } = await load();
      await feed.addPhase();
      await feed.submit(2, price(3_020), expiry - 10n);
      const inSecond = await feed.submit(2, price(3_030), expiry + 10n);
      const inFirst = await feed.submit(1, price(3_040), expiry + 20n);

      for (const last1 of [roundIdOf(1, 0), roundIdOf(1, 1), inFirst]) {
        await expect(book.settle!(expiry, inSecond, [last1])).to.be.revertedWithCustomError(
          book,
          "InvalidRoundProof",
        );
      }
      await book.settle!(expiry, inFirst, []);
      expect(await book.settlementPrice!(expiry)).to.equal(price(3_040));
    });

    it("takes the first round of a new phase when the old one ended in time", async () => {
      const { book, feed, expiry } = await load();
      const last1 = await feed.submit(1, price(3_010), expiry - 600n);
      await feed.addPhase();
      const first = await feed.submit(2, price(3_020), expiry + 10n);
      await book.settle!(expiry, first, [last1]);
      expect(await book.settlementPrice!(expiry)).to.equal(price(3_020));
    });

    it("passes over a phase without rounds", async () => {
      const { book, feed, expiry } = await load();
      const last1 = await feed.submit(1, price(3_010), expiry - 600n);
      await feed.addPhase();
      await feed.addPhase();
      const first = await feed.submit(3, price(3_020), expiry + 10n);
      await expect(book.settle!(expiry, first, [last1, roundIdOf(2, 1)])).to.be.revertedWithCustomError(
        book,
        "InvalidRoundProof",
      );
      await book.settle!(expiry, first, [last1, roundIdOf(2, 0)]);
      expect(await book.settlementPrice!(expiry)).to.equal(price(3_020));
    });
  });

  describe("where rounds have no data", () => {
    /** A phase whose first round was started by one oracle of two, timed out and never answered. */
    async function withUnansweredRound() {
      const context = await load();
      const { feed, owner, stranger, expiry } = context;
      const at = expiry + 10n;
      const phase = await feed.addPhase({ oracles: [owner, stranger], minSubmissions: 2, timeout: 60 });
      await feed.submitTo(phase, 1n, price(1), owner, at - 3_600n);
      await feed.submitTo(phase, 2n, price(3_200), owner, at - 1n);
      await feed.submitTo(phase, 2n, price(3_200), stranger, at);
      expect((await feed.proxy.getRoundData!(roundIdOf(phase, 2))).updatedAt).to.equal(at);
      expect(await succeeds(feed.proxy.getRoundData!(roundIdOf(phase, 1)))).to.equal(false);
      return { ...context, roundId: roundIdOf(phase, 2) };
    }

    it("settles at the first answered round of a phase", async () => {
      const { book, expiry, roundId } = await withUnansweredRound();
      await book.settle!(expiry, roundId, [roundIdOf(1, 1)]);
      expect(await book.settlementPrice!(expiry)).to.equal(price(3_200));
    });

    it("does not take such a phase for an empty one", async () => {
      const { book, feed, expiry } = await withUnansweredRound();
      await feed.addPhase();
      const later = await feed.submit(3, price(3_300), expiry + 60n);
      await expect(
        book.settle!(expiry, later, [roundIdOf(1, 1), roundIdOf(2, 0)]),
      ).to.be.revertedWithCustomError(book, "InvalidRoundProof");
    });

    for (const answersZeros of [false, true]) {
      it(`looks past a gap of up to 15 rounds, ${answersZeros ? "answered with zeros" : "reverting"}`, async () => {
        const { usdc, expiry } = await load();
        const feed = await ethers.deployContract("MockGappyFeed");
        await feed.setNoData!(answersZeros, false);
        const book = await ethers.deployContract("OptionBook", [usdc, feed]);
        await time.increaseTo(expiry + DAY);
        const set = (round: number, usd: number, at: bigint) =>
          feed.setRound!(roundIdOf(1, round), price(usd), at);
        await set(20, 3_000, expiry - 1n);
        await set(36, 3_100, expiry + 1n);
        await set(53, 3_200, expiry + 2n);
        // From 53 the nearest lower round is 17 below: too far to be shown.
        await expect(book.settle!(expiry, roundIdOf(1, 53), [])).to.be.revertedWithCustomError(
          book,
          "InvalidRoundProof",
        );
        await set(52, 3_300, expiry + 2n);
        // Now the round 16 below is after expiry.
        await expect(book.settle!(expiry, roundIdOf(1, 52), [])).to.be.revertedWithCustomError(
          book,
          "InvalidRoundProof",
        );
        await book.settle!(expiry, roundIdOf(1, 36), []);
        expect(await book.settlementPrice!(expiry)).to.equal(price(3_100));
      });
    }
  });

  describe("a caller that starves it of gas", () => {
    it("cannot make a round look absent", async () => {
      const { usdc, expiry } = await load();
      // The worst feed there could be: a read given a little less than it should have says that there is no data.
      const feed = await ethers.deployContract("MockGappyFeed");
      await feed.setGasNeeded!(290_000n);
      await feed.setPhase!(2);
      await feed.setRound!(roundIdOf(1, 1), price(3_000), expiry - 20n);
      await feed.setRound!(roundIdOf(1, 2), price(3_010), expiry - 10n);
      await feed.setRound!(roundIdOf(2, 1), price(3_100), expiry + 10n);
      await feed.setRound!(roundIdOf(2, 2), price(3_200), expiry + 20n);
      const book = await ethers.deployContract("OptionBook", [usdc, feed]);
      await time.increaseTo(expiry + 3n * DAY);

      const [last1, first] = [roundIdOf(1, 2), roundIdOf(2, 1)];
      const trySettle = (method: string, roundId: bigint, lastRounds: bigint[], gasLimit: bigint) =>
        succeeds(book.getFunction(method).staticCall(expiry, roundId, lastRounds, { gasLimit }));
      const lies = [
        ["settle", roundIdOf(2, 2), [last1]],
        ["settle", first, [roundIdOf(1, 1)]],
        ["settle", first, [roundIdOf(1, 0)]],
        ["settleWithLastRound", last1, []],
      ] as const;
      let settles = 0;
      for (let gasLimit = 300_000n; gasLimit < 480_000n; gasLimit += 499n) {
        for (const [method, roundId, lastRounds] of lies) {
          expect(
            await trySettle(method, roundId, [...lastRounds], gasLimit),
            `${method} with ${gasLimit} gas`,
          ).to.equal(false);
        }
        if (await trySettle("settle", first, [last1], gasLimit)) settles++;
      }
      // The range reaches from too little to enough.
      expect(settles).to.be.within(1, 359);
    });

    it("is told how much gas a read needs", async () => {
      const { book, feed, expiry } = await load();
      const first = await feed.submit(1, price(3_100), expiry);
      await expect(
        book.settle!.staticCall(expiry, first, [], { gasLimit: 300_000n }),
      ).to.be.revertedWithCustomError(book, "InsufficientGas");
    });

    it("settles where an absent round burns all it is given", async () => {
      const { usdc, expiry } = await load();
      const feed = await ethers.deployContract("MockGappyFeed");
      await feed.setNoData!(false, true);
      await feed.setPhase!(2);
      await feed.setRound!(roundIdOf(1, 1), price(3_000), expiry - 1n);
      await feed.setRound!(roundIdOf(2, 1), price(3_100), expiry + 1n);
      const book = await ethers.deployContract("OptionBook", [usdc, feed]);
      await time.increaseTo(expiry + DAY);
      await book.settle!(expiry, roundIdOf(2, 1), [roundIdOf(1, 1)]);
      expect(await book.settlementPrice!(expiry)).to.equal(price(3_100));
    });
  });
});

describe("OptionBook.settleWithLastRound", () => {
  it("waits for three days", async () => {
    const { book, feed, expiry } = await load();
    const last = await feed.submit(1, price(3_100), expiry - 600n);
    const from = expiry + 3n * DAY;
    await expect(book.settleWithLastRound!(expiry, last, [])).to.be.revertedWithCustomError(
      book,
      "NotExpired",
    );
    await time.setNextBlockTimestamp(from - 1n);
    await expect(book.settleWithLastRound!(expiry, last, []))
      .to.be.revertedWithCustomError(book, "FallbackTooEarly")
      .withArgs(from);
    await time.setNextBlockTimestamp(from);
    await expect(book.settleWithLastRound!(expiry, last, []))
      .to.emit(book, "Settled")
      .withArgs(expiry, price(3_100), last);
  });

  it("takes the last round only", async () => {
    const { book, feed, expiry } = await load();
    const last = await feed.submit(1, price(3_100), expiry - 600n);
    await time.increaseTo(expiry + 3n * DAY);
    for (const wrong of [last - 1n, last + 1n, roundIdOf(2, 1), 0n]) {
      await expect(book.settleWithLastRound!(expiry, wrong, [])).to.be.revertedWithCustomError(
        book,
        "InvalidRoundProof",
      );
    }
    await expect(book.settleWithLastRound!(expiry, last, [last])).to.be.revertedWithCustomError(
      book,
      "InvalidRoundProof",
    );
    await book.settleWithLastRound!(expiry, last, []);
  });

  it("gives way to any round at or after expiry, however late", async () => {
    const { book, feed, expiry } = await load();
    const last = await feed.submit(1, price(3_100), expiry - 600n);
    const late = await feed.submit(1, price(3_200), expiry + 4n * DAY);
    for (const wrong of [last, late]) {
      await expect(book.settleWithLastRound!(expiry, wrong, [])).to.be.revertedWithCustomError(
        book,
        "InvalidRoundProof",
      );
    }
    await book.settle!(expiry, late, []);
    expect(await book.settlementPrice!(expiry)).to.equal(price(3_200));
  });

  it("gives way to a round at or after expiry in any phase", async () => {
    for (const latePhase of [1, 2, 3]) {
      const { book, feed, expiry } = await load();
      const last1 = await feed.submit(1, price(3_100), expiry - 900n);
      await feed.addPhase();
      const last2 = await feed.submit(2, price(3_200), expiry - 300n);
      await feed.addPhase();
      const late = await feed.submit(latePhase, price(3_300), expiry + 4n * DAY);
      for (const [roundId, lastRounds] of [
        [last2, [last1]],
        [last1, []],
        [late, [last1, last2]],
        [late, [last1]],
        [late, []],
      ] as const) {
        await expect(book.settleWithLastRound!(expiry, roundId, lastRounds)).to.be.revertedWithCustomError(
          book,
          "InvalidRoundProof",
        );
      }
      await book.settle!(expiry, late, [last1, last2].slice(0, latePhase - 1));
    }
  });

  it("takes the last round of the highest phase that has rounds", async () => {
    const { book, feed, expiry } = await load();
    const last1 = await feed.submit(1, price(3_100), expiry - 900n);
    await feed.addPhase();
    const last2 = await feed.submit(2, price(3_200), expiry - 300n);
    await feed.addPhase();
    await time.increaseTo(expiry + 3n * DAY);
    // Phase 2 has rounds.
    await expect(book.settleWithLastRound!(expiry, last1, [])).to.be.revertedWithCustomError(
      book,
      "InvalidRoundProof",
    );
    await book.settleWithLastRound!(expiry, last2, [last1]);
    expect(await book.settlementPrice!(expiry)).to.equal(price(3_200));
  });
});
