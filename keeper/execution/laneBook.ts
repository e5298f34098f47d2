import type { Address } from "viem";

import type { Head } from "../chain/head.ts";
import type { Mined } from "../store/journal.ts";
import type { Settlement } from "./settlement.ts";
import { Slot, type Attempt, type Purpose } from "./slot.ts";

/**
 * What is known of one account's nonces: those that are pending, and those that are mined but could be taken back. Pure memory; the journal
 * has it too.
 */
export class LaneBook {
  readonly #isPublic: boolean;
  readonly #slots = new Map<bigint, Slot>();
  #mined: readonly Mined[] = [];
  /** The block of each vault's newest receipt. */
  readonly #minedAt = new Map<Address, bigint>();
  /** The first nonce that nothing is signed for. */
  nextNonce = 0n;
  /** Heads in a row at which the account's next nonce was one that nobody has signed for, below one that somebody has. */
  gapSightings = 0;

  /** @param isPublic Whether what is sent is everybody's from the start. */
  constructor(isPublic: boolean) {
    this.#isPublic = isPublic;
  }

  /** In the order of their nonces. */
  get pending(): readonly Slot[] {
    return [...this.#slots.values()].toSorted((a, b) => (a.txNonce < b.txNonce ? -1 : 1));
  }

  /** Those a reorg could take back. */
  get mined(): readonly Mined[] {
    return this.#mined;
  }

  at(txNonce: bigint): Slot | null {
    return this.#slots.get(txNonce) ?? null;
  }

  /** The nonce that a vault's transaction holds, or null. */
  slotOf(vault: Address, purpose: Purpose): Slot | null {
    return this.pending.find((slot) => slot.newest?.vault === vault && slot.purpose === purpose) ?? null;
  }

  /** Whether a block is older than the one that mined the vault's last transaction, and does not show its effect. */
  isBehind(vault: Address, head: Head): boolean {
    return head.number < (this.#minedAt.get(vault) ?? 0n);
  }

  /** Takes over what the journal does not have of the nonces that are pending still. */
  remember(before: LaneBook): void {
    this.gapSightings = before.gapSightings;
    for (const [txNonce, slot] of this.#slots) {
      const known = before.at(txNonce);
      if (known !== null) slot.remember(known);
    }
  }

  /** Takes in a signed transaction. */
  add(attempt: Attempt): Slot {
    const slot = this.#slots.get(attempt.txNonce) ?? new Slot(attempt.txNonce, this.#isPublic);
    slot.add(attempt);
    this.#slots.set(attempt.txNonce, slot);
    this.#reach(attempt.txNonce);
    return slot;
  }

  /** Forgets a transaction that nobody has; a nonce that nothing is left at and nothing comes after is free again. */
  drop(slot: Slot, id: bigint): void {
    slot.remove(id);
    if (slot.attempts.length > 0) return;
    this.#slots.delete(slot.txNonce);
    if (this.nextNonce === slot.txNonce + 1n) this.nextNonce = slot.txNonce;
  }

  /** Forgets a nonce that is spent, by one of its transactions or another's. */
  end(txNonce: bigint): void {
    this.#slots.delete(txNonce);
  }

  /** Notes what was mined at a nonce. */
  note({ attempt, outcome }: Settlement): void {
    const { status, blockNumber: number, blockHash: hash } = outcome;
    if (status !== "confirmed" && status !== "reverted") return;
    if (number === undefined || hash === undefined) return;
    this.noteMined({ ...attempt, status, block: { number, hash } });
  }

  noteMined(mined: Mined): void {
    this.#mined = [...this.#mined.filter(({ txNonce }) => txNonce !== mined.txNonce), mined];
    const { vault, block } = mined;
    if (block.number > (this.#minedAt.get(vault) ?? 0n)) this.#minedAt.set(vault, block.number);
    this.#reach(mined.txNonce);
  }

  /** Takes back what {@link noteMined} noted: its block is gone. */
  unmine({ txNonce, vault }: Mined): void {
    this.#mined = this.#mined.filter((other) => other.txNonce !== txNonce);
    this.#minedAt.delete(vault);
  }

  /** Forgets what no reorg can take back any more. */
  finalize(upTo: bigint): void {
    this.#mined = this.#mined.filter(({ block }) => block.number > upTo);
  }

  /** Whatever a node that lags behind says, what is signed for is taken. */
  #reach(txNonce: bigint): void {
    if (this.nextNonce <= txNonce) this.nextNonce = txNonce + 1n;
  }
}
