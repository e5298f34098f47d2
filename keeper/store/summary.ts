import type { Kysely } from "kysely";

import type { Tables } from "./schema.ts";
import { fromWad } from "../math/units.ts";

/** What the keeper did for one vault, in total. */
export interface Summary {
  readonly decisions: number;
  readonly holds: number;
  /** Rebalances mined and in effect. */
  readonly rebalances: number;
  /** Decisions to trade that were never sent. */
  readonly blocked: number;
  /** Transactions mined without effect. */
  readonly reverted: number;
  /** Of every mined transaction. */
  readonly gasUsed: bigint;
  /** USD of every mined transaction's fee, each at the price of its decision. */
  readonly gasUsd: number;
}

/** Adds up the journal of one vault. */
export async function summarise(db: Kysely<Tables>, vault: string): Promise<Summary> {
  const counts = await db
    .selectFrom("decisions")
    .select(["action", ({ fn }) => fn.countAll<bigint>().as("count")])
    .where("vault", "=", vault)
    .groupBy("action")
    .execute();
  const executions = await db
    .selectFrom("executions")
    .innerJoin("decisions", "decisions.id", "executions.decision_id")
    .select(["executions.status", "executions.gas_used", "executions.fee", "decisions.input"])
    .where("executions.vault", "=", vault)
    .execute();

  const countOf = (rows: typeof counts) => rows.reduce((sum, { count }) => sum + Number(count), 0);
  const ofStatus = (status: string) => executions.filter((execution) => execution.status === status).length;
  return {
    decisions: countOf(counts),
    holds: countOf(counts.filter(({ action }) => action === "hold")),
    rebalances: ofStatus("confirmed"),
    blocked: ofStatus("blocked"),
    reverted: ofStatus("reverted"),
    gasUsed: executions.reduce((sum, { gas_used }) => sum + (gas_used ?? 0n), 0n),
    gasUsd: executions.reduce((sum, { fee, input }) => sum + fromWad(fee ?? 0n) * input.spot, 0),
  };
}
