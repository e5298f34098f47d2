import { sql, type Kysely } from "kysely";

import type { Tables } from "./schema.ts";

/** What came of a vault's attempts to act, in total. */
export interface AttemptSummary {
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
  /** Gas units of the newest rebalance in effect; null where there is none. */
  readonly lastRebalanceGas: bigint | null;
}

/** What the keeper did for one vault, in total. */
export interface Summary extends AttemptSummary {
  readonly decisions: number;
  readonly holds: number;
}

/** Adds up the journal of one vault, without what shadows of its keeper would have done. */
export async function summarise(db: Kysely<Tables>, vault: string, chainId?: number): Promise<Summary> {
  const counts = await sql<{ action: string; count: bigint }>`
    select action, count(*) as count from decisions
    where ${ofVault(vault, chainId)} and mode <> 'shadow' group by action`.execute(db);
  const countOf = (rows: typeof counts.rows) => rows.reduce((sum, { count }) => sum + Number(count), 0);
  return {
    decisions: countOf(counts.rows),
    holds: countOf(counts.rows.filter(({ action }) => action === "hold")),
    ...(await summariseAttempts(db, vault, chainId)),
  };
}

/** Adds up the attempts of one vault to act. */
export async function summariseAttempts(
  db: Kysely<Tables>,
  vault: string,
  chainId?: number,
): Promise<AttemptSummary> {
  // What no decision asked for is priced as of the last one before it.
  const {
    rows: [sums],
  } = await sql<{
    confirmed: bigint;
    blocked: bigint;
    reverted: bigint;
    gas: bigint;
    usd: number;
    last: bigint | null;
  }>`
    select
      count(*) filter (where status = 'confirmed' and kind = 'rebalance') as confirmed,
      count(*) filter (where status = 'blocked') as blocked,
      count(*) filter (where status = 'reverted') as reverted,
      coalesce(sum(gas_used), 0) as gas,
      coalesce(sum(fee::double precision / 1e18 * (
        select (input ->> 'spot')::double precision from decisions
        where decisions.id = coalesce(spent.decision_id, (
          select id from decisions as earlier
          where earlier.vault = spent.vault and earlier.chain_id = spent.chain_id
            and earlier.block_number <= coalesce(spent.head_number, spent.block_number)
          order by earlier.block_number desc, earlier.id desc limit 1
        ))
      )), 0) as usd,
      (array_agg(gas_used order by id desc) filter (
        where status = 'confirmed' and kind = 'rebalance' and gas_used is not null
      ))[1] as last
    from (
      select * from executions
      where ${ofVault(vault, chainId)} and not exists (
        select 1 from decisions where decisions.id = executions.decision_id and decisions.mode = 'shadow'
      )
    ) as spent`.execute(db);
  return {
    rebalances: Number(sums!.confirmed),
    blocked: Number(sums!.blocked),
    reverted: Number(sums!.reverted),
    gasUsed: sums!.gas,
    gasUsd: sums!.usd,
    lastRebalanceGas: sums!.last,
  };
}

function ofVault(vault: string, chainId: number | undefined) {
  return sql`vault = ${vault} and (${chainId ?? null}::bigint is null or chain_id = ${chainId ?? null})`;
}
