const WIDTH = 30;
/** Milliseconds between lines where there is no terminal. */
const LINE_INTERVAL = 10_000;
const ERASE_LINE = "\r\u001b[2K";

/** How far work has come: on a terminal a bar that redraws itself and is gone in the end, elsewhere a line now and then. */
export class Progress {
  readonly #stream: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly #what: string;
  readonly #start = performance.now();
  #lineAt = this.#start;
  #isDrawn = false;

  constructor(stream: NodeJS.WritableStream & { readonly isTTY?: boolean }, what: string) {
    this.#stream = stream;
    this.#what = what;
  }

  /** @param share From 0 to 1. @param text What has been done, in words. */
  show(share: number, text: string): void {
    if (this.#stream.isTTY === true) this.#draw(share, text);
    else if (performance.now() - this.#lineAt >= LINE_INTERVAL) {
      this.#lineAt = performance.now();
      this.#stream.write(`${this.#what}: ${text}\n`);
    }
  }

  /** A line that stays. */
  say(text: string): void {
    this.stop();
    this.#stream.write(`${this.#what}: ${text}\n`);
  }

  /** Takes the bar away: whatever is written next begins a line of its own. */
  stop(): void {
    if (this.#isDrawn) this.#stream.write(ERASE_LINE);
    this.#isDrawn = false;
  }

  #draw(share: number, text: string): void {
    const filled = Math.round(WIDTH * Math.max(0, Math.min(1, share)));
    const bar = "█".repeat(filled) + "░".repeat(WIDTH - filled);
    const seconds = (performance.now() - this.#start) / 1000;
    const left = share > 0 ? `, ${Math.max(0, (seconds / share) * (1 - share)).toFixed(0)} s left` : "";
    this.#stream.write(`${ERASE_LINE}${this.#what} ${bar} ${text}${left}`);
    this.#isDrawn = true;
  }
}
