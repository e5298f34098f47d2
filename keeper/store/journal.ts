import type { Address, Hash, Hex } from "viem";

import { openDatabase, type Database, type DatabaseLocation } from "./database.ts";
import { DecisionLog } from "./decisions.ts";
import { ExecutionLog } from "./executions.ts";
import type { Lease } from "./leases.ts";
import { prune } from "./prune.ts";
import type {
  DecisionMode,
  ExecutionKind,
  ExecutionRoute,
  ExecutionStatus,
  ExecutionTable,
} from "./schema.ts";
import { summarise, summariseAttempts, type AttemptSummary, type Summary } from "./summary.ts";
import type { RecordedInput } from "../risk/riskRecord.ts";
import type { Decision } from "../strategy/types.ts";

/** The vault a record belongs to. */
export interface Subject {
  readonly vault: Address;
  readonly chainId: number;
}

/** The account whose nonces a record is about. */
export interface LaneKey {
  readonly chainId: number;
  readonly account: Address;
}

/** The block a decision was made at. */
export interface DecisionBlock {
  readonly number: bigint;
  readonly hash: Hash;
  /** Unix seconds. */
  readonly timestamp: bigint;
}

/** One decision with all that is needed to make it again. */
export interface DecisionRecord extends Subject {
  readonly block: DecisionBlock;
  readonly strategy: string;
  /** What the strategy was made with, for making it again. */
  readonly params?: unknown;
  /** Default: live. */
  readonly mode?: DecisionMode;
  readonly input: RecordedInput;
  readonly decision: Decision;
}

/** A decision as it was recorded. */
export interface StoredDecision extends DecisionRecord {
  readonly id: bigint;
  readonly params: unknown;
  readonly mode: DecisionMode;
}

/** Which decisions; every bound is part of its range. */
export interface DecisionRange extends Partial<Subject> {
  /** Block numbers. */
  readonly from?: bigint;
  readonly to?: bigint;
  /** Times of blocks, unix seconds. */
  readonly since?: bigint;
  readonly until?: bigint;
  readonly mode?: DecisionMode;
}

/** A transaction that is about to be signed: its nonce is taken. */
export interface IntentRecord extends Subject, LaneKey {
  readonly kind: ExecutionKind;
  readonly route: ExecutionRoute;
  readonly decisionId: bigint | null;
  readonly rebalanceNonce: bigint | null;
  readonly txNonce: bigint;
  /** Unix seconds. */
  readonly deadline: bigint;
  /** Wei. */
  readonly maxFeePerGas: bigint;
  /** Wei. */
  readonly maxPriorityFeePerGas: bigint;
  readonly gasLimit: bigint;
  /** The block it was decided at. */
  readonly head: { readonly number: bigint; readonly hash: Hash };
}

/** What was signed for an intent. */
export interface SignedBytes {
  readonly raw: Hex;
  readonly hash: Hash;
}

/** A transaction whose end is not known. */
export interface Unsettled extends IntentRecord {
  readonly id: bigint;
  readonly status: "intent" | "signed" | "sent";
  /** Null while it is an intent. */
  readonly raw: Hex | null;
  readonly hash: Hash | null;
  /** Unix seconds of the database's clock at which a node first accepted it. */
  readonly sentAt: bigint | null;
}

/** A transaction that is in a block, which a reorganisation may still drop. */
export interface Mined extends IntentRecord {
  readonly id: bigint;
  readonly status: "confirmed" | "reverted";
  readonly raw: Hex;
  readonly hash: Hash;
  readonly sentAt: bigint | null;
  readonly block: { readonly number: bigint; readonly hash: Hash };
}

/** A decision to act that was not sent, and why. */
export interface BlockedRecord extends Subject, LaneKey {
  readonly decisionId: bigint | null;
  readonly rebalanceNonce: bigint | null;
  /** Default: rebalance. */
  readonly kind?: ExecutionKind;
  readonly error: string;
}

/** A decoded event of a mined transaction. */
export interface JournalEvent {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** How far a transaction came. Gas and fee are those of its receipt, where it has one. */
export interface Outcome {
  readonly status: Exclude<ExecutionStatus, "intent" | "signed" | "blocked">;
  readonly error?: string;
  readonly gasUsed?: bigint;
  /** Wei. */
  readonly effectiveGasPrice?: bigint;
  readonly blockNumber?: bigint;
  readonly blockHash?: Hash;
  readonly events?: readonly JournalEvent[];
}

export type JournalOptions = DatabaseLocation & {
  /** Decisions kept in memory before they are written together. */
  readonly batchSize?: number;
};

/** Holds are written together: one by one they would take most of a block's time when history is replayed. */
const BATCH_SIZE = 256;

/**
 * Opens the record of every decision and every transaction, with a database of its own.
 * Throws StoreLockedError where another process has the directory, DatabaseError where the server cannot be used.
 */
export async function openJournal(options: JournalOptions = {}): Promise<Journal> {
  return new Journal(await openDatabase(options), options);
}

/** The record of every decision and every transaction, of all vaults and lanes of this process. */
export class Journal {
  readonly #database: Database;
  readonly #decisions: DecisionLog;
  readonly #executions: ExecutionLog;

  constructor(database: Database, { batchSize = BATCH_SIZE }: { readonly batchSize?: number } = {}) {
    this.#database = database;
    this.#decisions = new DecisionLog(database, batchSize);
    this.#executions = new ExecutionLog(database);
  }

  /**
   * Records a decision; it is on disk after the next {@link flush}, at the latest when the batch is full.
   * Throws, and records nothing, where it has used up its ids and the database gives it no more.
   */
  recordDecision(record: DecisionRecord): Promise<bigint> {
    return this.#decisions.record(record);
  }

  /** Writes what waits in memory. On failure it keeps waiting, and the next call tries again. */
  flush(): Promise<void> {
    return this.#decisions.flush();
  }

  /**
   * Takes a nonce: saves what is about to be signed, and before it every decision that still waits.
   * Throws LeaseLostError, and saves no intent, where `lease` is not held any more. Where it throws anything else, the
   * intent may have been saved; as nothing is signed, it only needs to be abandoned.
   */
  async recordIntent(intent: IntentRecord, lease: Lease): Promise<bigint> {
    await this.flush();
    return this.#executions.insertIntent(intent, lease);
  }

  /**
   * Saves the signed bytes of an intent: call it before broadcasting. Saying the same twice is no error.
   * Throws LeaseLostError where `lease` is not held any more or the intent was abandoned. Whatever it throws, nothing
   * may be broadcast before a second call succeeds.
   */
  recordSigned(executionId: bigint, signed: SignedBytes, lease: Lease): Promise<void> {
    return this.#executions.setSigned(executionId, signed, lease);
  }

  /** Records that a decision to act was not sent. */
  async recordBlocked(record: BlockedRecord): Promise<bigint> {
    await this.flush();
    return this.#executions.insertBlocked(record);
  }

  /**
   * Records how far a transaction came. `sent` changes only what is signed or sent, and `abandoned` only an intent: a
   * process that lags behind does not undo what another has seen. What a rebalance was counted to gain in an earlier block is forgotten.
   */
  recordOutcome(executionId: bigint, outcome: Outcome): Promise<void> {
    return this.#executions.setOutcome(executionId, outcome);
  }

  /**
   * Takes back the end of a transaction whose block is gone: it is `sent` again, and so is every other of its
   * nonce that was signed, as now any of them may be mined. What it was counted to gain is forgotten. Read {@link unsettled} afterwards.
   */
  reopen(executionId: bigint): Promise<void> {
    return this.#executions.reopen(executionId);
  }

  /** Marks what was mined at or below a block as final. */
  markFinal(bound: { readonly chainId: number; readonly upTo: bigint }): Promise<void> {
    return this.#executions.markFinal(bound);
  }

  /** The transactions of a lane whose end is not known, of all its vaults, the oldest nonce first. */
  unsettled(lane: LaneKey): Promise<Unsettled[]> {
    return this.#executions.unsettled(lane);
  }

  /** The transactions of a lane that were mined and are not final yet, the oldest nonce first. */
  recent(lane: LaneKey): Promise<Mined[]> {
    return this.#executions.recent(lane);
  }

  /** The last decisions, newest first. */
  decisions(range: DecisionRange & { readonly limit: number }): Promise<StoredDecision[]> {
    return this.#decisions.newest(range);
  }

  /** The decision of an id, or null where it was pruned. */
  decision(id: bigint): Promise<StoredDecision | null> {
    return this.#decisions.byId(id);
  }

  /** Every decision of a stretch, oldest first, of all vaults and chains it does not leave out, read in pages. */
  allDecisions(range: DecisionRange): AsyncGenerator<StoredDecision> {
    return this.#decisions.streamByTime(range);
  }

  /** Every decision about a vault, oldest first, read in pages. */
  streamDecisions(range: DecisionRange & Subject): AsyncGenerator<StoredDecision> {
    return this.#decisions.stream(range);
  }

  /** The last attempts to act, newest first, as stored. */
  executions(range: Partial<Subject> & { readonly limit: number }): Promise<ExecutionTable[]> {
    return this.#executions.newest(range);
  }

  /** What the keeper did for a vault, in total, without what was pruned. */
  async summary(vault: Address, chainId?: number): Promise<Summary> {
    await this.flush();
    return summarise(this.#database.db, vault, chainId);
  }

  /** The part of {@link summary} that transactions decide, which is quick to read. */
  attempts(vault: Address, chainId?: number): Promise<AttemptSummary> {
    return summariseAttempts(this.#database.db, vault, chainId);
  }

  /**
   * Deletes decisions older than `days` that no transaction was made of.
   * @returns How many there were.
   */
  prune(days: number): Promise<number> {
    return prune(this.#database, days);
  }

  /** Writes what waits and closes the database. */
  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      await this.#database.close();
    }
  }
}
