import { sql } from "kysely";
import type { Migration } from "kysely/migration";

/** Whole wei, of any size. */
const WEI = sql`numeric(78, 0)`;

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
};
