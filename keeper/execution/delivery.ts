import { TransactionNotFoundError, type Hash, type Hex, type PublicClient } from "viem";

import type { Head } from "../chain/head.ts";
import type { Log } from "../log/logger.ts";
import type { Journal } from "../store/journal.ts";
import { LeaseLostError, type Lease } from "../store/leases.ts";
import { broadcast } from "./broadcast.ts";
import type { Classified } from "./classify.ts";
import type { PrivateRoute } from "./privateRoute.ts";
import type { Attempt, Slot } from "./slot.ts";

export interface DeliveryOptions {
  readonly client: PublicClient;
  readonly journal: Journal;
  /** Of the lane. Every write of the send path is fenced by it, and every first broadcast waits for it. */
  readonly lease: Lease;
  /** Where transactions go first; null where everybody may see them. */
  readonly privateRoute: PrivateRoute | null;
  readonly log: Log;
}

/**
 * Brings signed bytes to where they can be mined: to a private relay first where there is one, to everybody once their time there is
 * up or the relay has failed. It is always the same bytes, so no way of delivery can spend a second nonce.
 */
export class Delivery {
  readonly #options: DeliveryOptions;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  /**
   * Sends a transaction. @param onAccepted Called as a node takes it, if none had before.
   * @returns Why no node will ever take it, or null.
   */
  async deliver(slot: Slot, attempt: Attempt, head: Head, onAccepted?: () => void): Promise<string | null> {
    const { journal, lease, log } = this.#options;
    if (!lease.isHeld()) throw new LeaseLostError(lease.key);
    const { raw, hash, id } = attempt;
    slot.openedAt ??= head.timestamp;
    const { kind, text } = await this.#give(slot, raw, head);
    switch (kind) {
      case "known":
        if (attempt.sentAt === null) {
          onAccepted?.();
          await journal.recordOutcome(id, { status: "sent" });
          slot.markSent(id, BigInt(Math.floor(Date.now() / 1000)));
        }
        return null;
      case "permanent":
      case "funds":
        if (!(await this.#mayBeThere(hash))) return text;
        log.warn({ hash, kind, error: text }, "A transaction was refused and may be there all the same.");
        return null;
      case "nonce":
      case "underpriced":
      case "unknown":
        log.warn({ hash, kind, error: text }, "A transaction was not taken.");
        return null;
    }
  }

  /** Whether a node knows it, or cannot say: a refusal may have come from another behind the same address. */
  async #mayBeThere(hash: Hash): Promise<boolean> {
    try {
      await this.#options.client.getTransaction({ hash });
      return true;
    } catch (error) {
      return !(error instanceof TransactionNotFoundError);
    }
  }

  async #give(slot: Slot, raw: Hex, head: Head): Promise<Classified> {
    const { client, privateRoute, log } = this.#options;
    if (slot.isPublic || privateRoute === null) return broadcast(client, raw);
    const reply = await privateRoute.send(raw);
    if (reply.kind !== "permanent" && reply.kind !== "funds") return reply;
    // A relay's word for it that no node will take this proves nothing: ask them.
    log.warn({ error: reply.text }, "The private route refuses a transaction, which is made public.");
    slot.publish(head.timestamp);
    return broadcast(client, raw);
  }

  /**
   * Sends what counts once more: nodes forget, and a broadcast whose answer was lost may never have arrived. A refusal proves nothing
   * by now: an earlier try may have been heard.
   */
  async keepAlive(slot: Slot, head: Head): Promise<void> {
    const { privateRoute, log } = this.#options;
    const attempt = slot.newest;
    if (attempt === null || slot.firstTry === attempt.id) return;
    // Mined now it would only revert: whatever takes its place has to come from a decision.
    if (attempt.kind === "rebalance" && head.timestamp > attempt.deadline) return;
    if (!slot.isPublic && privateRoute !== null) {
      const reason = await this.#whyPublic(slot, head, privateRoute);
      if (reason !== null) {
        slot.publish(head.timestamp);
        log.warn({ hash: attempt.hash, reason }, "A private transaction is made public.");
      } else if (attempt.sentAt !== null) return;
    }
    await this.deliver(slot, attempt, head);
  }

  async #whyPublic(slot: Slot, head: Head, route: PrivateRoute): Promise<"time" | "failed" | null> {
    // By the chain's clock, since this machine's may be wrong; from anew after a restart.
    slot.openedAt ??= head.timestamp;
    if (head.timestamp - slot.openedAt >= BigInt(route.publicAfter)) return "time";
    return (await route.status(slot.newest!.hash)) === "failed" ? "failed" : null;
  }
}
