import { sql, type Insertable, type Selectable } from "kysely";
import type { Address, Hash, Hex } from "viem";

import type { Database } from "./database.ts";
import type {
  BlockedRecord,
  IntentRecord,
  LaneKey,
  Mined,
  Outcome,
  SignedBytes,
  Subject,
  Unsettled,
} from "./journal.ts";
import { storableText, toJson } from "./json.ts";
import { heldBy, leaseLost, LeaseLostError, type Lease } from "./leases.ts";
import type { ExecutionStatus, ExecutionTable } from "./schema.ts";
import { unixNow } from "./time.ts";

type Row = Selectable<ExecutionTable>;

/** The record of transactions, from the moment their nonce is taken to the moment no reorganisation can undo them. */
export class ExecutionLog {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async insertIntent(intent: IntentRecord, lease: Lease): Promise<bigint> {
    const row = { ...EMPTY, ...intentColumns(intent), events: [], status: "intent", fence: lease.token };
    const columns = sql.join([...Object.keys(row), "created_at"].map((name) => sql.ref(name)));
    const values = sql.join([...Object.keys(row).map((name) => sql.ref(`row.${name}`)), unixNow]);
    // One statement, so that a server far away is asked once.
    const { rows } = await sql<{ id: bigint }>`
      with held as (${heldBy(lease)})
      insert into executions (${columns})
      select ${values} from held, jsonb_populate_record(null::executions, ${asRow(row)}::jsonb) as row
      returning id`.execute(this.#database.db);
    const id = rows[0]?.id;
    if (id === undefined) throw leaseLost(lease);
    return id;
  }

  async setSigned(id: bigint, { raw, hash }: SignedBytes, lease: Lease): Promise<void> {
    const { rows } = await sql<{ held: boolean; written: boolean }>`
      with held as (${heldBy(lease)}),
      written as (
        update executions set status = 'signed', raw = ${raw}, hash = ${hash}, fence = ${lease.token}
        from held
        -- The second: an answer that was lost, and it is written already.
        where id = ${id} and (status = 'intent' or status = 'signed' and hash = ${hash})
        returning id
      )
      select exists (select from held) as held, exists (select from written) as written`.execute(
      this.#database.db,
    );
    if (!rows[0]!.held) throw leaseLost(lease);
    // Another holder has abandoned the intent since, so this one's process was taken for dead.
    if (!rows[0]!.written) throw new LeaseLostError(lease.key);
  }

  async insertBlocked(record: BlockedRecord): Promise<bigint> {
    const row = await this.#database.db
      .insertInto("executions")
      .values({
        ...EMPTY,
        vault: record.vault,
        chain_id: BigInt(record.chainId),
        account: record.account,
        kind: record.kind ?? "rebalance",
        decision_id: record.decisionId,
        rebalance_nonce: record.rebalanceNonce,
        status: "blocked",
        error: storableText(record.error),
        created_at: unixNow,
      })
      .returning("id")
      .executeTakeFirstOrThrow();
    return row.id;
  }

  async setOutcome(id: bigint, outcome: Outcome): Promise<void> {
    const { gasUsed, effectiveGasPrice } = outcome;
    const before = BEFORE[outcome.status];
    await this.#database.db
      .with("told", (db) =>
        db
          .updateTable("executions")
          .set({
            status: outcome.status,
            error: outcome.error === undefined ? null : storableText(outcome.error),
            gas_used: gasUsed ?? null,
            effective_gas_price: effectiveGasPrice ?? null,
            fee:
              gasUsed === undefined || effectiveGasPrice === undefined ? null : gasUsed * effectiveGasPrice,
            block_number: outcome.blockNumber ?? null,
            block_hash: outcome.blockHash ?? null,
            events: toJson(outcome.events ?? []),
            ...(outcome.status === "sent" ? { sent_at: sql<bigint>`coalesce(sent_at, ${unixNow})` } : {}),
          })
          .where("id", "=", id)
          .$if(before !== undefined, (query) => query.where("status", "in", before!))
          .returning("id"),
      )
      // A gain is of the block that mined its rebalance: that it is told anew where that ended takes it back.
      .deleteFrom("gains")
      .where("execution_id", "in", (gains) => gains.selectFrom("told").select("told.id"))
      .execute();
  }

  async reopen(id: bigint): Promise<void> {
    // Of one nonce only one can have been mined, so all that this one had replaced may be mined again.
    await sql`
      with reopened as (
        update executions set status = 'sent', ${EMPTY_RECEIPT}
        from executions as mined
        where mined.id = ${id} and mined.raw is not null and (
          executions.id = mined.id
          or executions.status in ('replaced', 'superseded') and executions.raw is not null and executions.chain_id = mined.chain_id
            and executions.account = mined.account and executions.tx_nonce = mined.tx_nonce
        )
        returning executions.id
      )
      delete from gains using reopened where execution_id = reopened.id`.execute(this.#database.db);
  }

  async markFinal({ chainId, upTo }: { readonly chainId: number; readonly upTo: bigint }): Promise<void> {
    await this.#database.db
      .updateTable("executions")
      .set({ final: true })
      .where("chain_id", "=", BigInt(chainId))
      .where("status", "in", ["confirmed", "reverted"])
      .where("final", "=", false)
      .where("block_number", "<=", upTo)
      .execute();
  }

  async unsettled(lane: LaneKey): Promise<Unsettled[]> {
    const rows = await this.#ofLane(lane).where("status", "in", ["intent", "signed", "sent"]).execute();
    return rows.map((row) => ({
      ...intentOf(row),
      id: row.id,
      status: row.status as Unsettled["status"],
      raw: row.raw as Hex | null,
      hash: row.hash as Hash | null,
      sentAt: row.sent_at,
    }));
  }

  async recent(lane: LaneKey): Promise<Mined[]> {
    const rows = await this.#ofLane(lane)
      .where("status", "in", ["confirmed", "reverted"])
      .where("final", "=", false)
      .execute();
    return rows.map((row) => ({
      ...intentOf(row),
      id: row.id,
      status: row.status as Mined["status"],
      raw: row.raw as Hex,
      hash: row.hash as Hash,
      sentAt: row.sent_at,
      block: { number: row.block_number!, hash: row.block_hash as Hash },
    }));
  }

  async newest({
    limit,
    vault,
    chainId,
  }: Partial<Subject> & { readonly limit: number }): Promise<ExecutionTable[]> {
    const rows = await this.#database.db
      .selectFrom("executions")
      .selectAll()
      .$if(vault !== undefined, (query) => query.where("vault", "=", vault!))
      .$if(chainId !== undefined, (query) => query.where("chain_id", "=", BigInt(chainId!)))
      .orderBy("id", "desc")
      .limit(limit)
      .execute();
    return rows as unknown as ExecutionTable[];
  }

  #ofLane({ chainId, account }: LaneKey) {
    return this.#database.db
      .selectFrom("executions")
      .selectAll()
      .where("chain_id", "=", BigInt(chainId))
      .where("account", "=", account)
      .orderBy("tx_nonce")
      .orderBy("id");
  }
}

/** What a transaction must be before it can become this; anything where it is not named. */
const BEFORE: Partial<Record<ExecutionStatus, ExecutionStatus[]>> = {
  sent: ["signed", "sent"],
  abandoned: ["intent", "abandoned"],
};

const EMPTY = {
  route: "public",
  error: null,
  tx_nonce: null,
  deadline: null,
  max_fee_per_gas: null,
  max_priority_fee_per_gas: null,
  gas_limit: null,
  head_number: null,
  head_hash: null,
  raw: null,
  hash: null,
  sent_at: null,
  fence: null,
  final: false,
  gas_used: null,
  effective_gas_price: null,
  fee: null,
  block_number: null,
  block_hash: null,
  events: "[]",
} satisfies Partial<Insertable<ExecutionTable>>;

const EMPTY_RECEIPT = sql.raw(
  `error = null, gas_used = null, effective_gas_price = null, fee = null, block_number = null, block_hash = null,
   events = '[]'::jsonb, final = false`,
);

/** Numbers as text: JSON's own would lose digits. */
function asRow(row: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(row, (_key, value: unknown) =>
    typeof value === "bigint" ? value.toString() : value,
  );
}

function intentColumns(intent: IntentRecord) {
  return {
    vault: intent.vault,
    chain_id: BigInt(intent.chainId),
    account: intent.account,
    kind: intent.kind,
    route: intent.route,
    decision_id: intent.decisionId,
    rebalance_nonce: intent.rebalanceNonce,
    tx_nonce: intent.txNonce,
    deadline: intent.deadline,
    max_fee_per_gas: intent.maxFeePerGas,
    max_priority_fee_per_gas: intent.maxPriorityFeePerGas,
    gas_limit: intent.gasLimit,
    head_number: intent.head.number,
    head_hash: intent.head.hash,
  };
}

/** Whatever has a nonce has all of these, but what an earlier version signed: that has neither gas limit nor head. */
function intentOf(row: Row): IntentRecord {
  return {
    vault: row.vault as Address,
    chainId: Number(row.chain_id),
    account: row.account as Address,
    kind: row.kind,
    route: row.route,
    decisionId: row.decision_id,
    rebalanceNonce: row.rebalance_nonce,
    txNonce: row.tx_nonce!,
    deadline: row.deadline!,
    maxFeePerGas: row.max_fee_per_gas!,
    maxPriorityFeePerGas: row.max_priority_fee_per_gas!,
    gasLimit: row.gas_limit ?? 0n,
    head: { number: row.head_number ?? 0n, hash: (row.head_hash ?? ZERO_HASH) as Hash },
  };
}

const ZERO_HASH = `0x${"0".repeat(64)}`;
