import type { Address, Hash } from "viem";

import type { DecisionRecord, IntentRecord } from "../../../keeper/store/journal.ts";
import type { Lease } from "../../../keeper/store/leases.ts";
import { acquireLease } from "../../../keeper/store/leases.ts";
import type { Database } from "../../../keeper/store/database.ts";
import { silentLog } from "../../../keeper/log/logger.ts";
import type { Decision, DecisionInput } from "../../../keeper/strategy/types.ts";

export const VAULT: Address = "0x00000000000000000000000000000000000000aA";
export const OTHER_VAULT: Address = "0x00000000000000000000000000000000000000bb";
export const ACCOUNT: Address = "0x00000000000000000000000000000000000000cc";
export const HASH: Hash = `0x${"ab".repeat(32)}`;
export const CHAIN = 31337;
export const LANE = { chainId: CHAIN, account: ACCOUNT };

export const input: DecisionInput = {
  timestamp: 1_722_643_200,
  spot: 2987.123456789012,
  legs: [
    {
      type: "call",
      strike: 3200,
      cap: 4000,
      expiry: 1_723_000_000,
      quantity: -12.5,
      sigma: 0.6123,
      forwardRatio: 1.0004,
    },
  ],
  hedgeDelta: 3.000000000000001,
  sigma: 0.1 + 0.2,
  gasUsd: 1.5e-7,
  feeRate: 0.0005,
  kappa: 1e-21,
  checkInterval: 12,
  lastRebalanceAt: null,
  marginCall: false,
  limits: { delta: 50, minDrift: 0.01, maxAge: 86_400 },
};
export const hold: Decision = {
  action: "hold",
  reason: "inside-band",
  drift: -0.25,
  trade: 0,
  band: { b: Infinity, t: 0, c: 0, centre: 0 },
  gain: 1,
  cost: 2,
};
export const trade: Decision = { ...hold, action: "rebalance", reason: "gain-over-gas", trade: 0.2 };

export function decisionRecord(decision: Decision, changes: Partial<DecisionRecord> = {}): DecisionRecord {
  const block = { number: 19_000_000n, hash: HASH, timestamp: BigInt(input.timestamp) };
  return { vault: VAULT, chainId: CHAIN, block, strategy: "optimal-impulse", input, decision, ...changes };
}

export function intentRecord(decisionId: bigint | null, changes: Partial<IntentRecord> = {}): IntentRecord {
  return {
    vault: VAULT,
    chainId: CHAIN,
    account: ACCOUNT,
    kind: "rebalance",
    route: "public",
    decisionId,
    rebalanceNonce: 7n,
    txNonce: 3n,
    deadline: 1_722_643_800n,
    maxFeePerGas: 20_000_000_000_000_000_000n,
    maxPriorityFeePerGas: 100_000_000n,
    gasLimit: 900_000n,
    head: { number: 19_000_000n, hash: HASH },
    ...changes,
  };
}

/** A hash that differs by `n`. */
export function hashOf(n: number): Hash {
  return `0x${n.toString(16).padStart(64, "0")}`;
}

/** A lease nobody contests. */
export async function lease(database: Database, key = "lane", holder = "test"): Promise<Lease> {
  const taken = await acquireLease(database, { key, holder, ttl: 60, log: silentLog });
  if (taken === null) throw new Error(`${key} is taken.`);
  return taken;
}
