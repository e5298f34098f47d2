/** Seconds after the first failure, and at most, however many there are. */
const SHORTEST = 60;
const LONGEST = 3_600;

/** Waits that double with each failure in a row, by the chain's clock. */
export class Pause {
  #failures = 0;
  #until = -Infinity;

  /** @param now Unix seconds. */
  isOver(now: number): boolean {
    return now >= this.#until;
  }

  /** @param now Unix seconds. @returns Seconds it lasts. */
  fail(now: number): number {
    const seconds = Math.min(LONGEST, SHORTEST * 2 ** this.#failures);
    this.#failures += 1;
    this.#until = now + seconds;
    return seconds;
  }

  succeed(): void {
    this.#failures = 0;
    this.#until = -Infinity;
  }
}
