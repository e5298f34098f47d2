import { expect } from "chai";

import { isWorthReleasing } from "../../../keeper/duties/queue.ts";
import { USDC, WAD } from "../../contracts/utils/keel.ts";
import { passTime } from "../../contracts/utils/market.ts";
import { depositOfTwo, queueOf, requestRedeem, SHARE, sharesOf } from "../../contracts/utils/shares.ts";
import { callOf } from "../../contracts/utils/vault.ts";
import { dutyHarness } from "../utils/dutyHarness.ts";

describe("the duty to process the queue", () => {
  const harness = dutyHarness(depositOfTwo);
  const { keel, start, executions } = harness;
  const queueOnly = { settle: false, breach: false };
  const released = ["process-queue confirmed"];

  it("releases what is worth its gas only", () => {
    expect(isWorthReleasing(1_000n * USDC, 1_000)).to.equal(true);
    expect(isWorthReleasing(1_000n * USDC - 1n, 1_000)).to.equal(false);
    expect(isWorthReleasing(null, 0.01)).to.equal(false);
  });

  it("prices the exits that wait", async () => {
    await requestRedeem(keel(), keel().bob, 5_000n * SHARE);
    const { step } = await start();
    await step();
    await step();
    expect(await executions()).to.deep.equal(released);
    const { waiting, owed } = await queueOf(keel());
    expect([waiting, owed]).to.deep.equal([0n, 5_000n * USDC]);
  });

  it("leaves dust alone, until more waits than the bound", async () => {
    const { step } = await start();
    for (let i = 0; i < 9; i += 1) {
      await requestRedeem(keel(), keel().bob, 110n * SHARE);
      await passTime(keel(), 301);
      await step();
    }
    expect(await executions()).to.deep.equal([]);
    await requestRedeem(keel(), keel().bob, 110n * SHARE);
    await passTime(keel(), 301);
    await step();
    await step();
    expect(await executions()).to.deep.equal(released);

    const { step: stepOther } = await start({ duties: { minQueueUsd: 5 } });
    await requestRedeem(keel(), keel().bob, 6n * SHARE);
    await stepOther();
    await stepOther();
    expect(await executions()).to.deep.equal([...released, ...released]);
  });

  it("pays for one release in half an hour, whatever is asked", async () => {
    const { step } = await start();
    for (let minute = 0; minute < 60; minute += 5) {
      await requestRedeem(keel(), keel().bob, 1_100n * SHARE);
      await passTime(keel(), 300);
      await step();
    }
    await step();
    expect(await executions()).to.deep.equal([...released, ...released]);
  });

  it("sends nothing that the vault would refuse: with its cash bound, and while it is closed", async () => {
    const { alice, bob, taker, buy, networkHelpers } = keel();
    await buy(taker, await callOf(keel(), 7), 200n * WAD);
    await requestRedeem(keel(), alice, await sharesOf(keel(), alice));
    const { step } = await start({ duties: queueOnly });
    await step();
    await step();
    // What was free has left.
    expect(await executions()).to.deep.equal(released);
    await passTime(keel(), 1_900);
    await step();
    expect(await executions()).to.deep.equal(released);

    await requestRedeem(keel(), bob, 2_000n * SHARE);
    await networkHelpers.time.increase(2 * 3_600);
    await step();
    expect(await executions()).to.deep.equal(released);
  });

  it("asks once in five minutes who waits, and no more while nobody does", async () => {
    const calls = async (step: () => Promise<readonly string[]>) =>
      (await step()).filter((method) => method === "eth_call").length;
    const { step } = await start({ duties: queueOnly });
    expect(await calls(step)).to.equal(2);
    await keel().networkHelpers.time.increase(200);
    expect(await calls(step)).to.equal(1);
    await keel().networkHelpers.time.increase(200);
    expect(await calls(step)).to.equal(2);
  });
});
