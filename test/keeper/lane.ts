import { expect } from "chai";
import { keccak256, parseTransaction, type Address, type Hex } from "viem";
import { mnemonicToAccount } from "viem/accounts";

import { NonceLane, type LaneOptions, type SendRequest } from "../../keeper/execution/lane.ts";
import { silentLog } from "../../keeper/log/logger.ts";
import type { Signer } from "../../keeper/signer/signer.ts";
import { openDatabase, type Database } from "../../keeper/store/database.ts";
import { Journal } from "../../keeper/store/journal.ts";
import { acquireLease, LeaseLostError } from "../../keeper/store/leases.ts";
import { emptyDatabase } from "./utils/emptyDatabase.ts";
import { FakeChain, headAt } from "./utils/fakeChain.ts";
import { until } from "./utils/until.ts";

const signer = mnemonicToAccount("test test test test test test test test test test test junk", {
  addressIndex: 2,
});
const A: Address = `0x${"0a".repeat(20)}`;
const B: Address = `0x${"0b".repeat(20)}`;
const GWEI = 10n ** 9n;
/** Signs nothing that is to B. */
const notForB: Signer = {
  address: signer.address,
  signTransaction: (transaction) =>
    transaction.to === B
      ? Promise.reject(new Error("The remote signer refused."))
      : signer.signTransaction({ ...transaction, type: "eip1559" }),
};

describe("a lane of several vaults", () => {
  let database: Database;
  let journal: Journal;
  let chain: FakeChain;

  before(async () => {
    database = await openDatabase();
  });
  after(() => database.close());
  beforeEach(async () => {
    await emptyDatabase(database);
    await database.db.deleteFrom("leases").execute();
    journal = new Journal(database);
    chain = new FakeChain();
  });

  async function open(changes: Partial<LaneOptions> = {}): Promise<NonceLane> {
    const lease = (await acquireLease(database, { key: "l", holder: "h", ttl: 600, log: silentLog }))!;
    return new NonceLane({
      ...{ chainId: 31337, client: chain.client, signer, journal, lease, privateRoute: null },
      ...{ log: silentLog, priorityFeePerGas: GWEI },
      ...changes,
    });
  }
  function send(lane: NonceLane, vault: Address, at: bigint, changes: Partial<SendRequest> = {}) {
    const head = changes.head ?? headAt(at);
    return lane.send({
      ...({ vault, to: vault, kind: "rebalance", data: "0x12", gas: 100_000n, head } as const),
      ...{ deadline: head.timestamp + 600n, decisionId: null, rebalanceNonce: 0n },
      ...{ fees: { priorityFeePerGas: GWEI, maxBaseFeePerGas: null }, ceiling: 1_000n * GWEI },
      ...changes,
    });
  }
  async function hashOf(sending: ReturnType<typeof send>): Promise<Hex> {
    const result = await sending;
    if ("refused" in result) throw new Error(result.refused);
    return result.hash;
  }
  const statuses = async () =>
    (await journal.executions({ limit: 100 })).toReversed().map(({ status }) => status);
  const noncesSent = () => chain.sent.map((raw) => parseTransaction(raw).nonce ?? 0);

  it("makes one vault's private transaction public in time while another's cannot be signed", async () => {
    const relayed: Hex[] = [];
    const lane = await open({
      privateRoute: {
        publicAfter: 60,
        send: async (raw) => {
          relayed.push(raw);
          return { kind: "known", text: "accepted" };
        },
        status: async () => "pending",
      },
      signer: notForB,
    });
    await send(lane, A, 1n);
    expect([relayed.length, chain.sent.length]).to.deep.equal([1, 0]);
    for (let at = 2n; at < 12n; at += 1n) {
      await lane.onHead(headAt(at), null);
      await send(lane, B, at).catch(() => undefined);
    }
    expect(chain.sent).to.include(relayed[0]);
  });

  it("goes on past all nonces that another program used, once it has seen one of them used", async () => {
    const lane = await open();
    await lane.reconcile();
    chain.count = 5n;
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
    chain.count = 1n;
    chain.mine(hash, 3n, "lost");
    expect(await lane.onHead(headAt(2n), null)).to.deep.equal([]);
    chain.count = 0n;
    chain.unmine(hash);
    await lane.onHead(headAt(3n), null);
    expect([await statuses(), lane.nextNonce]).to.deep.equal([["sent"], 1n]);
    expect(lane.slotOf(A)?.newest?.hash).to.equal(hash);

    chain.count = 1n;
    chain.mine(hash, 4n);
    const ended = await lane.onHead(headAt(4n), null);
    expect(ended.map(({ outcome }) => outcome.blockNumber)).to.deep.equal([4n]);
  });

  it("keeps the nonce of what a later try got through while the first was still being refused", async () => {
    const lane = await open();
    let refuse: () => void = () => undefined;
    let tries = 0;
    chain.provider.faults.set("eth_sendRawTransaction", (forward) => {
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
    const isOut = chain.sent.length > 0;
    expect([await statuses(), lane.nextNonce]).to.deep.equal(isOut ? [["sent"], 1n] : [["rejected"], 0n]);
  });

  it("tells of every end, also of one found before the RPC failed", async () => {
    const lane = await open();
    const first = await hashOf(send(lane, A, 1n));
    const second = await hashOf(send(lane, B, 1n));
    chain.count = 2n;
    chain.mine(first, 2n);
    chain.mine(second, 2n);
    let asked = 0;
    chain.provider.faults.set("eth_getTransactionReceipt", (forward) => {
      asked += 1;
      return asked === 2 ? Promise.reject(new Error("socket hang up")) : forward();
    });
    await lane.onHead(headAt(2n), null).catch(() => undefined);
    const ended = await lane.onHead(headAt(3n), null);
    expect(ended.map(({ attempt }) => attempt.hash)).to.have.members([first, second]);
    expect(keccak256(chain.sent[0]!)).to.equal(first);
  });

  it("looks again for what a reorg took back when it could not at once", async () => {
    const lane = await open();
    const hash = await hashOf(send(lane, A, 1n));
    chain.count = 1n;
    chain.mine(hash, 2n, "lost");
    await lane.onHead(headAt(2n, "lost"), null);
    expect(await statuses()).to.deep.equal(["confirmed"]);

    chain.count = 0n;
    chain.unmine(hash);
    const reorg = { depth: 1, ancestor: 1n, dropped: [], pastFinality: false };
    chain.provider.faults.set("eth_getTransactionReceipt", () => Promise.reject(new Error("socket hang up")));
    await lane.onHead(headAt(2n), reorg).catch(() => undefined);
    chain.provider.faults.clear();
    await lane.onHead(headAt(3n), null);
    expect(await statuses()).to.deep.equal(["sent"]);
    expect(chain.sent).to.have.length(2);
    // It is decided anew, and taken back where nobody wants it any more.
    expect(lane.slotOf(A)?.isOrphaned).to.equal(true);
  });

  it("looks again for what a reorg took back when the journal could not be written", async () => {
    const lane = await open();
    const hash = await hashOf(send(lane, A, 1n));
    chain.count = 1n;
    chain.mine(hash, 2n, "lost");
    await lane.onHead(headAt(2n, "lost"), null);

    chain.count = 0n;
    chain.unmine(hash);
    journal.reopen = () => Promise.reject(new Error("the database is down"));
    const reorg = { depth: 1, ancestor: 1n, dropped: [], pastFinality: false };
    await lane.onHead(headAt(2n), reorg).catch(() => undefined);
    Reflect.deleteProperty(journal, "reopen");
    await lane.onHead(headAt(3n), null);
    expect(await statuses()).to.deep.equal(["sent"]);
  });

  it("shows nobody what it signed once it may have lost its lease meanwhile", async () => {
    const { key, holder, token, lost, release } = (await acquireLease(database, {
      ...{ key: "l", holder: "h", ttl: 600, log: silentLog },
    }))!;
    let isHeld = true;
    journal.recordSigned = async (...signed) => {
      await Journal.prototype.recordSigned.apply(journal, signed);
      // The machine slept: the database still has the lease, this process cannot know it.
      isHeld = false;
    };
    const lane = await open({ lease: { key, holder, token, lost, release, isHeld: () => isHeld } });
    const error: unknown = await send(lane, A, 1n).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(LeaseLostError);
    expect([chain.sent.length, await statuses()]).to.deep.equal([0, ["signed"]]);
  });

  for (const [what, branch, isOrphaned] of [
    ["takes up as undecided what was decided at a block that is gone", "lost", true],
    ["takes up as decided what was decided at a block that stands", "main", false],
  ] as const) {
    it(what, async () => {
      await send(await open(), A, 1n, { head: headAt(1n, branch) });
      await database.db.deleteFrom("leases").execute();
      const lane = await open();
      await lane.reconcile();
      expect(lane.slotOf(A)?.isOrphaned).to.equal(isOrphaned);
    });
  }

  it("sends bytes again until their deadline, and not after", async () => {
    const lane = await open();
    await send(lane, A, 1n, { deadline: headAt(9n).timestamp });
    await lane.onHead(headAt(9n), null);
    expect(chain.sent).to.have.length(2);
    await lane.onHead(headAt(10n), null);
    expect([chain.sent.length, await statuses()]).to.deep.equal([2, ["sent"]]);
  });

  it("replaces nothing for more than the trade is worth", async () => {
    const lane = await open();
    // Offers 3 gwei, so that nothing below 3.375 can take its place.
    const hash = await hashOf(send(lane, A, 1n));
    expect(await send(lane, A, 2n, { ceiling: (337n * GWEI) / 100n })).to.have.property("refused");
    expect([chain.sent.length, lane.slotOf(A)?.newest?.hash]).to.deep.equal([1, hash]);
    await hashOf(send(lane, A, 2n, { ceiling: (338n * GWEI) / 100n }));
    expect(noncesSent()).to.deep.equal([0, 0]);
  });

  it("replaces at its nonce what was private before it was everybody's", async () => {
    const relayed: Hex[] = [];
    const lane = await open({
      privateRoute: {
        publicAfter: 60,
        send: async (raw) => {
          relayed.push(raw);
          return { kind: "known", text: "accepted" };
        },
        status: async () => "pending",
      },
    });
    await send(lane, A, 1n);
    await lane.onHead(headAt(6n), null);
    expect(chain.sent).to.deep.equal(relayed);
    await send(lane, A, 7n);
    expect([relayed.length, noncesSent()]).to.deep.equal([1, [0, 0]]);
  });

  it("keeps what a reconciled lane got through while the first try was still being refused", async () => {
    const lane = await open({ signer: notForB });
    let refuse: (() => void) | undefined;
    chain.provider.faults.set("eth_sendRawTransaction", (forward) => {
      if (refuse !== undefined) return forward();
      return new Promise((_, reject) => {
        refuse = () => reject(new Error("insufficient funds for gas * price + value"));
      });
    });
    const sending = send(lane, A, 1n);
    while (refuse === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    await send(lane, B, 1n).catch(() => undefined);
    await lane.onHead(headAt(2n), null);
    refuse();
    await sending;
    expect([await statuses(), lane.nextNonce]).to.deep.equal([["sent", "abandoned"], 1n]);
    expect(chain.sent).to.have.length(1);
  });

  it("sends what the journal holds, also when it was told that the write had failed", async () => {
    const lane = await open();
    journal.recordSigned = async (...signed) => {
      await Journal.prototype.recordSigned.apply(journal, signed);
      throw new Error("connection reset");
    };
    await send(lane, A, 1n).catch(() => undefined);
    expect(chain.sent).to.deep.equal([]);
    await lane.onHead(headAt(2n), null);
    expect([await statuses(), noncesSent()]).to.deep.equal([["sent"], [0]]);
  });
});
