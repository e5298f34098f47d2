import { sql } from "kysely";

import type { Database } from "./database.ts";
import type { JournalEvent, Subject } from "./journal.ts";
import { unixNow } from "./time.ts";

/** What a rebalance was expected to bring, as its decision had it. USD. */
export interface ExpectedGain extends Subject {
  readonly executionId: bigint;
  readonly expectedGain: number;
  readonly expectedCost: number;
  /** What it cost in fact: gas, fees and slippage. */
  readonly realisedCost: number;
}

/** What it has brought so far: a sum of one term a step. USD. */
export interface GainProgress {
  readonly realisedGain: number;
  /** Number of the terms. */
  readonly observations: number;
}

/** The gains of a vault that are closed, added up. USD. */
export interface GainSums {
  readonly expected: number;
  readonly realised: number;
  readonly cost: number;
  /** Standard error of `realised − expected`, as `sumGains` has it; null before there are two. */
  readonly error: number | null;
  readonly count: number;
  readonly open: number;
}

/** A confirmed rebalance whose gain is to be counted, as its receipt has it. */
export interface UncountedRebalance {
  readonly executionId: bigint;
  readonly decisionId: bigint;
  /** The block it was mined in. */
  readonly block: bigint;
  readonly gasUsed: bigint;
  /** Wei. */
  readonly effectiveGasPrice: bigint;
  readonly events: readonly JournalEvent[];
  /** Whether it has been opened; else a process died between the receipt and {@link openGain}. */
  readonly isOpen: boolean;
}

/** Rebalances taken up at a start: more than a process that dies again and again leaves behind. */
const MOST = 100;
/** Seconds before the newest decision from which on they are taken up: older ones are of a time when another rule counted nothing. */
const RECENT = 86_400;

/**
 * Begins to count what a confirmed rebalance brings. Saying it twice is no error. The journal takes it back by itself as soon as it is told
 * that the rebalance ended in another way or block, or that its block is gone.
 */
export async function openGain(database: Database, gain: ExpectedGain): Promise<void> {
  await database.db
    .insertInto("gains")
    .values({
      execution_id: gain.executionId,
      vault: gain.vault,
      chain_id: BigInt(gain.chainId),
      expected_gain: gain.expectedGain,
      expected_cost: gain.expectedCost,
      realised_cost: gain.realisedCost,
      realised_gain: 0,
      observations: 0,
      opened_at: unixNow,
      closed_at: null,
    })
    .onConflict((conflict) => conflict.column("execution_id").doNothing())
    .execute();
}

/** Writes how far the sum has come: the whole of it, so that a write that was lost or doubled does no harm. */
export async function saveGain(
  database: Database,
  executionId: bigint,
  { realisedGain, observations }: GainProgress,
  { close = false }: { readonly close?: boolean } = {},
): Promise<void> {
  await database.db
    .updateTable("gains")
    .set({
      realised_gain: realisedGain,
      observations,
      ...(close ? { closed_at: unixNow } : {}),
    })
    .where("execution_id", "=", executionId)
    .where("closed_at", "is", null)
    .execute();
}

/**
 * The confirmed rebalances whose gain is not closed, oldest first: the open ones, and of what was confirmed after the newest that has a
 * gain the newest, with what was decided in the last day. Of a vault that has none only the newest rebalance: those before may be of a
 * time when nothing was counted.
 */
export async function uncounted(
  database: Database,
  { chainId, vault }: Subject,
): Promise<UncountedRebalance[]> {
  const { rows } = await sql<UncountedRebalance>`
    with rebalances as (
      select * from executions
      where chain_id = ${BigInt(chainId)} and vault = ${vault} and kind = 'rebalance' and status = 'confirmed'
        and decision_id is not null and block_number is not null
    ),
    known as (select max(execution_id) as id from gains where chain_id = ${BigInt(chainId)} and vault = ${vault}),
    newest as (select max(id) as id from rebalances),
    head as (
      select block_timestamp from decisions where chain_id = ${BigInt(chainId)} and vault = ${vault}
      order by block_number desc limit 1
    )
    select
      rebalances.id as "executionId", decision_id as "decisionId", rebalances.block_number as "block",
      coalesce(gas_used, 0) as "gasUsed", coalesce(effective_gas_price, 0) as "effectiveGasPrice",
      events, gains.execution_id is not null as "isOpen"
    from rebalances
      left join gains on gains.execution_id = rebalances.id
      left join decisions on decisions.id = rebalances.decision_id,
      known, newest
    where gains.execution_id is not null and gains.closed_at is null
      or gains.execution_id is null
        and rebalances.id >= coalesce(known.id, newest.id)
        and (
          rebalances.id = newest.id
          or decisions.block_timestamp >= (select block_timestamp from head) - ${sql.lit(RECENT)}
        )
    order by rebalances.id desc
    limit ${sql.lit(MOST)}`.execute(database.db);
  return rows.toReversed();
}

/** Adds up the gains of a vault, as `sumGains` does. */
export async function gainSums(database: Database, { chainId, vault }: Subject): Promise<GainSums> {
  const { rows } = await sql<{ [K in keyof GainSums]: K extends "count" | "open" ? bigint : number }>`
    select
      coalesce(sum(expected_gain) filter (where closed_at is not null), 0) as expected,
      coalesce(sum(realised_gain) filter (where closed_at is not null), 0) as realised,
      coalesce(sum(realised_cost) filter (where closed_at is not null), 0) as cost,
      sqrt(count(closed_at) * var_samp(realised_gain - expected_gain) filter (where closed_at is not null)) as error,
      count(closed_at) as count,
      count(*) filter (where closed_at is null) as open
    from gains where chain_id = ${BigInt(chainId)} and vault = ${vault}`.execute(database.db);
  const sums = rows[0]!;
  return { ...sums, count: Number(sums.count), open: Number(sums.open) };
}
