import type { Address, Hash } from "viem";

import type { EndpointHealth } from "../rpc/endpoint.ts";
import type { GainSums } from "../store/gains.ts";
import type { ExecutionKind } from "../store/schema.ts";
import type { RiskLevel } from "../risk/riskRules.ts";
import type { Decision } from "../strategy/types.ts";

// What the keeper shows of itself: server, metrics and alerts read this and nothing else. Plain data, no secrets.
// Times are unix seconds, ages and intervals seconds, money USD, drift ETH. A bigint is printed as a decimal string.

/**
 * What a vault's keeper is there for.
 * - `live`: decides and sends.
 * - `dry`: decides, sends nothing until it is activated.
 * - `paused`: decides, sends nothing until it is resumed.
 * - `standby`: another process holds the lane.
 * - `shadow`: decides beside another keeper, never sends.
 */
export type VaultMode = "live" | "dry" | "paused" | "standby" | "shadow";

export interface LastDecision {
  readonly at: number;
  readonly block: bigint;
  readonly action: Decision["action"];
  readonly reason: Decision["reason"];
  readonly drift: number;
  readonly band: Decision["band"];
}

/** A transaction whose end is not known. */
export interface PendingStatus {
  readonly kind: ExecutionKind;
  /** Whose it is; the account's own where it only fills a gap between nonces. */
  readonly vault: Address;
  readonly hash: Hash;
  /** Of the account. */
  readonly nonce: bigint;
  /** When it was first sent. A replacement does not start the clock again. */
  readonly since: number;
  readonly route: "public" | "private";
}

export interface OracleStatus {
  /** Whether it is fit for less drift or less debt. */
  readonly fresh: boolean;
  /** Whether oracle and surface are fit for everything. */
  readonly open: boolean;
  readonly updatedAt: number;
}

/** How careful a vault's keeper is. */
export interface RiskStatus {
  readonly level: RiskLevel;
  /** When it came to that, and why; null where it never left normal. */
  readonly since: number | null;
  readonly why: string | null;
  /** ETH: the delta limit in force, at most the operator's. */
  readonly limit: number;
}

export interface VaultStatus {
  /** The operator's, unique in the fleet: the label of metrics. */
  readonly name: string;
  readonly chainId: number;
  readonly vault: Address;
  readonly account: Address;
  readonly mode: VaultMode;
  readonly strategy: string;
  /** The block of its last cycle; `age` since that cycle. */
  readonly head: { readonly number: bigint; readonly timestamp: number; readonly age: number } | null;
  readonly lastDecision: LastDecision | null;
  /**
   * Since when it has wanted to trade: the first decision to trade (sent, blocked or waiting) that no confirmed
   * rebalance and no later decision to hold has answered.
   */
  readonly dueSince: number | null;
  readonly decisions: number;
  /** Mined and in effect. */
  readonly rebalances: number;
  /** Decisions to trade that were never sent. */
  readonly blocked: number;
  /** Mined without effect. */
  readonly reverted: number;
  /** Cycles in a row that threw. */
  readonly failures: number;
  /** Of the last cycle that threw, on one line; null after one that did not. */
  readonly lastError: string | null;
  /** What its hedging waits for. What else is pending, duties among it, is with the lane. */
  readonly pending: PendingStatus | null;
  /** When a private transaction was last given to everybody, its time being up. */
  readonly lastFallback: { readonly at: number; readonly hash: Hash } | null;
  /** ETH: |drift| at which it acts whatever it costs, as the operator has set it. */
  readonly limit: number;
  /** Null where there is no risk manager. */
  readonly risk: RiskStatus | null;
  /** USDC per ETH; null before the first snapshot and while the oracle has none. */
  readonly price: number | null;
  readonly oracle: OracleStatus | null;
  readonly nav: number | null;
  /** The smallest liquidation distance of its venues, a fraction; null where none can be liquidated. */
  readonly margin: number | null;
  /** Spent on gas in total. */
  readonly gasUsd: number;
  readonly gains: GainSums;
}

export interface ChainStatus {
  readonly chainId: number;
  readonly head: bigint | null;
  /** Since the newest head arrived, by this machine's clock; before the first, since the start. */
  readonly headAge: number;
  /** In which a new head is expected: the longer of the poll interval and the chain's own pace. */
  readonly headInterval: number;
  readonly finalized: bigint | null;
  readonly reorgs: number;
  /** Blocks. */
  readonly deepestReorg: number;
  /** The last reorg that took back a block taken for final. */
  readonly lastDeepReorg: { readonly at: number; readonly depth: number; readonly ancestor: bigint } | null;
  readonly endpoints: readonly EndpointHealth[];
  readonly lastDisagreement: {
    readonly at: number;
    readonly endpoint: string;
    readonly method: string;
    readonly kind: "lies" | "lags" | "null";
    readonly detail: string;
  } | null;
  readonly webSocket: "live" | "silent" | "none";
}

/** One chain and signer: the nonces that its vaults share. */
export interface LaneStatus {
  readonly chainId: number;
  readonly account: Address;
  /** Wei; null before it was first read. */
  readonly balance: bigint | null;
  /** Wei that the dearest rebalance of its vaults would cost at the current gas price; null before the first head. */
  readonly rebalanceCost: bigint | null;
  readonly nextNonce: bigint | null;
  /** Transactions whose end is not known. */
  readonly pending: number;
  /** These: one a nonce, the lowest first, whatever it is for. */
  readonly transactions: readonly PendingStatus[];
  readonly lease: "held" | "standby";
  /** Whether journal, account nonce and chain have been brought together since the lease was taken. */
  readonly reconciled: boolean;
}

export type Severity = "info" | "warning" | "critical";

export interface AlertStatus {
  readonly key: string;
  readonly name: string;
  readonly severity: Severity;
  /** Null where it is about the whole process. */
  readonly chainId: number | null;
  readonly vault: Address | null;
  readonly message: string;
  readonly since: number;
}

export interface FleetStatus {
  readonly build: string;
  readonly startedAt: number;
  readonly database: { readonly reachable: boolean; readonly lastError: string | null };
  readonly chains: readonly ChainStatus[];
  readonly lanes: readonly LaneStatus[];
  readonly vaults: readonly VaultStatus[];
  /** The open ones. */
  readonly alerts: readonly AlertStatus[];
}
