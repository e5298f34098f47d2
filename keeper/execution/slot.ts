import type { Hash, Hex } from "viem";

import type { Unsettled } from "../store/journal.ts";
import type { ExecutionKind } from "../store/schema.ts";
import type { Fees } from "./fees.ts";

/** A signed transaction of the keeper whose end is not known. */
export interface Attempt extends Unsettled {
  readonly status: "signed" | "sent";
  readonly raw: Hex;
  readonly hash: Hash;
}

/** Hedging and duties of one vault are sent side by side: an expired series to settle must not hold up a margin call. */
export type Purpose = "hedge" | "duty";

export function purposeOf(kind: ExecutionKind): Purpose {
  return kind === "rebalance" || kind === "cancel" ? "hedge" : "duty";
}

/** Whether a record has the bytes that {@link Attempt} promises. */
export function isSigned(record: Unsettled): record is Attempt {
  return record.status !== "intent" && record.raw !== null && record.hash !== null;
}

/**
 * One nonce of a lane. It may hold several transactions, each a replacement of the one before; at most one of them can be
 * mined.
 */
export class Slot {
  readonly txNonce: bigint;
  #attempts: readonly Attempt[] = [];
  /** Heads at which the account was seen past this nonce while no receipt was found. */
  sightings = 0;
  /** Whether the block its newest transaction was decided at is no longer on the chain. */
  isOrphaned = false;
  /** Whether its transactions are everybody's by now; a private one is given away once its time is up. */
  #isPublic: boolean;
  /** Unix seconds of the block at which it was given away; null where it was not, or everybody's from the start. */
  #publicAt: bigint | null = null;

  /** The transaction whose first broadcast has not ended. Only its refusal is proof, and only while nobody else tries. */
  firstTry: bigint | null = null;
  /** Unix seconds of the block at which this process first sent for it. */
  openedAt: bigint | null = null;

  constructor(txNonce: bigint, isPublic: boolean) {
    this.txNonce = txNonce;
    this.#isPublic = isPublic;
  }

  get isPublic(): boolean {
    return this.#isPublic;
  }

  get publicAt(): bigint | null {
    return this.#publicAt;
  }

  /** Gives it away. @param timestamp Of the newest block. */
  publish(timestamp: bigint): void {
    this.#isPublic = true;
    this.#publicAt = timestamp;
  }

  /** Takes over what only memory has of the same nonce. */
  remember({ sightings, isPublic, publicAt, openedAt }: Slot): void {
    this.sightings = sightings;
    this.#isPublic = isPublic;
    this.#publicAt = publicAt;
    this.openedAt = openedAt;
  }

  /** Oldest first. */
  get attempts(): readonly Attempt[] {
    return this.#attempts;
  }

  /** What it was first taken for. A cancellation serves the purpose it cancels; a slot lives as long as it has attempts. */
  get purpose(): Purpose {
    return purposeOf(this.#attempts[0]?.kind ?? "cancel");
  }

  /** The transaction that counts: the last signed. A slot is empty only while its first is. */
  get newest(): Attempt | null {
    return this.#attempts.at(-1) ?? null;
  }

  /** The highest fees any of them offers: what a replacement must exceed. */
  get fees(): Fees | null {
    if (this.#attempts.length === 0) return null;
    return {
      maxFeePerGas: highest(this.#attempts.map((attempt) => attempt.maxFeePerGas)),
      maxPriorityFeePerGas: highest(this.#attempts.map((attempt) => attempt.maxPriorityFeePerGas)),
    };
  }

  /**
   * Whether none of them can take effect any more: the vault refuses it past its deadline, and once another rebalance has
   * taken its rebalance nonce. Such a one still holds its nonce.
   * @param timestamp Unix seconds of the newest block. @param rebalanceNonce Of the vault, where it is known.
   */
  isSpent(timestamp: bigint, rebalanceNonce: bigint | null): boolean {
    return this.#attempts.every(
      (attempt) =>
        attempt.kind === "cancel" ||
        timestamp > attempt.deadline ||
        (rebalanceNonce !== null &&
          attempt.rebalanceNonce !== null &&
          rebalanceNonce > attempt.rebalanceNonce),
    );
  }

  add(attempt: Attempt): void {
    this.#attempts = [...this.#attempts, attempt];
    this.isOrphaned = false;
  }

  remove(id: bigint): void {
    this.#attempts = this.#attempts.filter((attempt) => attempt.id !== id);
  }

  markSent(id: bigint, sentAt: bigint): void {
    this.#attempts = this.#attempts.map((attempt) =>
      attempt.id === id ? { ...attempt, status: "sent", sentAt } : attempt,
    );
  }
}

function highest(values: readonly bigint[]): bigint {
  return values.reduce((a, b) => (a > b ? a : b));
}
