import { expect } from "chai";
import { numberToHex, parseTransaction, type Hex } from "viem";

import { Pause } from "../../../keeper/duties/pause.ts";
import type { Strategy } from "../../../keeper/strategy/types.ts";
import { USDC, WAD } from "../../contracts/utils/keel.ts";
import { requestRedeem, SHARE } from "../../contracts/utils/shares.ts";
import { callOf } from "../../contracts/utils/vault.ts";
import { dutyHarness, never } from "../utils/dutyHarness.ts";
import { toZero } from "../utils/keeperHarness.ts";

const GWEI = 10n ** 9n;

describe("duties beside hedging", () => {
  const harness = dutyHarness(async (keel) => {
    await keel.deposit(keel.alice, 2_000_000n * USDC);
    await keel.buy(keel.taker, await callOf(keel, 7), 100n * WAD);
    await requestRedeem(keel, keel.alice, 10_000n * SHARE);
  });
  const { keel, rpc, start, executions } = harness;
  const rows = async () => (await harness.journal.executions({ limit: 100 })).toReversed();
  /** Hedges as soon as it is told to. */
  function switchable(): { readonly strategy: Strategy; hedge: () => void } {
    let current = never;
    return {
      strategy: { ...toZero, decide: (input) => current.decide(input) },
      hedge: () => {
        current = toZero;
      },
    };
  }
  const mineAt = async (baseFeePerGas: bigint) => {
    await rpc("hardhat_setNextBlockBaseFeePerGas", [numberToHex(baseFeePerGas)]);
    await harness.mine();
  };

  it("come after the hedge of the same block, and are mined with it", async () => {
    await rpc("evm_setAutomine", [false]);
    const { step } = await start({ strategy: toZero });
    await step();
    const sent = (await rows()).map(({ kind, tx_nonce }) => [kind, tx_nonce]);
    const [, nonce] = sent[0]!;
    expect(sent).to.deep.equal([
      ["rebalance", nonce],
      ["process-queue", (nonce as bigint) + 1n],
    ]);
    await harness.mine();
    await step();
    expect((await executions()).slice(0, 2)).to.deep.equal([
      "rebalance confirmed",
      "process-queue confirmed",
    ]);
  });

  it("do not hold up a rebalance when they are stuck below the base fee", async () => {
    await rpc("evm_setAutomine", [false]);
    const { strategy, hedge } = switchable();
    const { step } = await start({ strategy, gasUsd: 100_000 });
    await step();
    expect(await executions()).to.deep.equal(["process-queue sent"]);
    const [duty] = await rows();
    const high = duty!.max_fee_per_gas! * 3n;
    await mineAt(high);
    hedge();
    await step();
    await mineAt(high);
    await step();
    await mineAt(high);
    await step();
    const ended = await rows();
    expect(ended.find(({ kind }) => kind === "rebalance")!.status).to.equal("confirmed");
    expect(ended.find(({ kind }) => kind === "process-queue")!.status).to.equal("replaced");
    expect(ended.find(({ kind }) => kind === "cancel")).to.include({
      status: "confirmed",
      tx_nonce: duty!.tx_nonce,
    });
  });

  /** A release of shares that no block takes, and then a base fee that is far above what it offers. */
  async function stuckDuty() {
    await rpc("evm_setAutomine", [false]);
    const keeper = await start({ duties: { breach: false } });
    await keeper.step();
    const [duty] = await rows();
    expect([duty!.kind, duty!.status]).to.deep.equal(["process-queue", "sent"]);
    return { ...keeper, duty: duty!, high: duty!.max_fee_per_gas! * 3n };
  }
  const kinds = async () => (await rows()).map(({ kind, tx_nonce }) => [kind, tx_nonce]);

  it("are taken back by a pause, and done once it is over", async () => {
    const { step, pause, duty, high } = await stuckDuty();
    await mineAt(high);
    pause();
    await step();
    await step();
    expect(await kinds()).to.deep.equal([
      ["process-queue", duty.tx_nonce],
      ["cancel", duty.tx_nonce],
    ]);
    await mineAt(duty.max_fee_per_gas! / 2n);
    await step();
    expect(await executions()).to.deep.equal(["process-queue replaced", "cancel confirmed"]);
    pause(false);
    // Releases keep their distance.
    await rpc("evm_setAutomine", [true]);
    await keel().networkHelpers.time.increase(1_800);
    await keel().mainnet.submitEthUsd(3_000);
    await step();
    await step();
    expect((await executions()).at(-1)).to.equal("process-queue confirmed");
  });

  it("are taken back once their time is up and nothing takes their place, and not before", async () => {
    const { step, duty, high } = await stuckDuty();
    // Nothing that takes its place is worth this.
    await mineAt(high * 1_000n);
    await step();
    expect(await kinds()).to.deep.equal([["process-queue", duty.tx_nonce]]);
    await rpc("evm_increaseTime", [601]);
    await harness.mine();
    await step();
    expect(await kinds()).to.deep.equal([
      ["process-queue", duty.tx_nonce],
      ["cancel", duty.tx_nonce],
    ]);
  });

  it("fail by themselves: hedging goes on, and they are tried again with growing pauses", async () => {
    const warnings: unknown[] = [];
    const log = {
      ...{ debug: () => undefined, info: () => undefined, error: () => undefined },
      warn: (fields: object, message: string) => warnings.push({ ...fields, message }),
    };
    const { strategy, hedge } = switchable();
    const { step, seat } = await start({
      strategy,
      log: log as never,
      duties: { gasUsd: 1e-6, breach: false },
    });
    for (let i = 0; i < 30; i += 1) {
      await step();
      await keel().networkHelpers.time.increase(100);
      await keel().mainnet.submitEthUsd(3_000);
    }
    expect(warnings.map((each) => (each as { seconds: number }).seconds)).to.deep.equal([
      60, 120, 240, 480, 960, 1_920,
    ]);
    hedge();
    await step();
    await step();
    expect(await executions()).to.deep.equal(["rebalance confirmed"]);
    expect(seat.status(0)).to.include({ failures: 0, lastError: null });
  });

  it("cost no more than their limit, also where they take all the gas that they are signed for", async () => {
    await rpc("evm_setAutomine", [false]);
    await mineAt(GWEI);
    let gas = 0n;
    harness.provider.faults.set("eth_estimateGas", async (forward) => {
      const estimate = await forward();
      gas = BigInt(estimate as Hex);
      return estimate;
    });
    await (await start({ duties: { gasUsd: 1e-6, breach: false } })).step();
    expect(await executions()).to.deep.equal([]);
    // Twice what is expected would be offered, if it were worth that.
    const gasUsd = 1.5 * (Number(gas * GWEI) / 1e18) * 3_000;
    await (await start({ duties: { gasUsd, breach: false } })).step();
    const [duty] = await rows();
    const most = (Number(duty!.max_fee_per_gas! * parseTransaction(duty!.raw as Hex).gas!) / 1e18) * 3_000;
    expect(most).to.be.within(gasUsd * 0.999, gasUsd * (1 + 1e-12));
  });

  it("wait for an hour at most, and begin anew after a success", () => {
    const pause = new Pause();
    expect(pause.isOver(0)).to.equal(true);
    expect(Array.from({ length: 8 }, () => pause.fail(0))).to.deep.equal([
      60, 120, 240, 480, 960, 1_920, 3_600, 3_600,
    ]);
    expect([pause.isOver(3_599), pause.isOver(3_600)]).to.deep.equal([false, true]);
    pause.succeed();
    expect([pause.isOver(0), pause.fail(0)]).to.deep.equal([true, 60]);
  });

  it("that were mined without effect are not tried again at once", async () => {
    await rpc("evm_setAutomine", [false]);
    const { step } = await start();
    await step();
    // Somebody else is first.
    const { stranger, vault } = keel();
    await (vault.connect(stranger) as typeof vault).getFunction("processQueue")({
      ...{ maxPriorityFeePerGas: 100n * GWEI, maxFeePerGas: 1_000n * GWEI, gasLimit: 5_000_000n },
    });
    await harness.mine();
    await step();
    expect(await executions()).to.deep.equal(["process-queue reverted"]);
    const [row] = await rows();
    expect(row!.error).to.match(/NothingToProcess/);
  });
});
