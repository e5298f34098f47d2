import type { Fees } from "./fees.ts";
import type { Unsettled } from "../store/journal.ts";

/**
 * The one account nonce the keeper has signed for and not seen settled. It may hold several transactions, each a
 * replacement of the one before; at most one of them can be mined.
 */
export class PendingSlot {
  #attempts: readonly Unsettled[] = [];

  /** Oldest first. */
  get attempts(): readonly Unsettled[] {
    return this.#attempts;
  }

  get isEmpty(): boolean {
    return this.#attempts.length === 0;
  }

  /** The nonce of the slot, or null while it is empty. */
  get txNonce(): bigint | null {
    return this.#attempts[0]?.txNonce ?? null;
  }

  /** The transaction that counts: the last signed. */
  get newest(): Unsettled | null {
    return this.#attempts.at(-1) ?? null;
  }

  /** The highest fees any of them offers: what a replacement must exceed. */
  get fees(): Fees | null {
    if (this.isEmpty) return null;
    return {
      maxFeePerGas: highest(this.#attempts.map((attempt) => attempt.maxFeePerGas)),
      maxPriorityFeePerGas: highest(this.#attempts.map((attempt) => attempt.maxPriorityFeePerGas)),
    };
  }

  /**
   * Whether none of them can take effect any more: the vault refuses it past its deadline, and once another rebalance
   * has taken its rebalance nonce. Only then may the next decision use the slot.
   * @param timestamp Unix seconds of the newest block.
   */
  isSpent(timestamp: bigint, rebalanceNonce: bigint): boolean {
    return this.#attempts.every(
      (attempt) => timestamp > attempt.deadline || rebalanceNonce > attempt.rebalanceNonce,
    );
  }

  add(attempt: Unsettled): void {
    this.#attempts = [...this.#attempts, attempt];
  }

  remove(id: bigint): void {
    this.#attempts = this.#attempts.filter((attempt) => attempt.id !== id);
  }

  markSent(id: bigint): void {
    this.#attempts = this.#attempts.map((attempt) =>
      attempt.id === id ? { ...attempt, status: "sent" } : attempt,
    );
  }

  clear(): void {
    this.#attempts = [];
  }
}

function highest(values: readonly bigint[]): bigint {
  return values.reduce((a, b) => (a > b ? a : b));
}
