import { BlockNotFoundError, type Hash, type PublicClient } from "viem";

import { readHead, type Head } from "./head.ts";
import { HeadSocket, type SocketState } from "./headSocket.ts";
import { ChainMovedError, HeadTracker, type Link, type Reorg } from "./headTracker.ts";
import type { Secret } from "../config/secret.ts";
import { describeError } from "../log/describeError.ts";
import type { Log } from "../log/logger.ts";

/** A new head, and what left the chain for it. */
export interface HeadEvent {
  readonly head: Head;
  /** Null when it extends what was seen. */
  readonly reorg: Reorg | null;
}

export interface HeadOptions {
  /** Seconds without news after which the head is asked for. */
  readonly pollInterval: number;
  /** Where new heads are told of as they come; without it they are only polled for. */
  readonly webSocketUrl?: Secret | undefined;
  /** Blocks after which one counts as final: reorgs are told down to there. */
  readonly finalityBlocks: number;
  readonly signal: AbortSignal;
  readonly log: Log;
  /** Whether what the websocket tells is no more than a reason to look at once: what there is, the RPC says. */
  readonly isWebSocketAHint?: boolean | undefined;
  /** Follows the heads; default: one of its own. A tracker that is given may be asked about blocks. */
  readonly tracker?: HeadTracker | undefined;
  readonly onSocketState?: ((state: SocketState) => void) | undefined;
}

/** Seconds: the longest pause between tries when the RPC keeps failing. */
const LONGEST_BACK_OFF = 60;

/** Seconds a websocket may be behind a poll, at most. */
const LONGEST_GRACE = 2;

/** Milliseconds until the next look when the chain moved during one. */
const SOON = 100;

/** Polls in which a block that a websocket told of is waited for. */
const HINT_TRIES = 5;

/** Heads that are kept for a consumer who is busy; older ones make a gap, which is read over. */
const MOST_WAITING = 256;

/** A tracker that reads the blocks it needs from a client. */
export function createHeadTracker(client: PublicClient, finalityBlocks: number): HeadTracker {
  const readBlock = async (blockNumber: bigint): Promise<Link | null> => {
    try {
      return await client.getBlock({ blockNumber, includeTransactions: false });
    } catch (error) {
      if (error instanceof BlockNotFoundError) return null;
      throw error;
    }
  };
  return new HeadTracker({ finalityBlocks, readBlock });
}

/**
 * New heads in turn, the current one first, until `signal` aborts or the consumer stops. Of those that came while the
 * consumer was busy only the newest is given: a decision is only ever made on the newest. What any of them dropped is told
 * with it. Polling goes on behind a websocket whenever nothing new came; a websocket that missed what a poll found is opened
 * again. A failing RPC is asked again after a doubling pause.
 */
export async function* watchHeads(
  client: PublicClient,
  options: HeadOptions,
): AsyncGenerator<HeadEvent, void> {
  const { signal } = options;
  const watch = new HeadWatch(client, options);
  try {
    while (!signal.aborted) {
      const event = await watch.next();
      if (event !== null) yield event;
    }
  } finally {
    watch.close();
  }
}

/** What one watcher holds: a mailbox of heads, fed by polls and a websocket. */
class HeadWatch {
  readonly #client: PublicClient;
  readonly #options: HeadOptions;
  readonly #tracker: HeadTracker;
  readonly #socket: HeadSocket | null;
  // A consumer that is busy, or gone, does not come back for this.
  readonly #onAbort = () => {
    this.close();
    this.#wake();
  };
  #waiting: Head[] = [];
  #wake: () => void = () => undefined;
  #failures = 0;
  /** Milliseconds until the next poll: the first is due at once. */
  #pause = 0;
  #isPolling = false;
  /** The block that a poll should find, and how many more polls it is waited for. */
  #hint: { readonly head: Head; readonly tries: number } | null = null;
  #isClosed = false;

  constructor(client: PublicClient, options: HeadOptions) {
    const { webSocketUrl: url, finalityBlocks, pollInterval, signal, log } = options;
    this.#client = client;
    this.#options = options;
    this.#tracker = options.tracker ?? createHeadTracker(client, finalityBlocks);
    signal.addEventListener("abort", this.#onAbort, { once: true });
    this.#socket =
      url === undefined
        ? null
        : new HeadSocket({
            url,
            log,
            grace: Math.min(pollInterval, LONGEST_GRACE),
            onHead: (head) => {
              if (options.isWebSocketAHint === true) this.#lookFor(head);
              else this.#offer(head);
            },
            onState: (state) => options.onSocketState?.(state),
          });
    if (signal.aborted) this.close();
  }

  /** Waits for news. @returns Null when there was none after all. */
  async next(): Promise<HeadEvent | null> {
    if (this.#waiting.length === 0) await this.#news();
    const heads = this.#waiting.sort((a, b) => (a.number < b.number ? -1 : a.number > b.number ? 1 : 0));
    this.#waiting = [];
    const newest = heads.at(-1);
    if (newest === undefined || this.#options.signal.aborted) return null;
    this.#pause = this.#options.pollInterval * 1000;
    if (newest.hash === this.#tracker.head?.hash) return null;
    try {
      await this.#extend(heads.slice(0, -1));
      const reorg = await this.#tracker.advance(newest);
      return this.#tracker.head?.hash === newest.hash ? { head: newest, reorg } : null;
    } catch (error) {
      this.#noteFailure(error);
      return null;
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#socket?.close();
    this.#options.signal.removeEventListener("abort", this.#onAbort);
  }

  /** Heads between the last and the newest, where each follows the one before: nothing has to be read for them. */
  async #extend(heads: readonly Head[]): Promise<void> {
    for (const head of heads) {
      const last = this.#tracker.head;
      if (last !== null && head.parentHash === last.hash && head.number === last.number + 1n) {
        await this.#tracker.advance(head);
      }
    }
  }

  /** Until a head comes, a poll has ended, or the signal aborts. */
  async #news(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        void this.#poll();
      }, this.#pause);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.#options.signal.aborted) this.#wake();
    });
  }

  /** One at a time; a websocket's head does not wait for it. */
  async #poll(): Promise<void> {
    if (this.#isPolling) return;
    this.#isPolling = true;
    const { log, pollInterval } = this.#options;
    try {
      const head = await readHead(this.#client);
      if (this.#failures > 0)
        log.info({ failures: this.#failures, block: head.number }, "The RPC answers again.");
      this.#failures = 0;
      this.#pause = pollInterval * 1000;
      this.#socket?.compare(head);
      this.#takeHint(head);
      if (this.#isNews(head.hash)) this.#waiting.push(head);
    } catch (error) {
      this.#noteFailure(error);
    } finally {
      this.#isPolling = false;
      this.#wake();
    }
  }

  /** Polls at once; the endpoints may know of the block only a little later. */
  #lookFor(head: Head): void {
    if (this.#isClosed || !this.#isNews(head.hash)) return;
    this.#hint = { head, tries: HINT_TRIES };
    void this.#poll();
  }

  #takeHint({ number, hash }: Head): void {
    if (this.#hint === null) return;
    const { head, tries } = this.#hint;
    const isFound = hash === head.hash || number > head.number || tries === 0;
    this.#hint = isFound ? null : { head, tries: tries - 1 };
    if (!isFound) this.#pause = SOON;
  }

  #offer(head: Head): void {
    if (this.#isClosed) return;
    if (this.#isNews(head.hash)) this.#waiting.push(head);
    if (this.#waiting.length > MOST_WAITING) this.#waiting.shift();
    this.#wake();
  }

  #isNews(hash: Hash): boolean {
    return hash !== this.#tracker.head?.hash && this.#waiting.every((head) => head.hash !== hash);
  }

  #noteFailure(error: unknown): void {
    const { log, pollInterval, signal } = this.#options;
    if (signal.aborted) return;
    if (error instanceof ChainMovedError) {
      log.debug({}, error.message);
      this.#pause = Math.min(this.#pause, SOON);
      return;
    }
    this.#failures += 1;
    log.warn({ failures: this.#failures, error: describeError(error) }, "The head could not be read.");
    const doubled = pollInterval * 2 ** Math.min(this.#failures, 10);
    this.#pause = Math.min(doubled, Math.max(LONGEST_BACK_OFF, pollInterval)) * 1000;
  }
}
