import { expect } from "chai";

import { Journal, type IntentRecord } from "../../../keeper/store/journal.ts";
import { acquireLease, LeaseLostError, type Lease } from "../../../keeper/store/leases.ts";
import { silentLog } from "../../../keeper/log/logger.ts";
import { expectNear } from "../../support/near.ts";
import { describeEngines } from "../utils/engines.ts";
import {
  ACCOUNT,
  CHAIN,
  decisionRecord,
  HASH,
  hashOf,
  hold,
  input,
  intentRecord,
  LANE,
  lease as takeLease,
  OTHER_VAULT,
  trade,
  VAULT,
} from "../utils/journalRecords.ts";

describeEngines("executions", (fixture) => {
  let journal: Journal;
  let lease: Lease;
  let hashes = 0;
  beforeEach(async () => {
    journal = new Journal(fixture.database);
    lease = await takeLease(fixture.database);
  });
  afterEach(() => lease.release());

  async function signed(changes: Partial<IntentRecord> = {}): Promise<bigint> {
    const id = await journal.recordIntent(intentRecord(null, changes), lease);
    hashes += 1;
    await journal.recordSigned(id, { raw: "0x02f8", hash: hashOf(hashes) }, lease);
    return id;
  }
  const statusOf = async (id: bigint) =>
    (await journal.executions({ limit: 99 })).find((row) => (row.id as unknown as bigint) === id)?.status;
  async function lost(promise: Promise<unknown>): Promise<void> {
    await promise.then(
      () => expect.fail("It was written."),
      (error: unknown) => expect(error).to.be.instanceOf(LeaseLostError),
    );
  }
  /** Another process takes the lane over. */
  async function takeOver(): Promise<Lease> {
    await fixture.database.db
      .updateTable("leases")
      .set({ expires_at: new Date(0) })
      .execute();
    return (await acquireLease(fixture.database, { key: "lane", holder: "other", ttl: 60, log: silentLog }))!;
  }
  const mined = {
    gasUsed: 400_000n,
    effectiveGasPrice: 10n ** 10n,
    blockNumber: 19_000_001n,
    blockHash: HASH,
  };

  it("writes waiting decisions before an intent, and keeps amounts above 64 bits", async () => {
    for (let i = 0; i < 10; i += 1) await journal.recordDecision(decisionRecord(hold));
    const decisionId = await journal.recordDecision(decisionRecord(trade));
    const intent = intentRecord(decisionId, { kind: "cancel", route: "private" });
    const id = await journal.recordIntent(intent, lease);
    const nothing = { raw: null, hash: null, sentAt: null };
    expect(await journal.unsettled(LANE)).to.deep.equal([{ ...intent, id, status: "intent", ...nothing }]);
    await journal.recordSigned(id, { raw: "0x02f8", hash: HASH }, lease);
    expect(await journal.unsettled(LANE)).to.deep.equal([
      { ...intent, id, status: "signed", raw: "0x02f8", hash: HASH, sentAt: null },
    ]);
    const [row] = await journal.executions({ limit: 1 });
    expect([row!.fence, row!.final, row!.events]).to.deep.equal([lease.token, false, []]);
    expectNear(Number(row!.created_at), Date.now() / 1000, 5);
  });

  it("lists as unsettled what may still be mined, of every vault of the lane, by nonce", async () => {
    const late = await signed({ txNonce: 12n });
    const early = await signed({ txNonce: 9n, vault: OTHER_VAULT });
    const intent = await journal.recordIntent(intentRecord(null, { txNonce: 13n }), lease);
    const done = await signed({ txNonce: 8n });
    const abandoned = await journal.recordIntent(intentRecord(null, { txNonce: 14n }), lease);
    await signed({ chainId: 1 });
    await signed({ account: VAULT });
    await journal.recordOutcome(late, { status: "sent" });
    await journal.recordOutcome(done, { status: "confirmed", ...mined });
    await journal.recordOutcome(abandoned, { status: "abandoned" });
    const unsettled = await journal.unsettled(LANE);
    expect(unsettled.map(({ id, status }) => [id, status])).to.deep.equal([
      [early, "signed"],
      [late, "sent"],
      [intent, "intent"],
    ]);
  });

  it("remembers when a node first accepted a transaction, by the database's clock", async () => {
    const id = await signed();
    await journal.recordOutcome(id, { status: "sent" });
    const [first] = await journal.unsettled(LANE);
    expectNear(Number(first!.sentAt), Date.now() / 1000, 5);
    await fixture.database.db.updateTable("executions").set({ sent_at: 5n }).execute();
    await journal.recordOutcome(id, { status: "sent" });
    expect((await journal.unsettled(LANE))[0]!.sentAt).to.equal(5n);
  });

  it("does not undo what another process has seen", async () => {
    const id = await signed();
    await journal.recordOutcome(id, { status: "confirmed", ...mined });
    await journal.recordOutcome(id, { status: "sent" });
    expect(await statusOf(id)).to.equal("confirmed");
    const other = await signed();
    await journal.recordOutcome(other, { status: "abandoned" });
    expect(await statusOf(other)).to.equal("signed");
  });

  it("refuses an intent of one who no longer has the lease", async () => {
    const next = await takeOver();
    await lost(journal.recordIntent(intentRecord(null), lease));
    expect(lease.isHeld()).to.equal(false);
    expect(lease.lost.aborted).to.equal(true);
    expect(await journal.unsettled(LANE)).to.deep.equal([]);
    await next.release();
  });

  it("refuses a write that met the takeover on its way", async function () {
    if (fixture.engine === "pglite") this.skip();
    const id = await journal.recordIntent(intentRecord(null), lease);
    const writes: Promise<unknown>[] = [];
    await fixture.database.db.transaction().execute(async (other) => {
      await other.updateTable("leases").set({ holder: "other", token: 2n }).execute();
      writes.push(
        lost(journal.recordIntent(intentRecord(null), lease)),
        lost(journal.recordSigned(id, { raw: "0x02f8", hash: HASH }, lease)),
      );
      // Both wait for it now.
      await new Promise((resolve) => setTimeout(resolve, 200));
    });
    await Promise.all(writes);
    expect((await journal.unsettled(LANE)).map(({ status }) => status)).to.deep.equal(["intent"]);
  });

  it("refuses the signed bytes of one who no longer has the lease, and of an abandoned intent", async () => {
    const id = await journal.recordIntent(intentRecord(null), lease);
    const next = await takeOver();
    expect(lease.isHeld()).to.equal(true);
    await lost(journal.recordSigned(id, { raw: "0x02f8", hash: HASH }, lease));
    expect([lease.isHeld(), lease.lost.aborted]).to.deep.equal([false, true]);
    await journal.recordOutcome(id, { status: "abandoned" });
    await lost(journal.recordSigned(id, { raw: "0x02f8", hash: HASH }, next));
    expect((await journal.executions({ limit: 9 })).map(({ status, raw }) => [status, raw])).to.deep.equal([
      ["abandoned", null],
    ]);
    await next.release();
  });

  it("takes the same signed bytes twice, but no others", async () => {
    const id = await journal.recordIntent(intentRecord(null), lease);
    await journal.recordSigned(id, { raw: "0x02f8", hash: HASH }, lease);
    await journal.recordSigned(id, { raw: "0x02f8", hash: HASH }, lease);
    await lost(journal.recordSigned(id, { raw: "0x02f9", hash: hashOf(1) }, lease));
  });

  it("lists what is mined until it is final", async () => {
    const first = await signed({ txNonce: 1n });
    const second = await signed({ txNonce: 2n });
    await journal.recordOutcome(first, { status: "confirmed", ...mined, blockNumber: 10n });
    await journal.recordOutcome(second, { status: "reverted", ...mined, blockNumber: 11n });
    const recent = async () =>
      (await journal.recent(LANE)).map(({ id, status, block }) => [id, status, block.number]);
    expect(await recent()).to.deep.equal([
      [first, "confirmed", 10n],
      [second, "reverted", 11n],
    ]);
    await journal.markFinal({ chainId: 1, upTo: 100n });
    await journal.markFinal({ chainId: CHAIN, upTo: 10n });
    expect(await recent()).to.deep.equal([[second, "reverted", 11n]]);
  });

  it("opens a transaction again whose block is gone, with all it had replaced", async () => {
    const old = await signed();
    await journal.recordOutcome(old, { status: "sent" });
    const unsigned = await journal.recordIntent(intentRecord(null), lease);
    const id = await signed();
    const elsewhere = await signed({ chainId: 1 });
    const another = await signed({ account: OTHER_VAULT });
    await journal.recordOutcome(id, {
      status: "confirmed",
      ...mined,
      events: [{ name: "Rebalanced", args: {} }],
    });
    const unknown = await signed();
    await journal.recordOutcome(unknown, { status: "superseded" });
    for (const other of [old, unsigned, elsewhere, another])
      await journal.recordOutcome(other, { status: "replaced" });
    await journal.reopen(id);
    expect((await journal.unsettled(LANE)).map((found) => [found.id, found.status])).to.deep.equal([
      [old, "sent"],
      [id, "sent"],
      [unknown, "sent"],
    ]);
    for (const other of [elsewhere, another]) expect(await statusOf(other)).to.equal("replaced");
    const row = (await journal.executions({ limit: 9 })).find(({ id: found }) => (found as unknown) === id);
    const { gas_used, effective_gas_price, fee, block_number, block_hash, events, final } = row!;
    expect([gas_used, effective_gas_price, fee, block_number, block_hash, events, final]).to.deep.equal([
      null,
      null,
      null,
      null,
      null,
      [],
      false,
    ]);
  });

  it("takes whatever text a contract reverts with", async () => {
    const id = await signed();
    const events = [{ name: "Note", args: { text: "a\0b\ud800" } }];
    await journal.recordOutcome(id, { status: "reverted", ...mined, error: "Error(\0\ud800)", events });
    const blocked = {
      vault: VAULT,
      chainId: CHAIN,
      account: ACCOUNT,
      decisionId: null,
      rebalanceNonce: null,
    };
    await journal.recordBlocked({ ...blocked, error: "\0" });
    expect((await journal.executions({ limit: 2 })).map((row) => [row.error, row.events])).to.deep.equal([
      ["\ufffd", []],
      ["Error(\ufffd\ufffd)", [{ name: "Note", args: { text: "a\ufffdb\ufffd" } }]],
    ]);
  });

  it("adds up one vault's work", async () => {
    const block = { ...decisionRecord(hold).block };
    for (let i = 0; i < 5; i += 1) await journal.recordDecision(decisionRecord(hold));
    await journal.recordDecision(decisionRecord(hold, { vault: OTHER_VAULT }));
    const ids = [
      await signed({ decisionId: await journal.recordDecision(decisionRecord(trade)) }),
      await signed({ decisionId: await journal.recordDecision(decisionRecord(trade)), txNonce: 4n }),
    ];
    await journal.recordOutcome(ids[0]!, { status: "confirmed", ...mined });
    await journal.recordOutcome(ids[1]!, { status: "reverted", ...mined, gasUsed: 100_000n });
    const decisionId = await journal.recordDecision(decisionRecord(trade));
    const blocked = { vault: VAULT, chainId: CHAIN, decisionId, account: ACCOUNT };
    await journal.recordBlocked({ ...blocked, rebalanceNonce: 8n, error: "TooSoon()" });
    // What a shadow of this keeper would have done, here and where it was refused.
    for (const decision of [hold, trade])
      await journal.recordDecision(decisionRecord(decision, { mode: "shadow" }));
    const shadowed = await journal.recordDecision(decisionRecord(trade, { mode: "shadow" }));
    await journal.recordBlocked({ ...blocked, decisionId: shadowed, rebalanceNonce: 8n, error: "TooSoon()" });
    // Asked for by no decision: at the price of the last one before it.
    const dearer = { ...input, spot: input.spot * 2 };
    await journal.recordDecision(
      decisionRecord(hold, { input: dearer, block: { ...block, number: block.number + 1n } }),
    );
    const head = { number: block.number + 5n, hash: HASH };
    const settle = await signed({ kind: "settle", rebalanceNonce: null, txNonce: 5n, head });
    await journal.recordOutcome(settle, { status: "confirmed", ...mined });
    const { gasUsd, ...summary } = await journal.summary(VAULT);
    expect(summary).to.deep.equal({
      decisions: 9,
      holds: 6,
      rebalances: 1,
      blocked: 1,
      reverted: 1,
      gasUsed: 900_000n,
      lastRebalanceGas: 400_000n,
    });
    expect((await journal.attempts(OTHER_VAULT)).lastRebalanceGas).to.equal(null);
    expectNear(gasUsd, (0.005 + 2 * 0.004) * input.spot, 1e-9);
    expect((await journal.summary(VAULT, 1)).decisions).to.equal(0);
  });
});
