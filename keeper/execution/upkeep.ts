import type { Address } from "viem";

import type { Head } from "../chain/head.ts";
import type { Outcome } from "../store/journal.ts";
import type { Delivery, DeliveryOptions } from "./delivery.ts";
import { isMinable } from "./fees.ts";
import type { LaneBook } from "./laneBook.ts";
import { findMined, type Settlement } from "./settlement.ts";
import { isSigned, type Attempt, type Slot } from "./slot.ts";

/** Heads at which something must be seen before it counts: one answer may be of a node that lags behind itself. */
const SIGHTINGS = 3;
/** Nonces that are filled with transfers to reach one beyond them. A wider gap is a lie, not a loss. */
const WIDEST_GAP = 16n;

export interface UpkeepOptions extends Pick<DeliveryOptions, "client" | "journal" | "log"> {
  readonly chainId: number;
  readonly account: Address;
  readonly delivery: Delivery;
  /** Puts a transfer of nothing at a nonce, at a price that the next block takes. */
  readonly transfer: (vault: Address, txNonce: bigint, head: Head) => Promise<void>;
}

/** Looks after the pending nonces of a lane, block by block. */
export class Upkeep {
  readonly #options: UpkeepOptions;
  readonly #book: LaneBook;

  constructor(book: LaneBook, options: UpkeepOptions) {
    this.#book = book;
    this.#options = options;
  }

  /** @param count The account's next nonce. @param ended Gets what ended, also where something then fails. */
  async onHead(head: Head, count: bigint, ended: Settlement[]): Promise<void> {
    for (const slot of this.#book.pending) {
      if (slot.txNonce < count) ended.push(...(await this.#settle(slot, count, head)));
      else await this.#options.delivery.keepAlive(slot, head);
    }
    await this.#fillGap(count, head);
    await this.#clearWay(head);
  }

  /**
   * Looks again for what was mined in blocks that are gone; what is in no other block is pending once more.
   * @param ancestor The newest block that stayed. @param ended Gets what is in another block now and what is `sent` again, also where
   * something then fails.
   */
  async reexamine(ancestor: bigint, ended: Settlement[]): Promise<void> {
    const { client, journal, chainId, account, log } = this.#options;
    for (const mined of this.#book.mined.filter(({ block }) => block.number > ancestor)) {
      const { id, hash, txNonce, vault, block } = mined;
      const found = await findMined(client, [{ ...mined, status: "sent" }]);
      if (found?.outcome.blockHash === block.hash) continue;
      if (found !== null) {
        await journal.recordOutcome(id, found.outcome);
        this.#book.unmine(mined);
        this.#book.note(found);
        ended.push(found);
        log.warn(
          { hash, vault, block: found.outcome.blockNumber },
          "A mined transaction is in another block now.",
        );
        continue;
      }
      await journal.reopen(id);
      ended.push({ attempt: { ...mined, status: "sent" }, outcome: { status: "sent" } });
      const records = await journal.unsettled({ chainId, account });
      this.#book.unmine(mined);
      for (const record of records)
        if (record.txNonce === txNonce && isSigned(record)) this.#book.add(record).isOrphaned = true;
      log.warn({ hash, vault, nonce: txNonce }, "A mined transaction is no longer on the chain.");
    }
  }

  async #settle(slot: Slot, count: bigint, head: Head): Promise<Settlement[]> {
    const { client, journal } = this.#options;
    const known = slot.attempts;
    const mined = await findMined(client, known);
    if (mined !== null) {
      // A block nobody has followed may be replaced by another, and no reorg would be seen.
      if ((mined.outcome.blockNumber ?? 0n) > head.number) return [];
      for (const { id } of known)
        if (id !== mined.attempt.id) await journal.recordOutcome(id, { status: "replaced" });
      await this.#finish(slot, mined);
      await this.#endNewer(slot, known, { status: "replaced" });
      this.#book.note(mined);
      return [mined];
    }
    slot.sightings += 1;
    if (slot.sightings < SIGHTINGS) return [];
    const error = `Nonce ${String(slot.txNonce)} was used by another transaction.`;
    const outcome = { status: "superseded", error } as const;
    for (const { id } of known.slice(0, -1)) await journal.recordOutcome(id, outcome);
    const lost = { attempt: known.at(-1)!, outcome };
    await this.#finish(slot, lost);
    await this.#endNewer(slot, known, outcome);
    // Whoever used this one may have used more: each would cost as many heads to find out.
    if (this.#book.nextNonce < count) this.#book.nextNonce = count;
    return [lost];
  }

  /** A vault may have signed at the nonce since what was `known` of it was read; once the slot has ended nothing joins it. */
  async #endNewer(slot: Slot, known: readonly Attempt[], outcome: Outcome): Promise<void> {
    for (const { id } of slot.attempts)
      if (!known.some((attempt) => attempt.id === id)) await this.#options.journal.recordOutcome(id, outcome);
  }

  async #finish(slot: Slot, { attempt, outcome }: Settlement): Promise<void> {
    const { journal, log } = this.#options;
    await journal.recordOutcome(attempt.id, outcome);
    this.#book.end(slot.txNonce);
    const { hash, vault, kind } = attempt;
    const { status, gasUsed, blockNumber: block, error } = outcome;
    const fields = { hash, vault, kind, status, gasUsed, block, error };
    if (status !== "confirmed") log.error(fields, "A transaction did not take effect.");
    else log.info(fields, kind === "rebalance" ? "A rebalance took effect." : "A transaction was mined.");
  }

  /**
   * Fills nonces between the account's next and the first that is signed for: one was freed there after a later one had been taken.
   * Where the gap is wider than that could be, a node has told a lie about the account, and what lies beyond is given up once it can
   * have no effect.
   */
  async #fillGap(count: bigint, head: Head): Promise<void> {
    const { journal, account, transfer, log } = this.#options;
    const first = this.#book.pending[0]?.txNonce ?? count;
    this.#book.gapSightings = first > count ? this.#book.gapSightings + 1 : 0;
    if (this.#book.gapSightings < SIGHTINGS) return;
    if (first - count <= WIDEST_GAP) {
      for (let nonce = count; nonce < first; nonce += 1n) await transfer(account, nonce, head);
      return;
    }
    const error = `Nonce ${String(first)} is beyond the account's next, ${String(count)}.`;
    for (const slot of this.#book.pending.filter((each) => each.isSpent(head.timestamp, null))) {
      for (const { id } of slot.attempts) await journal.recordOutcome(id, { status: "rejected", error });
      this.#book.end(slot.txNonce);
      log.error({ nonce: slot.txNonce, next: count }, "A nonce was out of reach and is given up.");
    }
    if (this.#book.pending.length === 0) this.#book.nextNonce = count;
  }

  /** A transaction that offers too little for now must not hold up those behind it that do not. */
  async #clearWay(head: Head): Promise<void> {
    const { pending } = this.#book;
    const canMine = ({ newest }: Slot) => newest !== null && isMinable(newest, head.baseFeePerGas);
    const last = pending.findLastIndex(canMine);
    for (const slot of pending.slice(0, Math.max(0, last)))
      if (!canMine(slot) && slot.newest !== null)
        await this.#options.transfer(slot.newest.vault, slot.txNonce, head);
  }
}
