import type { FeedSettings } from "../config/load.ts";
import type { Log } from "../log/logger.ts";
import { readSignal } from "../signals/readSignal.ts";
import type { SignalReading } from "../signals/signal.ts";
import { stressOf } from "../signals/stress.ts";

/** Milliseconds for a look. */
const TIMEOUT = 10_000;

/**
 * What somebody else makes of the market, from 0 to 1. It is asked beside the blocks, never in their way, and what it says is only one
 * more fact that can make the keeper careful: a feed that is silent, away or wrong leaves the others as they are.
 */
export class SignalFeed {
  readonly #settings: FeedSettings;
  readonly #log: Log;
  readonly #clock: () => number;
  #last: SignalReading | null = null;
  #askedAt = -Infinity;
  #isUnused = false;
  #asking: Promise<void> | null = null;

  /** @param clock Unix seconds, for when to ask. Default: this machine's. */
  constructor(settings: FeedSettings, log: Log, clock: () => number = () => Date.now() / 1000) {
    this.#settings = settings;
    this.#log = log;
    this.#clock = clock;
  }

  /** What it says at a time, unix seconds; null where that is nothing. Asks for the next where it is time. Never throws. */
  read(now: number): number | null {
    const clock = this.#clock();
    // A machine's clock may be set back.
    if (Math.abs(clock - this.#askedAt) >= this.#settings.every) {
      this.#askedAt = clock;
      this.#asking ??= this.#ask().finally(() => {
        this.#asking = null;
      });
    }
    if (this.#last === null) return null;
    const stress = stressOf(this.#last, now);
    const why = typeof stress === "string" ? stress : null;
    // Once an outage: it is asked every minute.
    if (why !== null && !this.#isUnused)
      this.#log.warn({ feed: this.#settings.name, why }, "The feed of the risk state does not count.");
    if (why === null && this.#isUnused)
      this.#log.info({ feed: this.#settings.name }, "The feed of the risk state counts again.");
    this.#isUnused = why !== null;
    return typeof stress === "string" ? null : stress;
  }

  /** Waits for the answer that is under way. */
  async rest(): Promise<void> {
    await this.#asking;
  }

  async #ask(): Promise<void> {
    const { name, url, maxAge } = this.#settings;
    const reading = await readSignal({ name, url, maxAge, timeout: TIMEOUT });
    const { answer, fault } = reading;
    // One look that fails takes nothing back before its time.
    const isKept = fault !== undefined && this.#last?.answer !== undefined;
    this.#last = isKept ? this.#last : { name, maxAge, ...(fault === undefined ? { answer } : { fault }) };
  }
}
