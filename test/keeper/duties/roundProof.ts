import { expect } from "chai";
import { network } from "hardhat";

import { createChainClient } from "../../../keeper/chain/client.ts";
import { FeedReader } from "../../../keeper/duties/feedReader.ts";
import { findSettlingRound } from "../../../keeper/duties/settlingRound.ts";
import { roundIdOf } from "../../contracts/utils/chainlink.ts";
import { DAY, USD, deployBook } from "../../contracts/utils/optionBook.ts";

const connection = await network.create({ network: "localMainnet", chainType: "l1" });
const { ethers, networkHelpers, provider } = connection;
const { time } = networkHelpers;
const fixture = () => deployBook(connection);
const price = (usd: number) => BigInt(usd) * USD;

describe("the round that the keeper finds", () => {
  type Context = Awaited<ReturnType<typeof fixture>>;

  async function find(feed: string, expiry: bigint, hints = new Map<number, bigint>()) {
    const client = createChainClient({ provider: provider as never });
    const { number, timestamp } = await client.getBlock();
    const reader = new FeedReader(client, feed as `0x${string}`, number, hints);
    return findSettlingRound(reader, expiry, timestamp >= expiry + 3n * DAY);
  }
  /** Settles with what is found. @returns The price, USD with 8 decimals. */
  async function settle(book: Context["book"], feed: { getAddress(): Promise<string> }, expiry: bigint) {
    const found = await find(await feed.getAddress(), expiry);
    if (found === null) return null;
    const method = found.kind === "first" ? "settle" : "settleWithLastRound";
    await book.getFunction(method)(expiry, found.roundId, found.lastRounds);
    return book.settlementPrice!(expiry) as Promise<bigint>;
  }
  const load = () => networkHelpers.loadFixture(fixture);

  it("is in the lowest phase, when that went on after the proxy moved", async () => {
    const { book, feed, expiry } = await load();
    await feed.addPhase();
    await feed.submit(2, price(3_020), expiry - 10n);
    await feed.submit(2, price(3_030), expiry + 10n);
    await feed.submit(1, price(3_040), expiry + 20n);
    expect(await settle(book, feed.proxy, expiry)).to.equal(price(3_040));
  });

  it("is proved past several phases, one without rounds, and past an answer of nothing", async () => {
    const { book, feed, expiry } = await load();
    await feed.submit(1, price(3_010), expiry - 600n);
    await feed.addPhase();
    await feed.addPhase();
    await feed.submit(3, price(3_020), expiry - 300n);
    await feed.addPhase();
    await feed.submit(4, 0n, expiry);
    await feed.submit(4, price(3_040), expiry + 10n);
    await feed.submit(4, price(3_050), expiry + 20n);
    expect(await settle(book, feed.proxy, expiry)).to.equal(price(3_040));
  });

  it("is none before there is one, and after three days the last of the highest phase with any", async () => {
    const { book, feed, expiry } = await load();
    await feed.submit(1, price(3_010), expiry - 600n);
    await feed.addPhase();
    await feed.submit(2, price(3_020), expiry - 300n);
    await feed.addPhase();
    await time.increaseTo(expiry + 3n * DAY - 2n);
    expect(await settle(book, feed.proxy, expiry)).to.equal(null);
    await time.increaseTo(expiry + 3n * DAY);
    expect(await settle(book, feed.proxy, expiry)).to.equal(price(3_020));
  });

  it("is found from a hint that is out of date, or wrong", async () => {
    const { feed, expiry } = await load();
    for (let i = 0n; i < 9n; i += 1n) await feed.submit(1, price(3_010), expiry + i - 4n);
    for (const hint of [0n, 1n, 5n, 10n, 99n]) {
      const found = await find(await feed.proxy.getAddress(), expiry, new Map([[1, hint]]));
      expect(found).to.deep.equal({ kind: "first", roundId: roundIdOf(1, 6), lastRounds: [] });
    }
  });

  for (const [what, answersZeros, burnsGas] of [
    ["answer zeros", true, false],
    ["revert", false, false],
    ["burn all gas", false, true],
  ] as const) {
    it(`is found without an aggregator to ask, where rounds without data ${what}`, async () => {
      const { usdc, expiry } = await load();
      const feed = await ethers.deployContract("MockGappyFeed");
      await feed.setNoData!(answersZeros, burnsGas);
      await feed.setPhase!(2);
      await feed.setRound!(roundIdOf(1, 16), price(3_000), expiry - 1n);
      for (let round = 9; round < 40; round += 1)
        await feed.setRound!(roundIdOf(2, round), price(3_000 + round), expiry - 20n + BigInt(round));
      const book = await ethers.deployContract("OptionBook", [usdc, feed]);
      await time.increaseTo(expiry + DAY);
      expect(await settle(book as never, feed, expiry)).to.equal(price(3_020));
    });
  }
});
