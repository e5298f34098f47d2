import { expect } from "chai";

import { decideBreach, isBreached } from "../../../keeper/duties/breach.ts";
import { USDC, WAD } from "../../contracts/utils/keel.ts";
import { movePool, passTime } from "../../contracts/utils/market.ts";
import { abs, callOf, driftOf, setLimits } from "../../contracts/utils/vault.ts";
import { dutyHarness, never } from "../utils/dutyHarness.ts";
import { toZero } from "../utils/keeperHarness.ts";

describe("the duty to record a breach", () => {
  // About 60 ETH short, unhedged: six times the ripcord's drift.
  const harness = dutyHarness(async (keel) => {
    await keel.deposit(keel.alice, 2_000_000n * USDC);
    await keel.buy(keel.taker, await callOf(keel, 7), 100n * WAD);
  });
  const { keel, start, executions } = harness;
  const breachedAt = async () => (await keel().vault.breachedAt!()) as bigint;
  const duties = async () => (await executions()).filter((line) => line.includes("breach"));

  it("knows a breach as the contract does", async () => {
    const venue = {
      marginTrigger: 100n,
      liquidationDistance: 50n,
      venue: "0x00",
      delta: 0n,
      equity: 0n,
    } as const;
    const greeks = { price: 0n, gamma: 0n, vega: 0n, theta: 0n };
    const leg = { isPut: false, strike: 1n, cap: 2n, expiry: 1n, quantity: 1n };
    const look = (delta: bigint, liquidationDistance = 50n, legs = [leg]) =>
      isBreached({ book: { ...greeks, delta }, venues: [{ ...venue, liquidationDistance }], legs }, 10n);
    expect([look(9n), look(10n), look(-10n), look(0n, 49n)]).to.deep.equal([false, true, true, true]);
    expect([look(1n, 50n, []), look(0n, 50n, [])]).to.deep.equal([true, false]);
  });

  it("records one that stands, is not on record, and is not being mended; clears one that has ended", () => {
    const seen = { timestamp: 10_000n, isBreached: true, breachedAt: 0n, isHedgeStuck: true };
    expect(decideBreach(seen)).to.equal("recordBreach");
    expect(decideBreach({ ...seen, isHedgeStuck: false })).to.equal(null);
    expect(decideBreach({ ...seen, breachedAt: 5_501n })).to.equal(null);
    expect(decideBreach({ ...seen, breachedAt: 5_500n })).to.equal("recordBreach");
    const ended = { ...seen, isBreached: false };
    expect(decideBreach(ended)).to.equal(null);
    expect(decideBreach({ ...ended, breachedAt: 5_501n })).to.equal("clearBreach");
    expect(decideBreach({ ...ended, breachedAt: 5_500n })).to.equal(null);
  });

  it("records what its hedge cannot mend, hedges at the wider price, and the record ends with the breach", async () => {
    // The pool is 1.5 % dearer than the oracle: too dear for the usual slippage.
    await movePool(keel(), 3_045);
    const { step } = await start({ strategy: toZero });
    await step();
    expect(await breachedAt()).to.equal(BigInt(await keel().networkHelpers.time.latest()));
    expect((await executions())[0]).to.equal("rebalance blocked");
    await passTime(keel(), 180, 3_000);
    for (let i = 0; i < 6; i += 1) {
      await step();
      await harness.mine();
    }
    expect(await executions()).to.include("rebalance confirmed");
    expect(abs(await driftOf(keel())) < 10n * WAD).to.equal(true);
    expect(await breachedAt()).to.equal(0n);
    expect(await duties()).to.deep.equal(["record-breach confirmed"]);
  });

  it("records nothing while its hedge goes through, nor below the ripcord's drift", async () => {
    const { step } = await start({ strategy: toZero });
    await step();
    await step();
    expect(await executions()).to.deep.equal(["rebalance confirmed"]);

    await setLimits(keel(), { ripcordDrift: 90n * WAD });
    await keel().buy(keel().taker, await callOf(keel(), 7), 50n * WAD);
    await movePool(keel(), 3_045);
    await step();
    expect((await executions()).at(-1)).to.equal("rebalance blocked");
    expect(await duties()).to.deep.equal([]);
  });

  it("records a breach once its rebalance has been pending for more than a minute", async () => {
    await harness.rpc("evm_setAutomine", [false]);
    harness.provider.faults.set("eth_sendRawTransaction", () => Promise.reject(new Error("socket hang up")));
    const { step } = await start({ strategy: toZero });
    await step();
    await keel().networkHelpers.time.increase(50);
    await step();
    expect(await duties()).to.deep.equal([]);
    await keel().networkHelpers.time.increase(20);
    await step();
    expect(await duties()).to.deep.equal(["record-breach signed"]);
  });

  it("clears a breach that ended without a hedge", async () => {
    const { stranger, vault } = keel();
    await (vault.connect(stranger) as typeof vault).getFunction("recordBreach")();
    const { step } = await start({ strategy: never });
    await step();
    expect(await executions()).to.deep.equal([]);
    await setLimits(keel(), { ripcordDrift: 90n * WAD });
    await passTime(keel(), 301);
    await step();
    await step();
    expect(await duties()).to.deep.equal(["clear-breach confirmed"]);
    expect(await breachedAt()).to.equal(0n);
  });
});
