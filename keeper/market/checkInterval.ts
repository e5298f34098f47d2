/** Decisions whose spacing is remembered. */
const REMEMBERED = 9;

/**
 * Seconds between decisions, learnt from the decisions themselves: the median of the last few gaps, so that one
 * outage does not pass for the keeper's usual pace.
 */
export class CheckInterval {
  readonly #initial: number;
  #gaps: number[] = [];
  #last: number | null = null;

  /** @param initial Seconds assumed until two decisions have been made. */
  constructor(initial: number) {
    this.#initial = initial;
  }

  /** Notes a decision at `timestamp`, unix seconds, and returns the seconds to expect until the next. */
  observe(timestamp: number): number {
    if (this.#last !== null && timestamp > this.#last) {
      this.#gaps = [...this.#gaps, timestamp - this.#last].slice(-REMEMBERED);
    }
    this.#last = timestamp;
    const sorted = this.#gaps.toSorted((a, b) => a - b);
    return sorted[sorted.length >> 1] ?? this.#initial;
  }
}
