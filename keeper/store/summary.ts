import type { Kysely } from "kysely";

import type { JournalEvent } from "./journal.ts";
import type { Tables } from "./schema.ts";
import { fromUsdc, fromWad } from "../math/units.ts";
import type { DecisionReason } from "../strategy/types.ts";

/** What the keeper did for one vault, in total. */
export interface Summary {
  readonly decisions: number;
  readonly holds: number;
  /** Decisions by their reason. */
  readonly reasons: Partial<Record<DecisionReason, number>>;
  /** Rebalances mined and in effect. */
  readonly rebalances: number;
  /** Decisions to trade that were never sent. */
  readonly blocked: number;
  /** Transactions mined without effect. */
  readonly reverted: number;
  /** Of every mined transaction. */
  readonly gasUsed: bigint;
  /** Wei, of every mined transaction. */
  readonly feeWei: bigint;
  /** The same in USD, each at the price of its decision. */
  readonly gasUsd: number;
  /** Mean |drift| in ETH just before and just after a rebalance, at the chain's marks. Null before the first. */
  readonly driftBefore: number | null;
  readonly driftAfter: number | null;
  /** USD of pool fees and slippage: what NAV fell by in the rebalances, at the oracle price. */
  readonly tradingCostUsd: number;
}

interface RebalancedArgs {
  readonly driftBefore: bigint;
  readonly driftAfter: bigint;
  readonly navBefore: bigint;
  readonly navAfter: bigint;
}

/** Adds up the journal of one vault. */
export async function summarise(db: Kysely<Tables>, vault: string): Promise<Summary> {
  const counts = await db
    .selectFrom("decisions")
    .select(["action", "reason", ({ fn }) => fn.countAll<bigint>().as("count")])
    .where("vault", "=", vault)
    .groupBy(["action", "reason"])
    .execute();
  const executions = await db
    .selectFrom("executions")
    .innerJoin("decisions", "decisions.id", "executions.decision_id")
    .select([
      "executions.status",
      "executions.gas_used",
      "executions.fee",
      "executions.events",
      "decisions.input",
    ])
    .where("executions.vault", "=", vault)
    .execute();

  const reasons: Partial<Record<DecisionReason, number>> = {};
  let holds = 0;
  let decisions = 0;
  for (const { action, reason, count } of counts) {
    decisions += Number(count);
    if (action === "hold") holds += Number(count);
    reasons[reason] = (reasons[reason] ?? 0) + Number(count);
  }

  const rebalanced = executions.flatMap(({ events }) =>
    (events as JournalEvent[])
      .filter((event) => event.name === "Rebalanced")
      .map((event) => event.args as unknown as RebalancedArgs),
  );
  const ofStatus = (status: string) => executions.filter((execution) => execution.status === status).length;
  return {
    decisions,
    holds,
    reasons,
    rebalances: ofStatus("confirmed"),
    blocked: ofStatus("blocked"),
    reverted: ofStatus("reverted"),
    gasUsed: executions.reduce((sum, { gas_used }) => sum + (gas_used ?? 0n), 0n),
    feeWei: executions.reduce((sum, { fee }) => sum + (fee ?? 0n), 0n),
    gasUsd: executions.reduce((sum, { fee, input }) => sum + fromWad(fee ?? 0n) * input.spot, 0),
    driftBefore: meanAbsolute(rebalanced.map((args) => args.driftBefore)),
    driftAfter: meanAbsolute(rebalanced.map((args) => args.driftAfter)),
    tradingCostUsd: rebalanced.reduce((sum, args) => sum + fromUsdc(args.navBefore - args.navAfter), 0),
  };
}

function meanAbsolute(values: readonly bigint[]): number | null {
  if (values.length === 0) return null;
  return values.reduce((sum, value) => sum + Math.abs(fromWad(value)), 0) / values.length;
}
