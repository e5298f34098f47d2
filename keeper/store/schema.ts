import type { Generated } from "kysely";

import type { RecordedInput } from "../risk/riskRecord.ts";
import type { Decision } from "../strategy/types.ts";

/**
 * How far a transaction has come.
 * - `intent`: its nonce is taken; nothing is signed, so no node can have seen it.
 * - `abandoned`: an intent that nobody signed.
 * - `signed`: saved with its raw bytes; whether any node has seen it is not known.
 * - `sent`: a node accepted it.
 * - `confirmed` / `reverted`: mined, and did or did not take effect.
 * - `replaced`: another transaction of the keeper took its nonce.
 * - `superseded`: its nonce was taken by a transaction the keeper does not know.
 * - `rejected`: a node refused it for good; it cannot be mined.
 * - `blocked`: never signed, because its simulation reverted or a rule of the operator forbade it.
 */
export type ExecutionStatus =
  | "intent"
  | "abandoned"
  | "signed"
  | "sent"
  | "confirmed"
  | "reverted"
  | "replaced"
  | "superseded"
  | "rejected"
  | "blocked";

/** What a transaction does; `cancel` sends nothing to itself, to use up a nonce. */
export type ExecutionKind =
  "rebalance" | "cancel" | "settle" | "record-breach" | "clear-breach" | "process-queue";

/** Which way a transaction goes to the block builders. */
export type ExecutionRoute = "public" | "private";

/** What is done with a decision: it is sent, only written down, or compared with another keeper's. */
export type DecisionMode = "live" | "dry" | "shadow";

/** Every decision, holds included, with all it rested on. */
export interface DecisionTable {
  id: bigint;
  vault: string;
  chain_id: bigint;
  block_number: bigint;
  block_hash: string;
  /** Unix seconds. */
  block_timestamp: bigint;
  strategy: string;
  action: Decision["action"];
  reason: Decision["reason"];
  input: RecordedInput;
  decision: Decision;
  /** What the strategy was made with; null before it was recorded. */
  params: unknown;
  mode: DecisionMode;
}

/** Every attempt to act. */
export interface ExecutionTable {
  id: Generated<bigint>;
  /** Null for what no decision asked for. */
  decision_id: bigint | null;
  vault: string;
  chain_id: bigint;
  account: string;
  kind: ExecutionKind;
  route: ExecutionRoute;
  status: ExecutionStatus;
  /** Why it did not take effect, where that is known. */
  error: string | null;
  /** Null for what is no rebalance. */
  rebalance_nonce: bigint | null;
  tx_nonce: bigint | null;
  /** Unix seconds after which the vault refuses it. */
  deadline: bigint | null;
  /** Wei. */
  max_fee_per_gas: bigint | null;
  /** Wei. */
  max_priority_fee_per_gas: bigint | null;
  gas_limit: bigint | null;
  /** The block it was decided at. */
  head_number: bigint | null;
  head_hash: string | null;
  raw: string | null;
  hash: string | null;
  /** Unix seconds of the database's clock. */
  created_at: bigint | null;
  /** Unix seconds of the database's clock at which a node first accepted it. */
  sent_at: bigint | null;
  /** Token of the lease it was written under. */
  fence: bigint | null;
  /** Mined in a block that can no longer be reorganised away. */
  final: boolean;
  gas_used: bigint | null;
  /** Wei. */
  effective_gas_price: bigint | null;
  /** Wei. */
  fee: bigint | null;
  block_number: bigint | null;
  block_hash: string | null;
  /** JSON text of the decoded events. */
  events: unknown;
}

/** Who may act for a key, until when. A row stays when its lease ends, so that tokens never repeat. */
export interface LeaseTable {
  key: string;
  holder: string;
  /** One more at every takeover. */
  token: bigint;
  /** Of the database's clock. */
  expires_at: Date;
}

/** Vaults that may be traded for, each by one build and account. */
export interface ActivationTable {
  chain_id: bigint;
  vault: string;
  build: string;
  account: string;
  /** Unix seconds. */
  activated_at: bigint;
}

/** Vaults that an operator has told the keeper to leave alone. */
export interface PauseTable {
  chain_id: bigint;
  vault: string;
  reason: string;
  /** Unix seconds. */
  paused_at: bigint;
}

/** What a rebalance was expected to bring, and what it brought; one row each. Amounts in USD. */
export interface GainTable {
  execution_id: bigint;
  vault: string;
  chain_id: bigint;
  expected_gain: number;
  expected_cost: number;
  realised_gain: number;
  realised_cost: number;
  /** Terms in `realised_gain`. */
  observations: number;
  /** Unix seconds. */
  opened_at: bigint;
  /** Unix seconds; null until the next decision to trade. */
  closed_at: bigint | null;
}

/** Every alert that was raised; at most one of a key is open. */
export interface AlertTable {
  id: Generated<bigint>;
  key: string;
  /** Null for what concerns the whole process. */
  chain_id: bigint | null;
  vault: string | null;
  name: string;
  message: string;
  /** Unix seconds. */
  raised_at: bigint;
  /** Unix seconds; null while it is open. */
  resolved_at: bigint | null;
  /** Unix seconds at which somebody was told; null before. */
  notified_at: bigint | null;
}

/** A world that backtests are made in, where several machines make them. */
export interface BacktestInputTable {
  /** Its digest. */
  key: string;
  /** JSON, gzipped. */
  content: Uint8Array;
}

/** What a backtest came to; never made twice. */
export interface BacktestResultTable {
  /** Digest of all it rests on. */
  key: string;
  /** JSON, gzipped; null where it failed. */
  content: Uint8Array | null;
  /** Why trying again would not help. */
  error: string | null;
  /** Unix seconds of the database's clock. */
  made_at: Generated<bigint>;
}

export interface Tables {
  decisions: DecisionTable;
  executions: ExecutionTable;
  leases: LeaseTable;
  activations: ActivationTable;
  pauses: PauseTable;
  gains: GainTable;
  alerts: AlertTable;
  backtest_inputs: BacktestInputTable;
  backtest_results: BacktestResultTable;
}
