import { sql, type Selectable } from "kysely";
import type { Address, Hash } from "viem";

import type { Database } from "./database.ts";
import type { DecisionRange, DecisionRecord, StoredDecision, Subject } from "./journal.ts";
import { toJson } from "./json.ts";
import { DECISION_ID_BLOCK } from "./migrations.ts";
import type { DecisionTable } from "./schema.ts";

/** Decisions read at a time when a stretch of history is streamed. */
const PAGE = 500;

/** The record of decisions: taken in at once, written together. */
export class DecisionLog {
  readonly #database: Database;
  readonly #batchSize: number;
  /** Ids that are this process's alone. */
  #ids = { next: 0n, end: 0n };
  #fetching: Promise<void> | null = null;
  #waiting: StoredDecision[] = [];
  #writing: Promise<void> = Promise.resolve();

  constructor(database: Database, batchSize: number) {
    this.#database = database;
    this.#batchSize = batchSize;
  }

  async record(record: DecisionRecord): Promise<bigint> {
    const id = await this.#takeId();
    this.#waiting.push({ ...record, id, params: record.params ?? null, mode: record.mode ?? "live" });
    if (this.#waiting.length >= this.#batchSize) await this.flush();
    return id;
  }

  flush(): Promise<void> {
    // One write at a time, or two callers would insert the same rows; a failed one does not fail those after it.
    const write = this.#writing.catch(() => undefined).then(() => this.#writeWaiting());
    this.#writing = write;
    return write;
  }

  async newest(range: DecisionRange & { readonly limit: number }): Promise<StoredDecision[]> {
    await this.flush();
    const rows = await this.#select(range)
      .orderBy("block_timestamp", "desc")
      .orderBy("id", "desc")
      .limit(range.limit)
      .execute();
    return rows.map(fromRow);
  }

  /** Oldest block first. */
  stream(range: DecisionRange & Subject): AsyncGenerator<StoredDecision> {
    // Ids alone tell the order of one process's decisions only, and quick blocks share a second.
    return this.#pages(range, "block_number");
  }

  /** Of all chains: oldest second first. */
  streamByTime(range: DecisionRange): AsyncGenerator<StoredDecision> {
    return this.#pages(range, "block_timestamp");
  }

  async *#pages(
    range: DecisionRange,
    order: "block_number" | "block_timestamp",
  ): AsyncGenerator<StoredDecision> {
    await this.flush();
    let last: Selectable<DecisionTable> | undefined;
    do {
      let query = this.#select(range).orderBy(order).orderBy("id").limit(PAGE);
      if (last !== undefined)
        query = query.where(sql<boolean>`(${sql.ref(order)}, id) > (${last[order]}, ${last.id})`);
      const rows: Selectable<DecisionTable>[] = await query.execute();
      last = rows.at(-1);
      yield* rows.map(fromRow);
    } while (last !== undefined);
  }

  /** The decision of an id, or null where it was pruned. */
  async byId(id: bigint): Promise<StoredDecision | null> {
    await this.flush();
    const row = await this.#database.db
      .selectFrom("decisions")
      .selectAll()
      .where("id", "=", id)
      .executeTakeFirst();
    return row === undefined ? null : fromRow(row);
  }

  #select({ vault, chainId, from, to, since, until, mode }: DecisionRange) {
    return this.#database.db
      .selectFrom("decisions")
      .selectAll()
      .$if(vault !== undefined, (query) => query.where("vault", "=", vault!))
      .$if(chainId !== undefined, (query) => query.where("chain_id", "=", BigInt(chainId!)))
      .$if(from !== undefined, (query) => query.where("block_number", ">=", from!))
      .$if(to !== undefined, (query) => query.where("block_number", "<=", to!))
      .$if(since !== undefined, (query) => query.where("block_timestamp", ">=", since!))
      .$if(until !== undefined, (query) => query.where("block_timestamp", "<=", until!))
      .$if(mode !== undefined, (query) => query.where("mode", "=", mode!));
  }

  async #takeId(): Promise<bigint> {
    while (this.#ids.next >= this.#ids.end) {
      this.#fetching ??= this.#fetchIds().finally(() => {
        this.#fetching = null;
      });
      await this.#fetching;
    }
    const id = this.#ids.next;
    this.#ids = { ...this.#ids, next: id + 1n };
    return id;
  }

  async #fetchIds(): Promise<void> {
    const { rows } = await sql<{ next: bigint }>`select nextval('decision_ids') as next`.execute(
      this.#database.db,
    );
    const { next } = rows[0]!;
    this.#ids = { next, end: next + BigInt(DECISION_ID_BLOCK) };
  }

  async #writeWaiting(): Promise<void> {
    // A copy: decisions taken in while it is written are not part of it.
    const batch = [...this.#waiting];
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
      params: record.params,
      mode: record.mode,
    }));
    // A write whose answer was lost is made again.
    await sql`
      insert into decisions (id, vault, chain_id, block_number, block_hash, block_timestamp, strategy, action, reason,
        input, decision, params, mode)
      select * from jsonb_to_recordset(${toJson(rows)}::jsonb) as row(
        id bigint, vault text, chain_id bigint, block_number bigint, block_hash text, block_timestamp bigint,
        strategy text, action text, reason text, input jsonb, decision jsonb, params jsonb, mode text
      )
      on conflict (id) do nothing`.execute(this.#database.db);
    this.#waiting = this.#waiting.slice(batch.length);
  }
}

function fromRow(row: Selectable<DecisionTable>): StoredDecision {
  return {
    id: row.id,
    vault: row.vault as Address,
    chainId: Number(row.chain_id),
    block: { number: row.block_number, hash: row.block_hash as Hash, timestamp: row.block_timestamp },
    strategy: row.strategy,
    params: row.params,
    mode: row.mode,
    input: row.input,
    decision: row.decision,
  };
}
