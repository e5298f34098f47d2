import { expect } from "chai";
import { keccak256, type Hex } from "viem";

import type { Signer } from "../../keeper/signer/signer.ts";
import { Journal } from "../../keeper/store/journal.ts";
import { LeaseLostError } from "../../keeper/store/leases.ts";
import { headAt, reorgTo } from "./utils/fakeChain.ts";
import { A, B, GWEI, laneHarness, notForB, relay, signer } from "./utils/laneHarness.ts";
import { until } from "./utils/until.ts";

/** Gas that is signed for where 100,000 were simulated. */
const LIMIT = 110_000n;

describe("a lane of several vaults", () => {
  const harness = laneHarness();
  const { acquire, open, send, hashOf, statuses, noncesSent, lastSent, holdFirst } = harness;

  it("makes one vault's private transaction public in time while another's cannot be signed", async () => {
    const relayed: Hex[] = [];
    const lane = await open({
      privateRoute: relay(relayed),
      signer: notForB,
    });
    await send(lane, A, 1n);
    expect([relayed.length, harness.chain.sent.length]).to.deep.equal([1, 0]);
    for (let at = 2n; at < 12n; at += 1n) {
      await lane.onHead(headAt(at), null);
      await send(lane, B, at).catch(() => undefined);
    }
    expect(harness.chain.sent).to.include(relayed[0]);
  });

  it("goes on past all nonces that another program used, once it has seen one of them used", async () => {
    const lane = await open();
    await lane.reconcile();
    harness.chain.count = 5n;
    await send(lane, A, 1n);
    for (let at = 2n; at < 6n; at += 1n) await lane.onHead(headAt(at), null);
    expect(await statuses()).to.deep.equal(["superseded"]);
    await send(lane, A, 6n);
    expect(noncesSent().at(-1)).to.equal(5);
  });

  it("does not count as mined what only a block beyond its head holds", async () => {
    const lane = await open();
    const hash = await hashOf(send(lane, A, 1n));
    // A node that is ahead of the head has it in block 3, which another block 3 replaces before anybody sees it.
    harness.chain.count = 1n;
    harness.chain.mine(hash, 3n, "lost");
    expect(await lane.onHead(headAt(2n), null)).to.deep.equal([]);
    harness.chain.count = 0n;
    harness.chain.unmine(hash);
    await lane.onHead(headAt(3n), null);
    expect([await statuses(), lane.nextNonce]).to.deep.equal([["sent"], 1n]);
    expect(lane.slotOf(A)?.newest?.hash).to.equal(hash);

    harness.chain.count = 1n;
    harness.chain.mine(hash, 4n);
    const ended = await lane.onHead(headAt(4n), null);
    expect(ended.map(({ outcome }) => outcome.blockNumber)).to.deep.equal([4n]);
  });

  it("keeps the nonce of what a later try got through while the first was still being refused", async () => {
    const lane = await open();
    let refuse: () => void = () => undefined;
    let tries = 0;
    harness.chain.provider.faults.set("eth_sendRawTransaction", (forward) => {
      tries += 1;
      if (tries > 1) return forward();
      return new Promise((_, reject) => {
        refuse = () => reject(new Error("insufficient funds for gas * price + value"));
      });
    });
    const sending = send(lane, A, 1n);
    await until(() => tries > 0, "a broadcast");
    // The account has been paid into meanwhile.
    await lane.onHead(headAt(2n), null);
    refuse();
    await sending;
    // Either nobody has it, and the nonce is free, or somebody has it, and it is not.
    const isOut = harness.chain.sent.length > 0;
    expect([await statuses(), lane.nextNonce]).to.deep.equal(isOut ? [["sent"], 1n] : [["rejected"], 0n]);
  });

  it("tells of every end, also of one found before the RPC failed", async () => {
    const lane = await open();
    const first = await hashOf(send(lane, A, 1n));
    const second = await hashOf(send(lane, B, 1n));
    harness.chain.count = 2n;
    harness.chain.mine(first, 2n);
    harness.chain.mine(second, 2n);
    let asked = 0;
    harness.chain.provider.faults.set("eth_getTransactionReceipt", (forward) => {
      asked += 1;
      return asked === 2 ? Promise.reject(new Error("socket hang up")) : forward();
    });
    await lane.onHead(headAt(2n), null).catch(() => undefined);
    const ended = await lane.onHead(headAt(3n), null);
    expect(ended.map(({ attempt }) => attempt.hash)).to.have.members([first, second]);
    expect(keccak256(harness.chain.sent[0]!)).to.equal(first);
  });

  const faults = {
    "no node answered": () => {
      harness.chain.provider.faults.set("eth_getTransactionReceipt", () =>
        Promise.reject(new Error("socket hang up")),
      );
      return () => {
        harness.chain.provider.faults.clear();
      };
    },
    "the journal could not be written": () => {
      harness.journal.reopen = () => Promise.reject(new Error("the database is down"));
      return () => Reflect.deleteProperty(harness.journal, "reopen");
    },
    "its lease was not sure": (lease: { isHeld: () => boolean }) => {
      lease.isHeld = () => false;
      return () => (lease.isHeld = () => true);
    },
  };
  for (const [what, begin] of Object.entries(faults)) {
    it(`looks again for what a reorg took back while ${what}`, async () => {
      const { key, holder, token, lost, release } = await acquire();
      const lease = { key, holder, token, lost, release, isHeld: () => true };
      const lane = await open({ lease });
      const hash = await hashOf(send(lane, A, 1n));
      harness.chain.count = 1n;
      harness.chain.mine(hash, 2n, "lost");
      await lane.onHead(headAt(2n, "lost"), null);
      expect(await statuses()).to.deep.equal(["confirmed"]);

      harness.chain.count = 0n;
      harness.chain.unmine(hash);
      const end = begin(lease);
      const failed = await lane.onHead(headAt(2n), reorgTo(1n)).catch(() => null);
      expect(failed).to.equal(null);
      end();
      await lane.onHead(headAt(3n), null);
      expect(await statuses()).to.deep.equal(["sent"]);
      expect(harness.chain.sent).to.have.length(2);
      // It is decided anew, and taken back where nobody wants it any more.
      expect(lane.slotOf(A)?.isOrphaned).to.equal(true);
    });
  }

  for (const [what, branch, isOrphaned] of [
    ["that is gone as undecided", "lost", true],
    ["that stands as decided", "main", false],
  ] as const) {
    it(`takes what was being signed while a reorg came, at a block ${what}`, async () => {
      let sign: (() => void) | undefined;
      const slow: Signer = {
        address: signer.address,
        signTransaction: async (transaction) => {
          await new Promise<void>((resolve) => (sign = resolve));
          return signer.signTransaction({ ...transaction, type: "eip1559" });
        },
      };
      const lane = await open({ signer: slow });
      const sending = send(lane, A, 2n, { head: headAt(2n, branch) });
      await until(() => sign !== undefined, "the signer was asked");
      const following = lane.onHead(headAt(3n), reorgTo(1n));
      sign!();
      await Promise.all([sending, following]);
      expect(lane.slotOf(A)?.isOrphaned).to.equal(isOrphaned);
    });
  }

  it("shows nobody what it signed once it may have lost its lease meanwhile", async () => {
    const { key, holder, token, lost, release } = await acquire();
    let isHeld = true;
    harness.journal.recordSigned = async (...signed) => {
      await Journal.prototype.recordSigned.apply(harness.journal, signed);
      // The machine slept: the database still has the lease, this process cannot know it.
      isHeld = false;
    };
    const lane = await open({ lease: { key, holder, token, lost, release, isHeld: () => isHeld } });
    const error: unknown = await send(lane, A, 1n).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(LeaseLostError);
    expect([harness.chain.sent.length, await statuses()]).to.deep.equal([0, ["signed"]]);
  });

  for (const [what, branch, isOrphaned] of [
    ["takes up as undecided what was decided at a block that is gone", "lost", true],
    ["takes up as decided what was decided at a block that stands", "main", false],
  ] as const) {
    it(what, async () => {
      await send(await open(), A, 1n, { head: headAt(1n, branch) });
      const lane = await open();
      await lane.reconcile();
      expect(lane.slotOf(A)?.isOrphaned).to.equal(isOrphaned);
    });
  }

  it("sends bytes again until their deadline, and not after", async () => {
    const lane = await open();
    await send(lane, A, 1n, { deadline: headAt(9n).timestamp });
    await lane.onHead(headAt(9n), null);
    expect(harness.chain.sent).to.have.length(2);
    await lane.onHead(headAt(10n), null);
    expect([harness.chain.sent.length, await statuses()]).to.deep.equal([2, ["sent"]]);
  });

  it("ends what was signed at a nonce while that was found to be spent", async () => {
    const lane = await open();
    harness.chain.mine(await hashOf(send(lane, A, 1n)), 2n);
    harness.chain.count = 1n;
    const slot = lane.slotOf(A)!;
    harness.beforeOutcome(async ({ status }) => {
      if (status === "confirmed") await lane.cancel(slot, headAt(1n));
    });
    await lane.onHead(headAt(2n), null);
    expect([await statuses(), lane.pending]).to.deep.equal([["confirmed", "replaced"], []]);
  });

  it("replaces nothing for more than the trade is worth", async () => {
    const lane = await open();
    // Offers 3 gwei, so that nothing below 3.375 can take its place.
    const hash = await hashOf(send(lane, A, 1n));
    expect(await send(lane, A, 2n, { worth: (LIMIT * 337n * GWEI) / 100n })).to.have.property("refused");
    expect([harness.chain.sent.length, lane.slotOf(A)?.newest?.hash]).to.deep.equal([1, hash]);
    await hashOf(send(lane, A, 2n, { worth: (LIMIT * 338n * GWEI) / 100n }));
    expect(noncesSent()).to.deep.equal([0, 0]);
  });

  it("offers no more than it is worth for all the gas that it is signed for", async () => {
    const lane = await open();
    const worth = LIMIT * GWEI + 99_999n;
    await hashOf(send(lane, A, 1n, { worth }));
    const { gas, maxFeePerGas } = lastSent();
    expect([gas, maxFeePerGas! * gas! <= worth, (maxFeePerGas! + 1n) * gas! > worth]).to.deep.equal([
      ...[LIMIT, true, true],
    ]);
  });

  it("takes no nonce for what is not worth all its gas at the price of now", async () => {
    const lane = await open();
    const refused = "All the gas that it may take costs more than it is worth, or than its limit.";
    expect(await send(lane, A, 1n, { worth: LIMIT * GWEI - 1n })).to.deep.equal({ refused });
    expect([harness.chain.sent, await statuses(), lane.nextNonce]).to.deep.equal([[], [], 0n]);
    await hashOf(send(lane, A, 1n, { worth: LIMIT * GWEI }));
  });

  it("replaces at its nonce what was private before it was everybody's", async () => {
    const relayed: Hex[] = [];
    const lane = await open({
      privateRoute: relay(relayed),
    });
    await send(lane, A, 1n);
    await lane.onHead(headAt(6n), null);
    expect(harness.chain.sent).to.deep.equal(relayed);
    await send(lane, A, 7n);
    expect([relayed.length, noncesSent()]).to.deep.equal([1, [0, 0]]);
  });

  it("keeps what a reconciled lane got through while the first try was still being refused", async () => {
    const lane = await open({ signer: notForB });
    const held = holdFirst();
    const sending = send(lane, A, 1n);
    const refuse = await held();
    await send(lane, B, 1n).catch(() => undefined);
    await lane.onHead(headAt(2n), null);
    refuse();
    await sending;
    expect([await statuses(), lane.nextNonce]).to.deep.equal([["sent", "abandoned"], 1n]);
    expect(harness.chain.sent).to.have.length(1);
  });

  it("sends what the journal holds, also when it was told that the write had failed", async () => {
    const lane = await open();
    harness.journal.recordSigned = async (...signed) => {
      await Journal.prototype.recordSigned.apply(harness.journal, signed);
      throw new Error("connection reset");
    };
    await send(lane, A, 1n).catch(() => undefined);
    expect(harness.chain.sent).to.deep.equal([]);
    await lane.onHead(headAt(2n), null);
    expect([await statuses(), noncesSent()]).to.deep.equal([["sent"], [0]]);
  });
});
