import { expect } from "chai";
import { numberToHex, parseTransaction, type Hex } from "viem";

import type { ExecutionTable } from "../../keeper/store/schema.ts";
import { fixedBand } from "../../keeper/strategy/fixedBand.ts";
import { optimalImpulse } from "../../keeper/strategy/optimalImpulse.ts";
import type { Strategy } from "../../keeper/strategy/types.ts";
import { keeperHarness, toZero } from "./utils/keeperHarness.ts";

const never = fixedBand({ fraction: 1e9 });

describe("a keeper, when gas becomes dear", () => {
  const harness = keeperHarness();
  const { rpc, start, mine, executions, statuses } = harness;
  afterEach(() => rpc("evm_setAutomine", [true]));
  beforeEach(() => rpc("evm_setAutomine", [false]));

  const priced = optimalImpulse({ riskAversion: 1e-4 });

  /** USD that it costs if it takes all the gas that it is signed for, at all that it offers. */
  const mostPaid = ({ raw, max_fee_per_gas: fee }: ExecutionTable, spot: number): number =>
    (Number(fee! * parseTransaction(raw as Hex).gas!) / 1e18) * spot;
  const baseFee = async (gwei: number) => {
    await rpc("hardhat_setNextBlockBaseFeePerGas", [numberToHex(BigInt(gwei) * 10n ** 9n)]);
    await mine();
  };
  /** A transaction sent at one gwei, and then a block that is too dear for it. @returns The keeper's step. */
  async function dearer(strategy: Strategy, gwei: number) {
    await baseFee(1);
    const { step } = await start(strategy);
    const { sent } = await step();
    await rpc("hardhat_dropTransaction", [sent]);
    await baseFee(gwei);
    return step;
  }

  it("offers more, but never more for gas than the trade is worth", async () => {
    const worth = 20;
    const decide: Strategy["decide"] = (input) => (input.gasUsd > worth ? never : toZero).decide(input);
    const step = await dearer({ ...toZero, decide }, 10);
    const { input, sent } = await step();
    expect(sent).to.match(/^0x/);
    const [old, replacement] = (await executions()) as [ExecutionTable, ExecutionTable];
    expect([old.tx_nonce, replacement.tx_nonce]).to.deep.equal([0n, 0n]);
    expect(replacement.max_fee_per_gas! >= 10n ** 10n).to.equal(true);
    expect(mostPaid(replacement, input!.spot)).to.be.within(worth * 0.98, worth);
  });

  it("offers no more for gas than limits.gasUsd either", async () => {
    await baseFee(1);
    const { input } = await (await start(toZero)).step(null, "dry");
    const limits = { delta: 1000, gasUsd: 12 * input!.gasUsd };
    const { step } = await start(toZero, { limits });
    for (const gwei of [3, 9]) {
      await baseFee(gwei);
      const { sent } = await step();
      expect(sent).to.match(/^0x/);
      await rpc("hardhat_dropTransaction", [sent]);
    }
    const sent = await executions();
    expect(sent.map((row) => mostPaid(row, input!.spot) <= limits.gasUsd * (1 + 1e-12))).to.deep.equal([
      ...[true, true],
    ]);
    expect(mostPaid(sent[1]!, input!.spot)).to.be.greaterThan(limits.gasUsd * 0.999);
  });

  it("holds where what it should take would be worth its gas, and what it may take would not", async () => {
    await baseFee(1);
    const { input } = await (await start(toZero)).step(null, "dry");
    const worth = 2 * input!.gasUsd;
    const decide: Strategy["decide"] = (at) => (at.gasUsd > worth ? never : toZero).decide(at);
    const { step } = await start({ ...toZero, decide });
    await baseFee(2);
    const cycle = await step();
    expect(cycle).to.include({ sent: null, blocked: null });
    expect([cycle.decision?.action, await statuses()]).to.deep.equal(["hold", []]);
    expect((await harness.journal.decisions({ limit: 1 }))[0]!.decision.action).to.equal("hold");
    await baseFee(1);
    expect((await step()).sent).to.match(/^0x/);
  });

  it("is blocked where what it may take would pass limits.gasUsd, and what it should take would not", async () => {
    await baseFee(1);
    const { input } = await (await start(toZero)).step(null, "dry");
    const { step } = await start(toZero, { limits: { delta: 1000, gasUsd: 2 * input!.gasUsd } });
    await baseFee(2);
    const { sent, blocked } = await step();
    expect(sent).to.equal(null);
    expect(blocked).to.match(/^Its gas may cost \d+\.\d\d USD, more than limits\.gasUsd, /);
    await baseFee(1);
    expect((await step()).sent).to.match(/^0x/);
  });

  it("leaves it as it is where the gas costs more than the trade is worth, until its time is up", async () => {
    let isWanted = true;
    const decide: Strategy["decide"] = (input) => (isWanted ? priced : never).decide(input);
    const step = await dearer({ ...priced, decide }, 5000);
    const { blocked, sent } = await step();
    expect(sent).to.equal(null);
    expect(blocked).to.match(/^Its gas may cost \d+\.\d\d USD, more than limits\.gasUsd, 1000\.$/);
    expect(await statuses()).to.deep.equal(["sent", "blocked"]);
    await rpc("evm_increaseTime", [601]);
    isWanted = false;
    await mine();
    await step();
    const [old, , transfer] = (await executions()) as [ExecutionTable, ExecutionTable, ExecutionTable];
    expect([transfer.kind, transfer.tx_nonce]).to.deep.equal(["cancel", 0n]);
    expect(transfer.max_fee_per_gas).to.equal((old.max_fee_per_gas! * 9n + 7n) / 8n);
  });

  it("takes it back once its time is up, also while the trade is wanted and too dear", async () => {
    const step = await dearer(priced, 5000);
    await step();
    await rpc("evm_increaseTime", [601]);
    await mine();
    const { decision, blocked } = await step();
    expect([decision?.action, blocked]).to.satisfy(([action, why]: [string, string]) => {
      return action === "rebalance" && why.startsWith("Its gas may cost");
    });
    const last = (await executions()).at(-1)!;
    expect([last.kind, last.tx_nonce]).to.deep.equal(["cancel", 0n]);
  });
});
