import type { Head } from "../chain/head.ts";
import type { Reorg } from "../chain/headTracker.ts";
import { countingRpcWait, RpcWait } from "../rpc/waiting.ts";
import type { Offer } from "./vaultSeat.ts";

/** A head that a chain has shown. */
export interface LaneHead {
  readonly head: Head;
  /** What left the chain since the head before. */
  readonly reorg: Reorg | null;
  /** Milliseconds of `performance.now()` at which this process learnt of it. */
  readonly seenAt: number;
  /** Ends once the operator's word of that head is known; never rejects. */
  readonly isHeard: Promise<void>;
}

export interface LaneFollowerOptions {
  /** Looks after what the lane has pending, and notes what ended. */
  readonly settle: (head: Head, reorg: Reorg | null) => Promise<void>;
  /** Offers a head to the lane's vaults. */
  readonly offer: (offer: Offer) => void;
}

/**
 * Leads one lane along its chain, and its vaults after it: they get a head once the lane is done with that head. A signer or a relay that does
 * not answer holds up this lane only. It takes the newest head whenever it is done with an earlier one; what the heads between
 * have dropped from the chain is told with that one.
 */
export class LaneFollower {
  readonly #options: LaneFollowerOptions;
  #waiting: LaneHead | null = null;
  #working: Promise<void> | null = null;
  /** Whether it was stopped with a head waiting that says that the one before has left the chain. */
  #isOverrun = false;

  constructor(options: LaneFollowerOptions) {
    this.#options = options;
  }

  /** Hands it a head; one that comes while it is busy waits, and gives way to a newer. */
  follow(next: LaneHead): void {
    const reorg = bothOf(this.#waiting?.reorg ?? null, next.reorg);
    this.#waiting = { ...next, reorg };
    this.#working ??= this.#work();
  }

  /** Waits until it is done with the head it is at; one that waits is left, as at the end of a run. */
  async stop(): Promise<void> {
    this.#isOverrun = hasReorg(this.#waiting);
    this.#waiting = null;
    await this.#working;
  }

  async #work(): Promise<void> {
    while (this.#waiting !== null) {
      const next = this.#waiting;
      this.#waiting = null;
      await this.#take(next);
    }
    this.#working = null;
  }

  async #take({ head, reorg, seenAt, isHeard }: LaneHead): Promise<void> {
    const { settle, offer } = this.#options;
    const waited = new RpcWait();
    await countingRpcWait(waited, () => settle(head, reorg));
    await isHeard;
    // A head that has left the chain meanwhile is nothing to decide at; one that is only old is, or a slow lane would never let them.
    if (!this.#isOverrun && !hasReorg(this.#waiting)) offer({ head, seenAt, rpcSeconds: waited.seconds });
  }
}

function hasReorg(head: LaneHead | null): boolean {
  return head !== null && head.reorg !== null;
}

/** Two reorgs, one after the other, as one. */
function bothOf(first: Reorg | null, second: Reorg | null): Reorg | null {
  if (first === null || second === null) return first ?? second;
  return {
    depth: Math.max(first.depth, second.depth),
    ancestor: first.ancestor < second.ancestor ? first.ancestor : second.ancestor,
    dropped: [...second.dropped, ...first.dropped],
    pastFinality: first.pastFinality || second.pastFinality,
  };
}
