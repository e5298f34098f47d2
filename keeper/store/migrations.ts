import { sql } from "kysely";
import type { Migration } from "kysely/migration";

/** Whole wei, of any size. */
const WEI = sql`numeric(78, 0)`;

/** Ids of decisions that one call of the sequence hands to a process: several share a database. */
export const DECISION_ID_BLOCK = 256;

/** The schema's history, oldest first. A migration that has been released is never edited. */
export const migrations: Record<string, Migration> = {
  "0001_decisions_and_executions": {
    async up(db) {
      await db.schema
        .createTable("decisions")
        .addColumn("id", "bigint", (column) => column.primaryKey())
        .addColumn("vault", "text", (column) => column.notNull())
        .addColumn("chain_id", "bigint", (column) => column.notNull())
        .addColumn("block_number", "bigint", (column) => column.notNull())
        .addColumn("block_hash", "text", (column) => column.notNull())
        .addColumn("block_timestamp", "bigint", (column) => column.notNull())
        .addColumn("strategy", "text", (column) => column.notNull())
        .addColumn("action", "text", (column) => column.notNull())
        .addColumn("reason", "text", (column) => column.notNull())
        .addColumn("input", "jsonb", (column) => column.notNull())
        .addColumn("decision", "jsonb", (column) => column.notNull())
        .execute();
      await db.schema
        .createTable("executions")
        .addColumn("id", "bigint", (column) => column.primaryKey().generatedAlwaysAsIdentity())
        .addColumn("decision_id", "bigint", (column) => column.notNull().references("decisions.id"))
        .addColumn("vault", "text", (column) => column.notNull())
        .addColumn("chain_id", "bigint", (column) => column.notNull())
        .addColumn("account", "text", (column) => column.notNull())
        .addColumn("status", "text", (column) => column.notNull())
        .addColumn("error", "text")
        .addColumn("rebalance_nonce", "bigint", (column) => column.notNull())
        .addColumn("tx_nonce", "bigint")
        .addColumn("deadline", "bigint")
        .addColumn("max_fee_per_gas", WEI)
        .addColumn("max_priority_fee_per_gas", WEI)
        .addColumn("raw", "text")
        .addColumn("hash", "text")
        .addColumn("gas_used", "bigint")
        .addColumn("effective_gas_price", WEI)
        .addColumn("fee", WEI)
        .addColumn("block_number", "bigint")
        .addColumn("block_hash", "text")
        .addColumn("events", "jsonb", (column) => column.notNull().defaultTo(sql`'[]'::jsonb`))
        .execute();
      await db.schema.createIndex("executions_decision").on("executions").column("decision_id").execute();
      await db.schema
        .createIndex("executions_unsettled")
        .on("executions")
        .columns(["vault", "chain_id", "account"])
        .where(sql.ref("status"), "in", ["signed", "sent"])
        .execute();
    },
  },
  "0002_leases_and_lifecycle": {
    async up(db) {
      await sql`create sequence decision_ids increment by ${sql.lit(DECISION_ID_BLOCK)}`.execute(db);
      await sql`select setval('decision_ids', (select coalesce(max(id), 0) + 1 from decisions), false)`.execute(
        db,
      );
      await db.schema
        .alterTable("decisions")
        .addColumn("params", "jsonb")
        .addColumn("mode", "text", (column) => column.notNull().defaultTo("live"))
        .execute();
      await db.schema
        .createIndex("decisions_of_vault")
        .on("decisions")
        .columns(["vault", "chain_id", "block_number"])
        .execute();
      await db.schema
        .createIndex("decisions_by_time")
        .on("decisions")
        .columns(["block_timestamp", "id"])
        .execute();

      await db.schema
        .alterTable("executions")
        .alterColumn("decision_id", (column) => column.dropNotNull())
        .alterColumn("rebalance_nonce", (column) => column.dropNotNull())
        .addColumn("kind", "text", (column) => column.notNull().defaultTo("rebalance"))
        .addColumn("route", "text", (column) => column.notNull().defaultTo("public"))
        .addColumn("gas_limit", "bigint")
        .addColumn("head_number", "bigint")
        .addColumn("head_hash", "text")
        .addColumn("created_at", "bigint")
        .addColumn("sent_at", "bigint")
        .addColumn("fence", "bigint")
        .addColumn("final", "boolean", (column) => column.notNull().defaultTo(false))
        .execute();
      // What an earlier version saw mined it never looked at again.
      await sql`update executions set final = true where status in ('confirmed', 'reverted')`.execute(db);
      await db.schema.dropIndex("executions_unsettled").execute();
      await db.schema
        .createIndex("executions_unsettled")
        .on("executions")
        .columns(["chain_id", "account"])
        .where(sql.ref("status"), "in", ["intent", "signed", "sent"])
        .execute();
      await db.schema
        .createIndex("executions_recent")
        .on("executions")
        .columns(["chain_id", "account"])
        .where(sql<boolean>`status in ('confirmed', 'reverted') and not final`)
        .execute();
      await db.schema
        .createIndex("executions_of_nonce")
        .on("executions")
        .columns(["chain_id", "account", "tx_nonce"])
        .execute();

      await db.schema
        .createTable("leases")
        .addColumn("key", "text", (column) => column.primaryKey())
        .addColumn("holder", "text", (column) => column.notNull())
        .addColumn("token", "bigint", (column) => column.notNull())
        .addColumn("expires_at", "timestamptz", (column) => column.notNull())
        .execute();
      await db.schema
        .createTable("activations")
        .addColumn("chain_id", "bigint", (column) => column.notNull())
        .addColumn("vault", "text", (column) => column.notNull())
        .addColumn("build", "text", (column) => column.notNull())
        .addColumn("account", "text", (column) => column.notNull())
        .addColumn("activated_at", "bigint", (column) => column.notNull())
        .addPrimaryKeyConstraint("activations_key", ["chain_id", "vault"])
        .execute();
      await db.schema
        .createTable("pauses")
        .addColumn("chain_id", "bigint", (column) => column.notNull())
        .addColumn("vault", "text", (column) => column.notNull())
        .addColumn("reason", "text", (column) => column.notNull())
        .addColumn("paused_at", "bigint", (column) => column.notNull())
        .addPrimaryKeyConstraint("pauses_key", ["chain_id", "vault"])
        .execute();
      await db.schema
        .createTable("gains")
        .addColumn("execution_id", "bigint", (column) => column.primaryKey().references("executions.id"))
        .addColumn("vault", "text", (column) => column.notNull())
        .addColumn("chain_id", "bigint", (column) => column.notNull())
        .addColumn("expected_gain", "double precision", (column) => column.notNull())
        .addColumn("expected_cost", "double precision", (column) => column.notNull())
        .addColumn("realised_gain", "double precision", (column) => column.notNull().defaultTo(0))
        .addColumn("realised_cost", "double precision", (column) => column.notNull().defaultTo(0))
        .addColumn("observations", "integer", (column) => column.notNull().defaultTo(0))
        .addColumn("opened_at", "bigint", (column) => column.notNull())
        .addColumn("closed_at", "bigint")
        .execute();
      await db.schema.createIndex("gains_of_vault").on("gains").columns(["chain_id", "vault"]).execute();
      await db.schema
        .createTable("alerts")
        .addColumn("id", "bigint", (column) => column.primaryKey().generatedAlwaysAsIdentity())
        .addColumn("key", "text", (column) => column.notNull())
        .addColumn("chain_id", "bigint")
        .addColumn("vault", "text")
        .addColumn("name", "text", (column) => column.notNull())
        .addColumn("message", "text", (column) => column.notNull())
        .addColumn("raised_at", "bigint", (column) => column.notNull())
        .addColumn("resolved_at", "bigint")
        .addColumn("notified_at", "bigint")
        .execute();
      await db.schema
        .createIndex("alerts_open")
        .on("alerts")
        .column("key")
        .unique()
        .where(sql<boolean>`resolved_at is null`)
        .execute();
    },
  },
  "0003_backtests": {
    async up(db) {
      await db.schema
        .createTable("backtest_inputs")
        .addColumn("key", "text", (column) => column.primaryKey())
        .addColumn("content", "bytea", (column) => column.notNull())
        .execute();
      await db.schema
        .createTable("backtest_results")
        .addColumn("key", "text", (column) => column.primaryKey())
        .addColumn("content", "bytea")
        .addColumn("error", "text")
        .addColumn("made_at", "bigint", (column) =>
          column.notNull().defaultTo(sql`extract(epoch from clock_timestamp())::bigint`),
        )
        .execute();
    },
  },
};
