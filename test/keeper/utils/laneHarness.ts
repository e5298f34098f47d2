import { parseTransaction, type Address, type Hex } from "viem";
import { mnemonicToAccount } from "viem/accounts";

import { NonceLane, type LaneOptions, type SendRequest } from "../../../keeper/execution/lane.ts";
import type { PrivateRoute } from "../../../keeper/execution/privateRoute.ts";
import { silentLog } from "../../../keeper/log/logger.ts";
import type { Signer } from "../../../keeper/signer/signer.ts";
import { openDatabase, type Database } from "../../../keeper/store/database.ts";
import { Journal, type Outcome } from "../../../keeper/store/journal.ts";
import { acquireLease, type Lease } from "../../../keeper/store/leases.ts";
import { emptyDatabase } from "./emptyDatabase.ts";
import { FakeChain, headAt } from "./fakeChain.ts";

export const A: Address = `0x${"0a".repeat(20)}`;
export const B: Address = `0x${"0b".repeat(20)}`;
export const GWEI = 10n ** 9n;
export const signer = mnemonicToAccount("test test test test test test test test test test test junk", {
  addressIndex: 2,
});

/** Signs nothing that is to B. */
export const notForB: Signer = {
  address: signer.address,
  signTransaction: (transaction) =>
    transaction.to === B
      ? Promise.reject(new Error("The remote signer refused."))
      : signer.signTransaction({ ...transaction, type: "eip1559" }),
};

/** A relay that keeps for itself what it is sent, for a minute. */
export function relay(relayed: Hex[]): PrivateRoute {
  return {
    publicAfter: 60,
    send: async (raw) => {
      relayed.push(raw);
      return { kind: "known", text: "accepted" };
    },
    status: async () => "pending",
  };
}

/** Lanes on a chain and a journal that are new before every test of the suite that calls this. */
export function laneHarness() {
  let database: Database;
  let journal: Journal;
  let chain: FakeChain;

  before(async () => {
    database = await openDatabase();
  });
  after(() => database.close());
  beforeEach(async () => {
    await emptyDatabase(database);
    journal = new Journal(database);
    chain = new FakeChain();
  });

  /** A process of before is dead, and its lease has run out. */
  async function acquire(): Promise<Lease> {
    await database.db.deleteFrom("leases").execute();
    return (await acquireLease(database, { key: "l", holder: "h", ttl: 600, log: silentLog }))!;
  }
  function send(lane: NonceLane, vault: Address, at: bigint, changes: Partial<SendRequest> = {}) {
    const head = changes.head ?? headAt(at);
    return lane.send({
      ...({ vault, to: vault, kind: "rebalance", data: "0x12", gas: 100_000n, head } as const),
      ...{ deadline: head.timestamp + 600n, decisionId: null, rebalanceNonce: 0n },
      ...{ fees: { priorityFeePerGas: GWEI, maxBaseFeePerGas: null }, worth: 10n ** 18n },
      ...changes,
    });
  }

  return {
    get database() {
      return database;
    },
    get journal() {
      return journal;
    },
    get chain() {
      return chain;
    },
    acquire,
    /** A lane of a process of its own. */
    async open(changes: Partial<LaneOptions> = {}): Promise<NonceLane> {
      const lease = changes.lease ?? (await acquire());
      return new NonceLane({
        ...{ chainId: 31337, client: chain.client, signer, journal, lease },
        ...{ privateRoute: null, log: silentLog, priorityFeePerGas: GWEI },
        ...changes,
      });
    },
    send,
    async hashOf(sending: ReturnType<typeof send>): Promise<Hex> {
      const result = await sending;
      if ("refused" in result) throw new Error(result.refused);
      return result.hash;
    },
    statuses: async () => (await journal.executions({ limit: 100 })).toReversed().map(({ status }) => status),
    noncesSent: () => chain.sent.map((raw) => parseTransaction(raw).nonce ?? 0),
    /** Has something happen whenever an outcome is about to be written down. */
    beforeOutcome: (happen: (outcome: Outcome) => Promise<void>) => {
      const record = journal.recordOutcome.bind(journal);
      journal.recordOutcome = async (id, outcome) => {
        await happen(outcome);
        await record(id, outcome);
      };
    },
    /** The transaction that was sent last. */
    lastSent: () => parseTransaction(chain.sent.at(-1)!),
    /** Holds the first broadcast back. @returns Waits for it, and then has it refused when it is told to. */
    holdFirst: () => {
      let refuse: ((error: Error) => void) | undefined;
      chain.provider.faults.set("eth_sendRawTransaction", (forward) => {
        if (refuse !== undefined) return forward();
        return new Promise((_, reject) => (refuse = reject));
      });
      return async () => {
        while (refuse === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
        return () => refuse!(new Error("insufficient funds for gas * price + value"));
      };
    },
  };
}
