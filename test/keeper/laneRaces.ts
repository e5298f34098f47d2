import { expect } from "chai";

import type { Signer } from "../../keeper/signer/signer.ts";
import { headAt, reorgTo } from "./utils/fakeChain.ts";
import { A, B, laneHarness, signer } from "./utils/laneHarness.ts";
import { until } from "./utils/until.ts";

/** A signer that answers when it is told to. */
class SlowSigner implements Signer {
  readonly address = signer.address;
  isSlow = false;
  answer: (() => void) | null = null;

  async signTransaction(transaction: Parameters<Signer["signTransaction"]>[0]) {
    if (this.isSlow) await new Promise<void>((resolve) => (this.answer = resolve));
    return signer.signTransaction({ ...transaction, type: "eip1559" });
  }

  asked(): Promise<void> {
    return until(() => this.answer !== null, "the signer was asked");
  }
}

/** Of block 2 of a branch that is gone. */
const reorg = reorgTo(1n, [headAt(2n, "lost")]);

describe("a lane while something else happens", () => {
  const harness = laneHarness();
  const { open, send, hashOf, statuses, noncesSent } = harness;

  it("is still there while a transaction is signed, and signs the next one after it", async () => {
    const slow = new SlowSigner();
    const lane = await open({ signer: slow });
    await lane.reconcile();
    slow.isSlow = true;
    const sending = send(lane, A, 1n);
    await slow.asked();
    expect(lane.nextNonce).to.equal(0n);
    const next = send(lane, B, 1n);
    slow.isSlow = false;
    slow.answer!();
    await Promise.all([hashOf(sending), hashOf(next)]);
    expect([noncesSent(), lane.nextNonce]).to.deep.equal([[0, 1], 2n]);
  });

  it("signs nothing that was decided at a block which has left the chain", async () => {
    const lane = await open();
    await lane.onHead(headAt(2n, "lost"), null);
    await lane.onHead(headAt(2n), reorg);
    const refused = "The block it was decided at has left the chain.";
    expect(await send(lane, A, 2n, { head: headAt(2n, "lost") })).to.deep.equal({ refused });
    expect([harness.chain.sent, await statuses()]).to.deep.equal([[], []]);
    await hashOf(send(lane, A, 2n, { head: headAt(2n) }));
  });

  it("takes what was decided at a block that came back, or at any once blocks stay", async () => {
    const lane = await open();
    await lane.onHead(headAt(2n), reorg);
    await lane.onHead(headAt(2n, "lost"), reorgTo(1n, [headAt(2n)]));
    await hashOf(send(lane, A, 2n, { head: headAt(2n, "lost") }));
    expect(await send(lane, A, 2n, { head: headAt(2n) })).to.have.property("refused");
    await lane.finalize(2n);
    await hashOf(send(lane, A, 2n, { head: headAt(2n) }));
  });

  it("signs nothing that was decided before the vault's last transaction was mined", async () => {
    const lane = await open();
    harness.chain.mine(await hashOf(send(lane, A, 1n)), 5n);
    harness.chain.count = 1n;
    await lane.onHead(headAt(5n), null);
    const refused = "A transaction of the vault was mined after the block it was decided at.";
    expect(await send(lane, A, 4n)).to.deep.equal({ refused });
    await hashOf(send(lane, A, 5n));
    expect(noncesSent()).to.deep.equal([0, 1]);
  });

  it("takes back nothing that has ended", async () => {
    const lane = await open();
    harness.chain.mine(await hashOf(send(lane, A, 1n)), 2n);
    harness.chain.count = 1n;
    const slot = lane.slotOf(A)!;
    await lane.onHead(headAt(2n), null);
    await lane.cancel(slot, headAt(2n));
    expect([await statuses(), lane.pending, noncesSent()]).to.deep.equal([["confirmed"], [], [0]]);
  });

  it("gives no node what was to replace a transaction that was mined while it was signed", async () => {
    const slow = new SlowSigner();
    const lane = await open({ signer: slow });
    harness.chain.mine(await hashOf(send(lane, A, 1n)), 2n);
    harness.chain.count = 1n;
    slow.isSlow = true;
    let replacing: ReturnType<typeof send> | null = null;
    harness.beforeOutcome(async ({ status }) => {
      if (status !== "confirmed") return;
      replacing = send(lane, A, 1n);
      await slow.asked();
    });
    await lane.onHead(headAt(2n), null);
    slow.answer!();
    expect(await replacing).to.deep.equal({ refused: "What it was to replace has ended meanwhile." });
    expect([await statuses(), lane.pending, noncesSent()]).to.deep.equal([
      ["confirmed", "replaced"],
      [],
      [0],
    ]);
    slow.isSlow = false;
    await hashOf(send(lane, A, 2n));
    expect(noncesSent()).to.deep.equal([0, 1]);
  });

  it("ends what was signed at a nonce while that was found to be another program's", async () => {
    const lane = await open();
    await hashOf(send(lane, A, 1n));
    harness.chain.count = 1n;
    const slot = lane.slotOf(A)!;
    harness.beforeOutcome(async ({ status }) => {
      if (status === "superseded" && slot.attempts.length === 1) await lane.cancel(slot, headAt(4n));
    });
    for (const at of [2n, 3n, 4n]) await lane.onHead(headAt(at), null);
    expect([await statuses(), lane.pending]).to.deep.equal([["superseded", "superseded"], []]);
  });

  it("is there for nobody while it is not known whether an end was written down", async () => {
    const lane = await open();
    harness.chain.mine(await hashOf(send(lane, A, 1n)), 2n);
    harness.chain.count = 1n;
    const slot = lane.slotOf(A)!;
    const record = harness.journal.recordOutcome.bind(harness.journal);
    harness.journal.recordOutcome = async (id, outcome) => {
      await record(id, outcome);
      throw new Error("Connection terminated unexpectedly");
    };
    const failed = await lane.onHead(headAt(2n), null).catch(String);
    expect([failed, lane.nextNonce]).to.deep.equal(["Error: Connection terminated unexpectedly", null]);
    harness.journal.recordOutcome = record;
    // Whoever asks it nevertheless has it look first.
    await lane.cancel(slot, headAt(2n));
    expect([await statuses(), lane.pending, noncesSent()]).to.deep.equal([["confirmed"], [], [0]]);
    const [ended, ...more] = await lane.onHead(headAt(3n), null);
    expect([ended?.attempt.vault, ended?.outcome.status, more]).to.deep.equal([A, "confirmed", []]);
    expect(await lane.onHead(headAt(4n), null)).to.deep.equal([]);
  });
});
