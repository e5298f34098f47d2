import { sql } from "kysely";
import type { Address, Hash } from "viem";

import type { RecordedInput } from "../risk/riskRecord.ts";
import { controls, type Controls } from "../store/controls.ts";
import type { Database } from "../store/database.ts";
import { gainSums, type GainSums } from "../store/gains.ts";
import type { Subject } from "../store/journal.ts";
import { pendingNonces, type PendingNonce } from "../store/pending.ts";
import type { DecisionMode, ExecutionKind, ExecutionStatus } from "../store/schema.ts";
import { summarise, type Summary } from "../store/summary.ts";
import type { Decision } from "../strategy/types.ts";
import type { RiskStatus } from "./status.ts";

/** All the store knows of one vault: what `keeper status` shows, whether or not a keeper runs. */
export interface VaultRecord extends Subject, Controls {
  readonly totals: Summary;
  readonly gains: GainSums;
  readonly lastDecision: {
    readonly block: bigint;
    /** Unix seconds. */
    readonly timestamp: bigint;
    readonly mode: DecisionMode;
    readonly strategy: string;
    readonly spot: number;
    readonly decision: Decision;
  } | null;
  /** As of the last decision; null where that was made without a risk manager. */
  readonly risk: RiskStatus | null;
  /** Newest first. */
  readonly executions: readonly {
    readonly kind: ExecutionKind;
    readonly status: ExecutionStatus;
    readonly account: Address;
    readonly nonce: bigint | null;
    readonly hash: Hash | null;
    readonly block: bigint | null;
    readonly error: string | null;
  }[];
  /** What is pending of the accounts that keep it or kept it, however much was attempted since. */
  readonly pending: readonly PendingNonce[];
  /** Who has the lanes of the vault's chain. */
  readonly leases: readonly { readonly key: string; readonly holder: string; readonly secondsLeft: number }[];
  readonly alerts: readonly { readonly name: string; readonly message: string; readonly raisedAt: bigint }[];
}

/** Attempts that are shown. */
const RECENT = 5;

/** Reads what the store knows of each vault. */
export async function readRecord(database: Database, vaults: readonly Subject[]): Promise<VaultRecord[]> {
  const records: VaultRecord[] = [];
  for (const subject of vaults) records.push(await readOne(database, subject));
  return records;
}

async function readOne(database: Database, { chainId, vault }: Subject): Promise<VaultRecord> {
  const { db } = database;
  const chain_id = BigInt(chainId);
  const said = (await controls(database, chainId, [vault])).get(vault)!;
  const last = await db
    .selectFrom("decisions")
    .selectAll()
    .where("vault", "=", vault)
    .where("chain_id", "=", chain_id)
    .orderBy("block_number", "desc")
    .limit(1)
    .executeTakeFirst();
  const executions = await db
    .selectFrom("executions")
    .select(["kind", "status", "account", "tx_nonce", "hash", "block_number", "error"])
    .where("vault", "=", vault)
    .where("chain_id", "=", chain_id)
    .orderBy("id", "desc")
    .limit(RECENT)
    .execute();
  const leases = await db
    .selectFrom("leases")
    .select([
      "key",
      "holder",
      sql<number>`extract(epoch from expires_at - clock_timestamp())::double precision`.as("left"),
    ])
    .where("key", "like", `${String(chainId)}:%`)
    .where(sql<boolean>`expires_at > clock_timestamp()`)
    .execute();
  const alerts = await db
    .selectFrom("alerts")
    .select(["name", "message", "raised_at"])
    .where("resolved_at", "is", null)
    .where((where) => where.or([where("vault", "=", vault), where("vault", "is", null)]))
    .execute();
  return {
    ...{ chainId, vault, ...said },
    totals: await summarise(db, vault, chainId),
    gains: await gainSums(database, { chainId, vault }),
    lastDecision:
      last === undefined
        ? null
        : {
            block: last.block_number,
            timestamp: last.block_timestamp,
            mode: last.mode,
            strategy: last.strategy,
            spot: last.input.spot,
            decision: last.decision,
          },
    risk: last === undefined ? null : riskOf(last.input),
    executions: executions.map((row) => ({
      kind: row.kind,
      status: row.status,
      account: row.account as Address,
      nonce: row.tx_nonce,
      hash: row.hash as Hash | null,
      block: row.block_number,
      error: row.error,
    })),
    pending: await pendingNonces(database, { chainId, vault }),
    leases: leases.map(({ key, holder, left }) => ({ key, holder, secondsLeft: left })),
    alerts: alerts.map(({ name, message, raised_at }) => ({ name, message, raisedAt: raised_at })),
  };
}

/** As it was recorded, not taken again: a record of another build may lead elsewhere in this one, or nowhere. */
function riskOf({ risk, limits }: RecordedInput): RiskStatus | null {
  if (risk === undefined) return null;
  const { before, level, facts } = risk;
  const [since, why] = level === before.level ? [before.since, before.why] : [facts.at, risk.why ?? null];
  return { level, since, why, limit: limits.delta };
}
