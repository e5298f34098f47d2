import { expect } from "chai";
import { numberToHex, parseTransaction, type Hex } from "viem";

import type { Reorg } from "../../keeper/chain/headTracker.ts";
import type { ExecutionTable } from "../../keeper/store/schema.ts";
import { fixedBand } from "../../keeper/strategy/fixedBand.ts";
import type { Strategy } from "../../keeper/strategy/types.ts";
import { reorgTo } from "./utils/fakeChain.ts";
import { lost, unanswered } from "./utils/faultyProvider.ts";
import { ACCOUNT, keeperHarness, toZero } from "./utils/keeperHarness.ts";

const KEEPER_ROLE = 1n;
const never = fixedBand({ fraction: 1e9 });

describe("keeper, exactly once", () => {
  const harness = keeperHarness();
  const { rpc, start, mine, nonceOf, rebalances, executions, statuses } = harness;
  afterEach(() => rpc("evm_setAutomine", [true]));
  beforeEach(() => rpc("evm_setAutomine", [false]));

  it("sends nothing more while a transaction is pending", async () => {
    const { step } = await start(toZero);
    const { sent } = await step();
    for (let i = 0; i < 3; i += 1) expect((await step()).decision).to.equal(null);
    expect(await nonceOf("pending")).to.equal(1);
    await mine();
    const { settled } = await step();
    expect(settled?.attempt.hash).to.equal(sent);
    expect(await rebalances()).to.equal(1);
    expect(await statuses()).to.deep.equal(["confirmed"]);
  });

  it("sends the same bytes again when the node has forgotten them", async () => {
    const { step } = await start(toZero);
    const { sent } = await step();
    await rpc("hardhat_dropTransaction", [sent]);
    await mine();
    await step();
    await mine();
    expect((await step()).settled?.attempt.hash).to.equal(sent);
    expect(await rebalances()).to.equal(1);
  });

  for (const [what, fault] of [
    ["was lost on its way", lost],
    ["was heard, but not answered", unanswered],
  ] as const) {
    it(`neither doubles nor loses a broadcast that ${what}, when its process died`, async () => {
      harness.provider.faults.set("eth_sendRawTransaction", fault);
      const { sent } = await (await start(toZero)).step();
      expect(await statuses()).to.deep.equal(["signed"]);
      harness.provider.faults.clear();

      const { step } = await start(toZero);
      await step();
      await mine();
      const { settled } = await step();
      expect([settled?.attempt.hash, settled?.outcome.status]).to.deep.equal([sent, "confirmed"]);
      await mine();
      await step();
      expect([await rebalances(), await nonceOf()]).to.deep.equal([1, 1]);
    });
  }

  it("has the signed bytes in the journal before a node sees them", async () => {
    const seen: [string, string | null][][] = [];
    harness.provider.faults.set("eth_sendRawTransaction", async (forward) => {
      seen.push((await executions()).map(({ status, hash }) => [status, hash]));
      return forward();
    });
    const { sent } = await (await start(toZero)).step();
    expect(seen).to.deep.equal([[["signed", sent]]]);
    expect(await harness.journal.decisions({ limit: 9 })).to.have.length(1);
  });

  it("signs for a tenth more gas than it simulated, and for ten minutes", async () => {
    let gas = 0n;
    harness.provider.faults.set("eth_estimateGas", async (forward) => {
      const estimate = await forward();
      gas = BigInt(estimate as Hex);
      return estimate;
    });
    const { snapshot } = await (await start(toZero)).step();
    const [{ raw, deadline }] = (await executions()) as [ExecutionTable];
    expect(parseTransaction(raw as Hex).gas).to.equal((gas * 11n) / 10n);
    expect(deadline).to.equal(snapshot.timestamp + 600n);
  });

  it("sends nothing when the journal cannot be written", async () => {
    const { step } = await start(toZero);
    harness.journal.recordSigned = () => Promise.reject(new Error("disk full"));
    await step().then(
      () => expect.fail("It did not fail."),
      (error: unknown) => expect((error as Error).message).to.equal("disk full"),
    );
    expect(await nonceOf("pending")).to.equal(0);
    Reflect.deleteProperty(harness.journal, "recordSigned");
    expect((await step()).sent).to.match(/^0x/);
  });

  it("takes no refusal for proof after an answer that was lost", async () => {
    harness.provider.faults.set("eth_sendRawTransaction", unanswered);
    const { step } = await start(toZero);
    const { sent } = await step();
    // Another node behind the same address, which has not heard of it and wants more.
    harness.provider.faults.set("eth_sendRawTransaction", () =>
      Promise.reject(new Error("transaction underpriced: tip needed 200000000")),
    );
    expect((await step()).decision).to.equal(null);
    harness.provider.faults.clear();
    await mine();
    expect((await step()).settled?.attempt.hash).to.equal(sent);
    expect(await statuses()).to.deep.equal(["confirmed"]);
    expect([await rebalances(), await nonceOf("pending")]).to.deep.equal([1, 1]);
  });

  it("decides nothing at a block from before the one that mined its transaction", async () => {
    const { step } = await start(toZero);
    const { sent } = await step();
    // The block comes between the look at the head and the look for the receipt.
    harness.provider.faults.set("eth_getTransactionCount", async (forward) => {
      await mine();
      return forward();
    });
    expect(await step()).to.include({ settled: null, decision: null, blocked: null });
    harness.provider.faults.clear();
    const { settled, decision } = await step();
    expect(settled?.attempt.hash).to.equal(sent);
    expect(decision).to.include({ action: "hold" });
    expect(await statuses()).to.deep.equal(["confirmed"]);
  });

  it("records a transaction that the chain reverts, and decides again", async () => {
    const { step } = await start(toZero);
    const { sent } = await step();
    await rpc("hardhat_dropTransaction", [sent]);
    await rpc("evm_setAutomine", [true]);
    const setRole = (name: string, ...more: unknown[]) =>
      harness.keel.manager.connect(harness.keel.admin).getFunction(name)(
        KEEPER_ROLE,
        ACCOUNT.address,
        ...more,
      );
    await setRole("revokeRole");
    // Sent again, mined and reverted.
    await step();
    const { settled, blocked } = await step();
    expect([settled?.attempt.hash, settled?.outcome.status]).to.deep.equal([sent, "reverted"]);
    expect(settled?.outcome.error).to.match(/^AccessManagedUnauthorized\(0x/);
    expect(blocked).to.match(/^AccessManagedUnauthorized\(0x/);
    await setRole("grantRole", 0);
    await step();
    await step();
    expect(await statuses()).to.deep.equal(["reverted", "blocked", "confirmed"]);
    expect([await rebalances(), await nonceOf()]).to.deep.equal([1, 2]);
  });

  it("gives up a nonce that another transaction took, but not at the first sign", async () => {
    const { step } = await start(toZero);
    const { sent } = await step();
    await rpc("hardhat_dropTransaction", [sent]);
    await rpc("evm_setAutomine", [true]);
    await harness.keel.keeper.sendTransaction({ to: ACCOUNT.address });
    expect((await step()).settled).to.equal(null);
    expect((await step()).settled).to.equal(null);
    const { settled, sent: next } = await step();
    expect(settled?.outcome.status).to.equal("superseded");
    expect(next).to.match(/^0x/).and.not.equal(sent);
    expect([await rebalances(), await nonceOf()]).to.deep.equal([1, 2]);
  });

  it("replaces what was not mined by its deadline, at the same nonce and with fees a node accepts", async () => {
    const { step } = await start(toZero);
    const { sent: first } = await step();
    // Blocks too full for it, until its deadline has passed.
    await rpc("hardhat_dropTransaction", [first]);
    await rpc("evm_increaseTime", [601]);
    await mine();
    const { sent: second } = await step();
    expect(second).to.match(/^0x/).and.not.equal(first);
    await mine();
    expect((await step()).settled?.attempt.hash).to.equal(second);
    const [old, replacement] = await executions();
    expect([old!.status, replacement!.status]).to.deep.equal(["replaced", "confirmed"]);
    expect(replacement!.tx_nonce).to.equal(old!.tx_nonce);
    for (const field of ["max_fee_per_gas", "max_priority_fee_per_gas"] as const) {
      expect(replacement![field]! * 8n >= old![field]! * 9n, field).to.equal(true);
    }
  });

  it("frees the nonce of what a node refuses", async () => {
    const balance = await rpc<Hex>("eth_getBalance", [ACCOUNT.address, "latest"]);
    await rpc("hardhat_setBalance", [ACCOUNT.address, numberToHex(1000n)]);
    const { step } = await start(toZero);
    expect((await step()).sent).to.equal(null);
    expect(await statuses()).to.deep.equal(["rejected"]);
    await rpc("hardhat_setBalance", [ACCOUNT.address, balance]);
    expect((await step()).sent).to.match(/^0x/);
    await mine();
    await step();
    expect([await rebalances(), await nonceOf()]).to.deep.equal([1, 1]);
  });

  /** A node that counts transactions of the account that nobody will ever mine. */
  const countsTooMany = (count: number) => {
    harness.provider.faults.set("eth_getTransactionCount", () => Promise.resolve(numberToHex(count)));
  };

  it("fills the nonces before one that it took on a node's word", async () => {
    countsTooMany(3);
    const { step } = await start(toZero);
    const { sent } = await step();
    harness.provider.faults.clear();
    for (let i = 0; i < 3; i += 1) {
      await mine();
      await step();
    }
    await mine();
    const { settled } = await step();
    expect(settled?.attempt.hash).to.equal(sent);
    expect([await rebalances(), await nonceOf()]).to.deep.equal([1, 4]);
  });

  it("leaves a nonce that the account never reaches, once its transaction is void", async () => {
    countsTooMany(300);
    const { step } = await start(toZero);
    expect((await step()).sent).to.match(/^0x/);
    harness.provider.faults.clear();
    for (let i = 0; i < 3; i += 1) {
      await mine();
      await step();
    }
    await rpc("evm_increaseTime", [601]);
    for (let i = 0; i < 3; i += 1) {
      await mine();
      await step();
    }
    expect([await rebalances(), await nonceOf()]).to.deep.equal([1, 1]);
  });

  it("takes back what is pending once it is paused, and goes on to decide", async () => {
    const { step } = await start(toZero);
    await step();
    await rpc("hardhat_dropTransaction", [(await executions())[0]!.hash]);
    await step(null, "paused");
    await mine();
    const { decision, blocked } = await step(null, "paused");
    expect((await executions()).map(({ kind, status }) => [kind, status])).to.deep.equal([
      ["rebalance", "replaced"],
      ["cancel", "confirmed"],
    ]);
    expect([decision?.action, blocked]).to.deep.equal(["rebalance", "The keeper is in mode paused."]);
    expect((await harness.journal.decisions({ limit: 1 }))[0]!.mode).to.equal("dry");
    expect((await step()).sent).to.match(/^0x/);
  });

  describe("and reorganisations", () => {
    /** Takes back all blocks since `snapshot` and puts others in their place. @returns What the tracker makes of it. */
    async function reorganise(snapshot: Hex, { ancestor }: { ancestor: bigint }): Promise<Reorg> {
      await rpc("evm_revert", [snapshot]);
      await rpc("evm_increaseTime", [1]);
      await mine();
      return reorgTo(ancestor);
    }

    it("sends again what was mined in a block that is gone", async () => {
      const { step } = await start(toZero);
      const snapshot = await rpc<Hex>("evm_snapshot");
      const { sent, snapshot: before } = await step();
      await mine();
      expect((await step()).settled?.outcome.status).to.equal("confirmed");
      const reorg = await reorganise(snapshot, { ancestor: before.blockNumber });
      expect(await rebalances()).to.equal(0);
      // Pending once more, which is no end.
      expect((await step(reorg)).settled).to.equal(null);
      expect(await statuses()).to.deep.equal(["sent"]);
      await mine();
      expect((await step()).settled?.attempt.hash).to.equal(sent);
      expect(await statuses()).to.deep.equal(["confirmed"]);
      expect([await rebalances(), await nonceOf()]).to.deep.equal([1, 1]);
    });

    it("takes that up also when its process died before it noticed", async () => {
      const snapshot = await rpc<Hex>("evm_snapshot");
      const first = await start(toZero);
      const { snapshot: before } = await first.step();
      await mine();
      await first.step();
      await reorganise(snapshot, { ancestor: before.blockNumber });
      const second = await start(toZero);
      expect(await statuses()).to.deep.equal(["sent"]);
      await second.step();
      await mine();
      expect((await second.step()).settled?.outcome.status).to.equal("confirmed");
      expect([await rebalances(), await nonceOf()]).to.deep.equal([1, 1]);
    });

    it("leaves what is pending when its block is gone and nearly the same is wanted, or replaces it", async () => {
      let part = 1;
      const decide: Strategy["decide"] = (input) => {
        const decision = toZero.decide(input);
        return { ...decision, trade: decision.trade * part };
      };
      const { step } = await start({ ...toZero, decide });
      await mine();
      const { sent, snapshot } = await step();
      const reorg = reorgTo(snapshot.blockNumber - 1n);
      part = 0.95;
      expect((await step(reorg)).decision?.action).to.equal("rebalance");
      expect((await step()).decision).to.equal(null);
      part = 0.5;
      expect((await step(reorg)).sent)
        .to.match(/^0x/)
        .and.not.equal(sent);
      expect((await executions()).map(({ tx_nonce }) => tx_nonce)).to.deep.equal([0n, 0n]);
    });

    it("cancels what is pending when its block is gone and nothing is wanted any more", async () => {
      let isWanted = true;
      const { step } = await start({
        ...toZero,
        decide: (input) => (isWanted ? toZero : never).decide(input),
      });
      await mine();
      const { snapshot } = await step();
      isWanted = false;
      await step(reorgTo(snapshot.blockNumber - 1n));
      await mine();
      await step();
      expect((await executions()).map(({ kind, status }) => [kind, status])).to.deep.equal([
        ["rebalance", "replaced"],
        ["cancel", "confirmed"],
      ]);
      expect([await rebalances(), await nonceOf()]).to.deep.equal([0, 1]);
    });
  });
});
