import type { FeedSettings } from "../config/load.ts";
import { describeError } from "../log/describeError.ts";
import type { Log } from "../log/logger.ts";
import { fetchJson } from "../rpc/fetchJson.ts";

/** Milliseconds for a look. */
const TIMEOUT = 10_000;

/**
 * What somebody else makes of the market: a number in JSON over HTTP. It is asked beside the blocks, never in their way, and what it says
 * is only one more fact that can make the keeper careful: a feed that is silent, away or wrong leaves the others as they are.
 */
export class SignalFeed {
  readonly #settings: FeedSettings;
  readonly #log: Log;
  readonly #now: () => number;
  #last: { readonly value: number; readonly at: number } | null = null;
  #askedAt = -Infinity;
  #isAway = false;
  #asking: Promise<void> | null = null;

  /** @param now Unix seconds. Default: this machine's clock. */
  constructor(settings: FeedSettings, log: Log, now: () => number = () => Date.now() / 1000) {
    this.#settings = settings;
    this.#log = log;
    this.#now = now;
  }

  /** The last answer, null where none is young enough; asks for the next where it is time. Never throws. */
  read(): number | null {
    const { every, maxAge } = this.#settings;
    const now = this.#now();
    if (now - this.#askedAt >= every) {
      this.#askedAt = now;
      this.#asking ??= this.#ask().finally(() => {
        this.#asking = null;
      });
    }
    return this.#last === null || now - this.#last.at > maxAge ? null : this.#last.value;
  }

  /** Waits for the answer that is under way. */
  async rest(): Promise<void> {
    await this.#asking;
  }

  async #ask(): Promise<void> {
    const { url, field } = this.#settings;
    try {
      const { status, value } = await fetchJson({ url, timeout: TIMEOUT });
      if (status < 200 || status > 299) throw new Error(`answered HTTP ${String(status)}`);
      this.#last = { value: numberAt(value, field), at: this.#now() };
      if (this.#isAway) this.#log.info("The feed of the risk state answers again.");
      this.#isAway = false;
    } catch (error) {
      // Once an outage: it is asked every minute.
      if (!this.#isAway)
        this.#log.warn({ error: describeError(error) }, "The feed of the risk state gives no number.");
      this.#isAway = true;
    }
  }
}

function numberAt(value: unknown, field: string): number {
  let found = value;
  for (const part of field.split("."))
    found =
      typeof found === "object" && found !== null && Object.hasOwn(found, part)
        ? (found as Record<string, unknown>)[part]
        : undefined;
  if (typeof found !== "number" || !Number.isFinite(found)) throw new Error(`has no number at ${field}`);
  return found;
}
