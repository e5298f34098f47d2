import { expect } from "chai";
import { Contract } from "ethers";

import { MAINNET, MAINNET_AUTHORITIES } from "../../../scripts/localMainnet/addresses.ts";
import { ABIS } from "../../../scripts/localMainnet/abis.ts";
import { ChainlinkFeed } from "../../contracts/utils/chainlink.ts";
import { DAY, seriesId, USDC, WAD } from "../../contracts/utils/keel.ts";
import { contractAt, impersonate } from "../../contracts/utils/market.ts";
import { usdcOf, valueOf } from "../../contracts/utils/shares.ts";
import type { Keel } from "../../contracts/utils/useKeel.ts";
import { dutyHarness } from "../utils/dutyHarness.ts";

const price = (usd: number) => BigInt(usd) * 10n ** 8n;

describe("the duty to settle", () => {
  let expiry: number;
  const harness = dutyHarness(async (keel: Keel) => {
    await keel.deposit(keel.alice, 2_000_000n * USDC);
    expiry = (await keel.networkHelpers.time.latest()) + 7 * DAY;
    await keel.buy(keel.taker, seriesId({ isPut: false, strike: 3_000, cap: 4_000, expiry }), 10n * WAD);
    await keel.buy(keel.taker, seriesId({ isPut: true, strike: 3_000, cap: 2_000, expiry }), 10n * WAD);
  });
  const { keel, start, executions } = harness;
  const settleOnly = { duties: { queue: false, breach: false } };
  const legs = async () => ((await keel().vault.legs!()) as bigint[]).length;
  const settledAt = async () => (await keel().book.settlementPrice!(expiry)) as bigint;
  /** Writes both feeds, the ETH price last. */
  const write = async (usd: number) => {
    await keel().mainnet.submitUsdcUsd(1);
    await keel().mainnet.submitEthUsd(usd);
  };
  const writeAt = async (at: number, usd: number) => {
    await keel().networkHelpers.time.setNextBlockTimestamp(at - 1);
    await write(usd);
  };

  /** A new aggregator behind the feed, whose first round nobody answered. @returns Writes its next round. */
  async function addPhase(
    begins: number,
  ): Promise<(round: bigint, usd: number, at: number) => Promise<void>> {
    const { alice, bob, networkHelpers } = keel();
    const options = { oracles: [alice, bob], minSubmissions: 2, timeout: 60 };
    const move = (at: bigint) => networkHelpers.time.setNextBlockTimestamp(at);
    const feed = await ChainlinkFeed.deploy(alice, move, options);
    const aggregator = await feed.aggregator(1);
    await aggregator.addAccess!(MAINNET.ethUsdFeed);
    const owner = await impersonate(keel(), MAINNET_AUTHORITIES.chainlinkOwner);
    const proxy = contractAt(
      MAINNET.ethUsdFeed,
      ["function proposeAggregator(address)", "function confirmAggregator(address)"],
      owner,
    );
    await proxy.proposeAggregator!(aggregator);
    await proxy.confirmAggregator!(aggregator);
    await feed.submitTo(1, 1n, price(1), alice, BigInt(begins));
    return async (round, usd, at) => {
      await feed.submitTo(1, round, price(usd), alice, BigInt(at) - 1n);
      await feed.submitTo(1, round, price(usd), bob, BigInt(at));
    };
  }

  /** A stranger settles the book at the newest round, for any price of gas. */
  async function settleAsStranger(): Promise<void> {
    const { book, stranger } = keel();
    const feed = contractAt(MAINNET.ethUsdFeed, ABIS.feed, stranger);
    const [roundId] = (await feed.latestRoundData!()) as [bigint];
    const gas = { maxPriorityFeePerGas: 10n ** 11n, maxFeePerGas: 10n ** 12n, gasLimit: 2_000_000n };
    await (book.connect(stranger) as Contract).settle!(expiry, roundId, [], gas);
  }

  it("waits for expiry and for a round, then settles the book and each series, and entry opens again", async () => {
    const { networkHelpers, vault, alice } = keel();
    const { step } = await start();
    await writeAt(expiry - 600, 3_050);
    await step();
    await networkHelpers.time.increaseTo(expiry + 1);
    await step();
    expect(await executions()).to.deep.equal([]);
    expect((await valueOf(keel())).entryOpen).to.equal(false);

    await writeAt(expiry + 60, 3_100);
    await write(3_200);
    await step();
    expect(await settledAt()).to.equal(price(3_100));
    expect(await legs()).to.equal(2);
    await step();
    expect(await legs()).to.equal(1);
    await step();
    expect(await legs()).to.equal(0);
    await step();
    expect(await executions()).to.deep.equal(Array(3).fill("settle confirmed"));

    await keel().mainnet.submitEthUsd(3_000);
    expect((await valueOf(keel())).entryOpen).to.equal(true);
    const before = await usdcOf(keel(), alice);
    await (vault.connect(alice) as Contract).redeem!(10n ** 12n, alice.address, alice.address);
    expect(await usdcOf(keel(), alice)).to.be.above(before);
  });

  it("settles where the feed has moved to another aggregator, whose first round has no data", async () => {
    const writeRound = await addPhase(expiry - 3_600);
    await writeRound(2n, 3_010, expiry - 1_800);
    await writeRound(3n, 3_020, expiry - 10);
    await writeRound(4n, 3_030, expiry + 10);
    await writeRound(5n, 3_040, expiry + 70);
    const { step } = await start();
    for (let i = 0; i < 4; i += 1) await step();
    expect(await settledAt()).to.equal(price(3_030));
    expect(await legs()).to.equal(0);
    expect(await executions()).to.deep.equal(Array(3).fill("settle confirmed"));
  });

  it("takes the last round before expiry once three days have brought none after", async () => {
    const { networkHelpers } = keel();
    await writeAt(expiry - 600, 3_050);
    const { step } = await start();
    await networkHelpers.time.increaseTo(expiry + 3 * DAY - 1_000);
    await step();
    expect(await executions()).to.deep.equal([]);
    await networkHelpers.time.increaseTo(expiry + 3 * DAY);
    for (let i = 0; i < 4; i += 1) await step();
    expect(await settledAt()).to.equal(price(3_050));
    expect(await executions()).to.deep.equal(Array(3).fill("settle confirmed"));
  });

  it("goes on with the series where another has settled the book, or one of them", async () => {
    await writeAt(expiry + 1, 3_100);
    const [roundId] = (await contractAt(MAINNET.ethUsdFeed, ABIS.feed, keel().stranger)
      .latestRoundData!()) as [bigint];
    await (keel().book.connect(keel().stranger) as Contract).settle!(expiry, roundId, []);
    const { step } = await start();
    await step();
    expect(await legs()).to.equal(1);
    const [leg] = (await keel().vault.legs!()) as [bigint];
    await (keel().vault.connect(keel().stranger) as Contract).settle!(leg & (2n ** 176n - 1n));
    await step();
    expect(await legs()).to.equal(0);
    expect(await executions()).to.deep.equal(["settle confirmed"]);
  });

  it("is told why its transaction had no effect when another was first, and goes on after a pause", async () => {
    await writeAt(expiry + 1, 3_100);
    await harness.rpc("evm_setAutomine", [false]);
    const { step } = await start();
    await step();
    await settleAsStranger();
    await harness.rpc("evm_setAutomine", [true]);
    await harness.mine();
    await step();
    await step();
    expect(await executions()).to.deep.equal(["settle reverted"]);
    const [row] = await harness.journal.executions({ limit: 1 });
    expect(row!.error).to.equal(`AlreadySettled(${String(expiry)})`);
    await keel().networkHelpers.time.increase(60);
    for (let i = 0; i < 3; i += 1) await step();
    expect(await legs()).to.equal(0);
  });

  it("goes on where it stood when it was killed between two of its transactions", async () => {
    await writeAt(expiry + 1, 3_100);
    await harness.rpc("evm_setAutomine", [false]);
    await (await start()).step();
    expect(await executions()).to.deep.equal(["settle sent"]);
    // Killed: the next knows of it only what the journal says.
    const { step } = await start();
    await step();
    expect(await executions()).to.deep.equal(["settle sent"]);
    await harness.rpc("evm_setAutomine", [true]);
    await harness.mine();
    for (let i = 0; i < 3; i += 1) await step();
    expect(await legs()).to.equal(0);
    expect(await executions()).to.deep.equal(Array(3).fill("settle confirmed"));
  });

  it("sends nothing while it only watches, where it is switched off, and where gas is too dear", async () => {
    await writeAt(expiry + 1, 3_100);
    for (const options of [
      { mode: "dry" },
      { duties: { settle: false } },
      { duties: { gasUsd: 1e-6 } },
    ] as const) {
      const { step } = await start(options);
      await step();
    }
    expect(await executions()).to.deep.equal([]);
    await (await start()).step();
    expect(await executions()).to.deep.equal(["settle sent"]);
  });

  it("asks the chain for nothing but the snapshot while there is nothing to do", async () => {
    const { step } = await start(settleOnly);
    await step();
    await harness.mine();
    expect((await step()).filter((method) => method === "eth_call")).to.have.lengthOf(1);
  });
});
