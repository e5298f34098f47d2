import { expect } from "chai";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import type { Address, Hash } from "viem";

import { lockDirectory, StoreLockedError } from "../../keeper/store/directoryLock.ts";
import { openDatabase, type Database } from "../../keeper/store/database.ts";
import { Journal, openJournal, type DecisionRecord, type SignedRecord } from "../../keeper/store/journal.ts";
import { parseJson, toJson } from "../../keeper/store/json.ts";
import type { Decision, DecisionInput } from "../../keeper/strategy/types.ts";
import { expectNear } from "../support/near.ts";

const VAULT: Address = "0x00000000000000000000000000000000000000aA";
const OTHER_VAULT: Address = "0x00000000000000000000000000000000000000bb";
const ACCOUNT: Address = "0x00000000000000000000000000000000000000cc";
const HASH: Hash = `0x${"ab".repeat(32)}`;

const input: DecisionInput = {
  timestamp: 1_722_643_200,
  spot: 2987.123456789012,
  legs: [
    {
      type: "call",
      strike: 3200,
      cap: 4000,
      expiry: 1_723_000_000,
      quantity: -12.5,
      sigma: 0.6123,
      forwardRatio: 1.0004,
    },
  ],
  hedgeDelta: 3.000000000000001,
  sigma: 0.1 + 0.2,
  gasUsd: 1.5e-7,
  feeRate: 0.0005,
  kappa: 1e-21,
  checkInterval: 12,
  lastRebalanceAt: null,
  marginCall: false,
  limits: { delta: 50, minDrift: 0.01, maxAge: 86_400 },
};
const hold: Decision = {
  action: "hold",
  reason: "inside-band",
  drift: -0.25,
  trade: 0,
  band: { b: Infinity, t: 0, c: 0, centre: 0 },
  gain: 1,
  cost: 2,
};
const trade: Decision = { ...hold, action: "rebalance", reason: "gain-over-gas", trade: 0.2 };

function record(decision: Decision, changes: Partial<DecisionRecord> = {}): DecisionRecord {
  const block = { number: 19_000_000n, hash: HASH, timestamp: BigInt(input.timestamp) };
  return { vault: VAULT, chainId: 31337, block, strategy: "optimal-impulse", input, decision, ...changes };
}

function signed(decisionId: bigint, changes: Partial<SignedRecord> = {}): SignedRecord {
  return {
    vault: VAULT,
    chainId: 31337,
    decisionId,
    account: ACCOUNT,
    rebalanceNonce: 7n,
    txNonce: 3n,
    deadline: 1_722_643_800n,
    maxFeePerGas: 20_000_000_000_000_000_000n,
    maxPriorityFeePerGas: 100_000_000n,
    raw: "0x02f8",
    hash: HASH,
    ...changes,
  };
}

describe("journal", () => {
  // Starting the database takes longer than all the tests do.
  let database: Database;
  before(async () => {
    database = await openDatabase();
  });
  after(() => database.close());

  async function empty(batchSize = 256): Promise<Journal> {
    await database.db.deleteFrom("executions").execute();
    await database.db.deleteFrom("decisions").execute();
    return new Journal(database, batchSize, 0n);
  }

  it("gives back a decision exactly as it was made", async () => {
    const journal = await empty();
    const id = await journal.recordDecision(record(hold));
    const [stored] = await journal.decisions({ limit: 1 });
    expect(stored).to.deep.equal({ ...record(hold), id });
  });

  it("writes waiting holds before a signed transaction, and keeps amounts above 64 bits", async () => {
    const journal = await empty(1000);
    for (let i = 0; i < 10; i += 1) await journal.recordDecision(record(hold));
    const decisionId = await journal.recordDecision(record(trade));
    const id = await journal.recordSigned(signed(decisionId));
    expect(await journal.unsettled({ vault: VAULT, chainId: 31337, account: ACCOUNT })).to.deep.equal([
      { ...signed(decisionId), id, status: "signed" },
    ]);
  });

  it("lists as unsettled only what may still be mined, by nonce, for that vault, chain and account", async () => {
    const journal = await empty();
    const decisionId = await journal.recordDecision(record(trade));
    const late = await journal.recordSigned(signed(decisionId, { txNonce: 12n }));
    const early = await journal.recordSigned(signed(decisionId, { txNonce: 9n }));
    const mined = await journal.recordSigned(signed(decisionId, { txNonce: 8n }));
    await journal.recordSigned(signed(decisionId, { vault: OTHER_VAULT }));
    await journal.recordSigned(signed(decisionId, { chainId: 1 }));
    await journal.recordSigned(signed(decisionId, { account: VAULT }));
    await journal.recordOutcome(late, { status: "sent" });
    await journal.recordOutcome(mined, { status: "confirmed", gasUsed: 1n, effectiveGasPrice: 1n });
    const unsettled = await journal.unsettled({ vault: VAULT, chainId: 31337, account: ACCOUNT });
    expect(unsettled.map(({ id, status }) => [id, status])).to.deep.equal([
      [early, "signed"],
      [late, "sent"],
    ]);
  });

  it("adds up one vault's work", async () => {
    const journal = await empty(2);
    for (let i = 0; i < 5; i += 1) await journal.recordDecision(record(hold));
    await journal.recordDecision(record(hold, { vault: OTHER_VAULT }));
    const first = await journal.recordSigned(signed(await journal.recordDecision(record(trade))));
    await journal.recordOutcome(first, {
      status: "confirmed",
      gasUsed: 400_000n,
      effectiveGasPrice: 10n ** 10n,
      blockNumber: 19_000_001n,
      blockHash: HASH,
    });
    const second = await journal.recordSigned(
      signed(await journal.recordDecision(record(trade)), { txNonce: 4n }),
    );
    await journal.recordOutcome(second, {
      status: "reverted",
      gasUsed: 100_000n,
      effectiveGasPrice: 10n ** 10n,
    });
    const decisionId = await journal.recordDecision(record(trade));
    await journal.recordBlocked({
      vault: VAULT,
      chainId: 31337,
      decisionId,
      account: ACCOUNT,
      rebalanceNonce: 8n,
      error: "TooSoon()",
    });
    const { gasUsd, ...summary } = await journal.summary(VAULT);
    expect(summary).to.deep.equal({
      decisions: 8,
      holds: 5,
      rebalances: 1,
      blocked: 1,
      reverted: 1,
      gasUsed: 500_000n,
    });
    expectNear(gasUsd, 0.005 * input.spot, 1e-9);
  });

  it("counts on from the last decision after it is opened again", async () => {
    const directory = mkdtempSync(join(tmpdir(), "keel-journal-"));
    try {
      const journal = await openJournal({ directory });
      await journal.recordDecision(record(hold));
      const decisionId = await journal.recordDecision(record(trade));
      await journal.recordSigned(signed(decisionId));
      await journal.recordDecision(record(hold));
      await journal.close();

      const again = await openJournal({ directory });
      expect(await again.recordDecision(record(hold))).to.equal(4n);
      expect(await again.unsettled({ vault: VAULT, chainId: 31337, account: ACCOUNT })).to.have.length(1);
      expect((await again.decisions({ limit: 10 })).map(({ id }) => id)).to.deep.equal([4n, 3n, 2n, 1n]);
      await again.close();
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it("takes decisions from several callers at once without losing or doubling one", async () => {
    const journal = await empty(3);
    await Promise.all(Array.from({ length: 50 }, () => journal.recordDecision(record(hold))));
    await Promise.all([journal.flush(), journal.flush()]);
    expect((await journal.decisions({ limit: 100 })).map(({ id }) => id)).to.have.length(50);
  });
});

describe("directory lock", () => {
  let directory: string;
  let file: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "keel-lock-"));
    file = join(directory, "keeper.lock");
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  it("admits one holder at a time", () => {
    const unlock = lockDirectory(directory);
    expect(() => lockDirectory(directory)).to.throw(StoreLockedError, "this process");
    unlock();
    unlock();
    lockDirectory(directory)();
  });

  it("refuses while another process lives", () => {
    const started = readFileSync(`/proc/${String(process.ppid)}/stat`, "utf8")
      .split(") ")[1]!
      .split(" ")[19];
    writeFileSync(file, JSON.stringify({ host: hostname(), pid: process.ppid, started }));
    expect(() => lockDirectory(directory)).to.throw(StoreLockedError, `process ${String(process.ppid)}`);
  });

  it("refuses what it cannot check, on another host", () => {
    writeFileSync(file, JSON.stringify({ host: "elsewhere", pid: 1, started: "1" }));
    expect(() => lockDirectory(directory)).to.throw(StoreLockedError, "elsewhere");
  });

  for (const [what, text] of [
    ["a process that is gone", JSON.stringify({ host: hostname(), pid: 2 ** 22 + 1, started: "1" })],
    [
      "an earlier life of this process number",
      JSON.stringify({ host: hostname(), pid: process.pid, started: "1" }),
    ],
    [
      "another process that now has the number",
      JSON.stringify({ host: hostname(), pid: process.ppid, started: "1" }),
    ],
    ["a write that was cut off", '{"host":'],
  ] as const) {
    it(`takes over the lock of ${what}`, () => {
      writeFileSync(file, text);
      lockDirectory(directory)();
    });
  }
});

describe("JSON of the journal", () => {
  it("keeps bigints and the floats JSON lacks", () => {
    const value = { a: [2n ** 255n, -1n], b: { c: Infinity, d: -Infinity, e: -0, f: 0.1 }, g: null, h: "1" };
    expect(parseJson(toJson(value))).to.deep.equal(value);
    expect(parseJson(toJson(NaN))).to.be.NaN;
  });
});
