import { expect } from "chai";
import { keccak256, type Hex } from "viem";

import { LeaseLostError } from "../../keeper/store/leases.ts";
import type { PrivateRoute } from "../../keeper/execution/privateRoute.ts";
import { headAt, reorgTo } from "./utils/fakeChain.ts";
import { A, B, GWEI, laneHarness, notForB, relay } from "./utils/laneHarness.ts";

describe("the nonces of a lane", () => {
  const harness = laneHarness();
  const { acquire, open, send, hashOf, statuses, noncesSent, lastSent, holdFirst } = harness;

  it("are one each for what is sent at once", async () => {
    const lane = await open();
    await Promise.all([send(lane, A, 1n), send(lane, B, 1n)]);
    expect(noncesSent()).to.have.members([0, 1]);
  });

  it("are one for a vault's hedge and one for its duties", async () => {
    const lane = await open();
    await send(lane, A, 1n);
    await send(lane, A, 1n, { kind: "settle" });
    await send(lane, A, 2n, { kind: "settle" });
    expect(noncesSent()).to.deep.equal([0, 1, 1]);
  });

  it("are not given twice where one is freed below another that is out", async () => {
    const lane = await open();
    const held = holdFirst();
    const sending = send(lane, A, 1n);
    const refuse = await held();
    await send(lane, B, 1n);
    refuse();
    expect(await sending).to.have.property("refused");
    expect([lane.nextNonce, noncesSent()]).to.deep.equal([2n, [1]]);
  });

  it("are not given again after a restart, whatever a node that lags says", async () => {
    const lane = await open();
    const hash = await hashOf(send(lane, A, 1n));
    harness.chain.count = 1n;
    harness.chain.mine(hash, 2n);
    await lane.onHead(headAt(2n), null);
    harness.chain.count = 0n;
    const next = await open();
    await next.reconcile();
    expect(next.nextNonce).to.equal(1n);
  });

  it("are left alone by one who may have lost the lane: an intent there is another's by now", async () => {
    const { key, holder, token, lost, release } = await acquire();
    const lane = await open({ lease: { key, holder, token, lost, release, isHeld: () => false } });
    const other = await open();
    harness.journal.recordSigned = () => Promise.reject(new Error("on its way"));
    await send(other, A, 1n).catch(() => undefined);
    const error: unknown = await lane.onHead(headAt(2n), null).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(LeaseLostError);
    expect(await statuses()).to.deep.equal(["intent"]);
  });

  it("are kept where nobody can say whether a refused transaction is out", async () => {
    const lane = await open();
    harness.chain.provider.faults.set("eth_sendRawTransaction", () =>
      Promise.reject(new Error("insufficient funds for gas * price + value")),
    );
    harness.chain.provider.faults.set("eth_getTransactionByHash", () => Promise.reject(new Error("timeout")));
    await hashOf(send(lane, A, 1n));
    expect([await statuses(), lane.nextNonce]).to.deep.equal([["signed"], 1n]);
  });

  for (const answer of ["nonce too low", "transaction underpriced", "socket hang up"]) {
    it(`are kept after a first answer that proves nothing: ${answer}`, async () => {
      const lane = await open();
      harness.chain.provider.faults.set("eth_sendRawTransaction", () => Promise.reject(new Error(answer)));
      await hashOf(send(lane, A, 1n));
      expect([await statuses(), lane.nextNonce]).to.deep.equal([["signed"], 1n]);
    });
  }

  it("hold what a node answered with another hash as not known to be out", async () => {
    const lane = await open();
    harness.chain.provider.faults.set("eth_sendRawTransaction", async () => keccak256("0x"));
    await hashOf(send(lane, A, 1n));
    expect([await statuses(), lane.nextNonce]).to.deep.equal([["signed"], 1n]);
  });

  it("are not filled for a gap that was not seen at three heads in a row", async () => {
    const lane = await open();
    harness.chain.count = 3n;
    await send(lane, A, 1n);
    for (const count of [0n, 0n, 3n, 0n, 0n]) {
      harness.chain.count = count;
      await lane.onHead(headAt(2n), null);
    }
    expect(noncesSent().filter((nonce) => nonce !== 3)).to.deep.equal([]);
    await lane.onHead(headAt(2n), null);
    expect(noncesSent().filter((nonce) => nonce !== 3)).to.deep.equal([0, 1, 2]);
  });

  it("out of reach are not given up while what they hold could take effect", async () => {
    harness.chain.count = 300n;
    const lane = await open();
    await send(lane, A, 1n);
    harness.chain.count = 0n;
    for (let at = 2n; at < 7n; at += 1n) await lane.onHead(headAt(at), null);
    expect(await statuses()).to.deep.equal(["sent"]);
    await lane.onHead(headAt(52n), null);
    expect([await statuses(), lane.nextNonce]).to.deep.equal([["rejected"], 0n]);
  });

  it("that another program took end all that was signed for them", async () => {
    const lane = await open();
    await send(lane, A, 1n);
    await send(lane, A, 1n);
    harness.chain.count = 1n;
    for (let at = 2n; at < 5n; at += 1n) await lane.onHead(headAt(at), null);
    expect(await statuses()).to.deep.equal(["superseded", "superseded"]);
  });

  it("are cleared where one that offers too little stands before one that does not", async () => {
    const lane = await open();
    await send(lane, A, 1n);
    const dear = { ...headAt(2n), baseFeePerGas: 5n * GWEI };
    await send(lane, B, 2n, { head: dear });
    await lane.onHead(dear, null);
    const { nonce, to, value, maxFeePerGas } = lastSent();
    expect([nonce, to, value]).to.deep.equal([0, lane.account.toLowerCase(), undefined]);
    expect(maxFeePerGas! >= dear.baseFeePerGas).to.equal(true);
  });

  it("are cancelled once", async () => {
    const lane = await open();
    await send(lane, A, 1n);
    for (let count = 0; count < 2; count += 1) await lane.cancel(lane.slotOf(A)!, headAt(1n));
    expect(noncesSent()).to.deep.equal([0, 0]);
  });

  it("are taken with no more gas than a transaction may have", async () => {
    const lane = await open();
    await send(lane, A, 1n, { gas: 16_000_000n });
    expect(lastSent().gas).to.equal(16_777_216n);
  });

  describe("when blocks are replaced", () => {
    it("tell where a transaction is mined now, and look there after the next reorg", async () => {
      const lane = await open();
      const hash = await hashOf(send(lane, A, 1n));
      harness.chain.count = 1n;
      harness.chain.mine(hash, 2n, "first");
      await lane.onHead(headAt(2n, "first"), null);
      for (const [branch, block] of [
        ["second", 2n],
        ["third", 3n],
      ] as const) {
        harness.chain.mine(hash, block, branch);
        const [end, ...more] = await lane.onHead(headAt(block, branch), reorgTo(1n));
        expect([end?.outcome.blockNumber, end?.outcome.blockHash, more]).to.deep.equal([
          block,
          headAt(block, branch).hash,
          [],
        ]);
      }
      // Told once, and undone again from where it is now.
      expect(await lane.onHead(headAt(4n), null)).to.deep.equal([]);
      harness.chain.unmine(hash);
      harness.chain.count = 0n;
      await lane.onHead(headAt(4n), reorgTo(2n));
      expect(await statuses()).to.deep.equal(["sent"]);
    });

    it("are looked for from the deepest reorg that was not dealt with", async () => {
      const lane = await open();
      const hash = await hashOf(send(lane, A, 1n));
      harness.chain.count = 1n;
      harness.chain.mine(hash, 2n, "lost");
      await lane.onHead(headAt(2n, "lost"), null);
      expect(lane.isBehind(A, headAt(1n))).to.equal(true);
      harness.chain.unmine(hash);
      harness.chain.count = 0n;
      harness.chain.provider.faults.set("eth_getTransactionReceipt", () =>
        Promise.reject(new Error("socket hang up")),
      );
      await lane.onHead(headAt(3n), reorgTo(1n)).catch(() => undefined);
      harness.chain.provider.faults.clear();
      await lane.onHead(headAt(4n), reorgTo(2n));
      expect(await statuses()).to.deep.equal(["sent"]);
      expect(lane.isBehind(A, headAt(1n))).to.equal(false);
    });

    it("are open again for what is not final, and nothing else", async () => {
      const lane = await open();
      const [first, second] = [await hashOf(send(lane, A, 1n)), await hashOf(send(lane, B, 1n))];
      await send(lane, "0x00000000000000000000000000000000000000cc", 1n);
      harness.chain.count = 2n;
      harness.chain.mine(first, 2n);
      harness.chain.mine(second, 3n);
      await lane.onHead(headAt(3n), null);
      await lane.finalize(2n);
      for (const hash of [first, second]) harness.chain.unmine(hash);
      harness.chain.count = 1n;
      await lane.onHead(headAt(3n, "other"), reorgTo(1n));
      expect(await statuses()).to.deep.equal(["confirmed", "sent", "sent"]);
      expect(lane.pending.map(({ attempts, isOrphaned }) => [attempts.length, isOrphaned])).to.deep.equal([
        [1, true],
        [1, false],
      ]);
    });
  });

  describe("of private transactions", () => {
    const refusing = (kind: "underpriced" | "funds", relayed: Hex[]): PrivateRoute => ({
      ...relay(relayed),
      send: async () => ({ kind, text: kind }),
    });

    it("stay private though the relay wants more for them", async () => {
      const lane = await open({ privateRoute: refusing("underpriced", []) });
      await send(lane, A, 1n);
      expect([harness.chain.sent.length, lane.pending[0]?.isPublic]).to.deep.equal([0, false]);
    });

    it("stay everybody's when the lane is reconciled", async () => {
      const lane = await open({ privateRoute: relay([]), signer: notForB });
      await send(lane, A, 1n);
      await lane.onHead(headAt(6n), null);
      await send(lane, B, 6n).catch(() => undefined);
      await lane.reconcile();
      expect(lane.pending.map(({ isPublic }) => isPublic)).to.deep.equal([true]);
    });

    it("are known to be everybody's from when the relay refused them", async () => {
      const lane = await open({ privateRoute: refusing("funds", []) });
      await send(lane, A, 1n);
      const [slot] = lane.pending;
      expect([harness.chain.sent.length, slot?.isPublic, slot?.publicAt]).to.deep.equal([
        1,
        true,
        headAt(1n).timestamp,
      ]);
    });
  });
});
