import type { Generated } from "kysely";

import type { Decision, DecisionInput } from "../strategy/types.ts";

/**
 * How far a transaction has come.
 * - `signed`: saved with its raw bytes; whether any node has seen it is not known.
 * - `sent`: a node accepted it.
 * - `confirmed` / `reverted`: mined, and did or did not take effect.
 * - `replaced`: another transaction of the keeper took its nonce.
 * - `superseded`: its nonce was taken by a transaction the keeper does not know.
 * - `rejected`: a node refused it for good; it cannot be mined.
 * - `blocked`: never signed, because its simulation reverted or a rule of the operator forbade it.
 */
export type ExecutionStatus =
  "signed" | "sent" | "confirmed" | "reverted" | "replaced" | "superseded" | "rejected" | "blocked";

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
  input: DecisionInput;
  decision: Decision;
}

/** Every attempt to act on a decision. */
export interface ExecutionTable {
  id: Generated<bigint>;
  decision_id: bigint;
  vault: string;
  chain_id: bigint;
  account: string;
  status: ExecutionStatus;
  /** Why it did not take effect, where that is known. */
  error: string | null;
  rebalance_nonce: bigint;
  tx_nonce: bigint | null;
  /** Unix seconds after which the vault refuses it. */
  deadline: bigint | null;
  /** Wei. */
  max_fee_per_gas: bigint | null;
  /** Wei. */
  max_priority_fee_per_gas: bigint | null;
  raw: string | null;
  hash: string | null;
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

export interface Tables {
  decisions: DecisionTable;
  executions: ExecutionTable;
}
