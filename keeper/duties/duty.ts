import type { Address, Hex } from "viem";

import type { Head } from "../chain/head.ts";
import type { Snapshot } from "../chain/snapshot.ts";
import type { ExecutionKind } from "../store/schema.ts";

/** What a duty is decided on at a block, before it reads more. */
export interface Scene {
  readonly head: Head;
  readonly snapshot: Snapshot;
  /** Whether a rebalance that is wanted is blocked, or has been pending for long. */
  readonly isHedgeStuck: boolean;
}

/** A call that anybody may make for the vault. */
export interface DutyCall {
  readonly kind: ExecutionKind;
  readonly to: Address;
  readonly data: Hex;
}

/** When a duty was last looked at and last sent, unix seconds of the chain; -Infinity for never in this process. */
export interface Past {
  readonly lookedAt: number;
  readonly sentAt: number;
}

/** Something the keeper does for a vault beside hedging. */
export interface Duty {
  readonly name: "settle" | "queue" | "breach";
  /** Of the executions that are its. */
  readonly kinds: readonly ExecutionKind[];
  /** Whether it is worth a base fee above the operator's cap. */
  readonly isUrgent: boolean;
  /** Unix seconds of the chain from which it is worth a look, told without reading anything; Infinity for not now. */
  dueAt(scene: Scene, past: Past): number;
  /** Reads what it needs and tells what could be done, best first; the first that a simulation accepts is sent. Throws what the RPC throws. */
  calls(scene: Scene): AsyncIterable<DutyCall>;
}
