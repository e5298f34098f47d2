import { sql } from "kysely";
import type { Address, Hash, Hex } from "viem";

import { openDatabase, type Database } from "./database.ts";
import { toJson } from "./json.ts";
import type { ExecutionStatus, ExecutionTable } from "./schema.ts";
import { summarise, type Summary } from "./summary.ts";
import type { Decision, DecisionInput } from "../strategy/types.ts";

/** The vault a record belongs to. */
export interface Subject {
  readonly vault: Address;
  readonly chainId: number;
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
  readonly input: DecisionInput;
  readonly decision: Decision;
}

/** A signed transaction, saved before any node sees it. */
export interface SignedRecord extends Subject {
  readonly decisionId: bigint;
  readonly account: Address;
  readonly rebalanceNonce: bigint;
  readonly txNonce: bigint;
  /** Unix seconds. */
  readonly deadline: bigint;
  /** Wei. */
  readonly maxFeePerGas: bigint;
  /** Wei. */
  readonly maxPriorityFeePerGas: bigint;
  readonly raw: Hex;
  readonly hash: Hash;
}

/** A decision to trade that was not sent, and why. */
export interface BlockedRecord extends Subject {
  readonly decisionId: bigint;
  readonly account: Address;
  readonly rebalanceNonce: bigint;
  readonly error: string;
}

/** A decoded event of a mined transaction. */
export interface JournalEvent {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** How a signed transaction ended. Gas and fee are those of its receipt, where it has one. */
export interface Outcome {
  readonly status: Exclude<ExecutionStatus, "signed" | "blocked">;
  readonly error?: string;
  readonly gasUsed?: bigint;
  /** Wei. */
  readonly effectiveGasPrice?: bigint;
  readonly blockNumber?: bigint;
  readonly blockHash?: Hash;
  readonly events?: readonly JournalEvent[];
}

/** A signed transaction whose end is not known. */
export interface Unsettled extends SignedRecord {
  readonly id: bigint;
  readonly status: "signed" | "sent";
}

/** A decision as it was recorded. */
export interface StoredDecision extends DecisionRecord {
  readonly id: bigint;
}

export interface JournalOptions {
  /** Where the database lives; in memory where none is given. */
  readonly directory?: string;
  /** Decisions kept in memory before they are written together. */
  readonly batchSize?: number;
}

/** Holds are written together: one by one they would take most of a block's time when history is replayed. */
const BATCH_SIZE = 256;

/**
 * Opens the record of every decision and every transaction.
 * Throws StoreLockedError where another process has the directory.
 */
export async function openJournal(options: JournalOptions = {}): Promise<Journal> {
  const database = await openDatabase(options.directory);
  const last = await database.db
    .selectFrom("decisions")
    .select(({ fn }) => fn.max("id").as("id"))
    .executeTakeFirst();
  return new Journal(database, options.batchSize ?? BATCH_SIZE, last?.id ?? 0n);
}

/** The record of every decision and every transaction. Only {@link openJournal} makes one. */
export class Journal {
  readonly #database: Database;
  readonly #batchSize: number;
  #lastId: bigint;
  #waiting: StoredDecision[] = [];
  #writing: Promise<void> = Promise.resolve();

  constructor(database: Database, batchSize: number, lastId: bigint) {
    this.#database = database;
    this.#batchSize = batchSize;
    this.#lastId = lastId;
  }

  /** Records a decision; it is on disk after the next {@link flush}, at the latest when the batch is full. */
  async recordDecision(record: DecisionRecord): Promise<bigint> {
    this.#lastId += 1n;
    this.#waiting.push({ ...record, id: this.#lastId });
    if (this.#waiting.length >= this.#batchSize) await this.flush();
    return this.#lastId;
  }

  /** Writes what waits in memory. On failure it keeps waiting, and the next call tries again. */
  flush(): Promise<void> {
    // One write at a time, or two callers would insert the same rows; a failed one does not fail those after it.
    const write = this.#writing.catch(() => undefined).then(() => this.#writeWaiting());
    this.#writing = write;
    return write;
  }

  /** Saves a signed transaction, and before it every decision that still waits: call it before broadcasting. */
  async recordSigned(record: SignedRecord): Promise<bigint> {
    await this.flush();
    return this.#insertExecution({
      ...subjectColumns(record),
      decision_id: record.decisionId,
      status: "signed",
      tx_nonce: record.txNonce,
      deadline: record.deadline,
      max_fee_per_gas: record.maxFeePerGas,
      max_priority_fee_per_gas: record.maxPriorityFeePerGas,
      raw: record.raw,
      hash: record.hash,
    });
  }

  /** Records that a decision to trade was not sent. */
  async recordBlocked(record: BlockedRecord): Promise<bigint> {
    await this.flush();
    return this.#insertExecution({
      ...subjectColumns(record),
      decision_id: record.decisionId,
      status: "blocked",
      error: record.error,
    });
  }

  /** Records how far a signed transaction came. */
  async recordOutcome(executionId: bigint, outcome: Outcome): Promise<void> {
    const { gasUsed, effectiveGasPrice } = outcome;
    const values = {
      status: outcome.status,
      error: outcome.error ?? null,
      gas_used: gasUsed ?? null,
      effective_gas_price: effectiveGasPrice ?? null,
      fee: gasUsed === undefined || effectiveGasPrice === undefined ? null : gasUsed * effectiveGasPrice,
      block_number: outcome.blockNumber ?? null,
      block_hash: outcome.blockHash ?? null,
      events: toJson(outcome.events ?? []),
    };
    await this.#database.db.updateTable("executions").set(values).where("id", "=", executionId).execute();
  }

  /** The transactions of `account` for a vault whose end is not known, the oldest nonce first. */
  async unsettled(subject: Subject & { readonly account: Address }): Promise<Unsettled[]> {
    const rows = await this.#database.db
      .selectFrom("executions")
      .selectAll()
      .where("vault", "=", subject.vault)
      .where("chain_id", "=", BigInt(subject.chainId))
      .where("account", "=", subject.account)
      .where("status", "in", ["signed", "sent"])
      .orderBy("tx_nonce")
      .orderBy("id")
      .execute();
    return rows.map((row) => ({
      id: row.id,
      status: row.status as Unsettled["status"],
      vault: subject.vault,
      chainId: subject.chainId,
      account: subject.account,
      decisionId: row.decision_id,
      rebalanceNonce: row.rebalance_nonce,
      // A transaction that was signed has all of these: recordSigned is the only way to either status.
      txNonce: row.tx_nonce!,
      deadline: row.deadline!,
      maxFeePerGas: row.max_fee_per_gas!,
      maxPriorityFeePerGas: row.max_priority_fee_per_gas!,
      raw: row.raw as Hex,
      hash: row.hash as Hash,
    }));
  }

  /** The last decisions, newest first. */
  async decisions({ limit }: { readonly limit: number }): Promise<StoredDecision[]> {
    await this.flush();
    const rows = await this.#database.db
      .selectFrom("decisions")
      .selectAll()
      .orderBy("id", "desc")
      .limit(limit)
      .execute();
    return rows.map((row) => ({
      id: row.id,
      vault: row.vault as Address,
      chainId: Number(row.chain_id),
      block: { number: row.block_number, hash: row.block_hash as Hash, timestamp: row.block_timestamp },
      strategy: row.strategy,
      input: row.input,
      decision: row.decision,
    }));
  }

  /** The last attempts to act, newest first, as stored. */
  async executions({ limit }: { readonly limit: number }): Promise<ExecutionTable[]> {
    const rows = await this.#database.db
      .selectFrom("executions")
      .selectAll()
      .orderBy("id", "desc")
      .limit(limit)
      .execute();
    return rows as unknown as ExecutionTable[];
  }

  /** What the keeper did for a vault, in total. */
  async summary(vault: Address): Promise<Summary> {
    await this.flush();
    return summarise(this.#database.db, vault);
  }

  /** Writes what waits and closes the database. */
  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      await this.#database.close();
    }
  }

  async #writeWaiting(): Promise<void> {
    const batch = this.#waiting;
    if (batch.length === 0) return;
    const rows = batch.map(({ block, ...record }) => ({
      id: record.id.toString(),
      vault: record.vault,
      chain_id: record.chainId,
      block_number: block.number.toString(),
      block_hash: block.hash,
      block_timestamp: block.timestamp.toString(),
      strategy: record.strategy,
      action: record.decision.action,
      reason: record.decision.reason,
      input: record.input,
      decision: record.decision,
    }));
    await sql`
      insert into decisions
      select * from jsonb_to_recordset(${toJson(rows)}::jsonb) as row(
        id bigint, vault text, chain_id bigint, block_number bigint, block_hash text, block_timestamp bigint,
        strategy text, action text, reason text, input jsonb, decision jsonb
      )`.execute(this.#database.db);
    this.#waiting = this.#waiting.slice(batch.length);
  }

  async #insertExecution(values: NewExecution): Promise<bigint> {
    const row = await this.#database.db
      .insertInto("executions")
      .values({ ...EMPTY, ...values })
      .returning("id")
      .executeTakeFirstOrThrow();
    return row.id;
  }
}

type Columns = Omit<ExecutionTable, "id">;
type NewExecution = Pick<
  Columns,
  "decision_id" | "vault" | "chain_id" | "account" | "status" | "rebalance_nonce"
> &
  Partial<Columns>;

const EMPTY = {
  error: null,
  tx_nonce: null,
  deadline: null,
  max_fee_per_gas: null,
  max_priority_fee_per_gas: null,
  raw: null,
  hash: null,
  gas_used: null,
  effective_gas_price: null,
  fee: null,
  block_number: null,
  block_hash: null,
  events: "[]",
} satisfies Partial<Columns>;

function subjectColumns(
  record: Subject & { readonly account: Address; readonly rebalanceNonce: bigint },
): Pick<Columns, "vault" | "chain_id" | "account" | "rebalance_nonce"> {
  return {
    vault: record.vault,
    chain_id: BigInt(record.chainId),
    account: record.account,
    rebalance_nonce: record.rebalanceNonce,
  };
}
