/** Milliseconds between lines where nobody watches. */
const EVERY = 10_000;

/** Tells how far work is: on a terminal in one line that changes, otherwise in a line now and then. */
export class ProgressLine {
  readonly #stream: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly #prefix: string;
  #shownAt = performance.now();
  #isOpen = false;

  constructor(stream: NodeJS.WritableStream & { readonly isTTY?: boolean }, prefix: string) {
    this.#stream = stream;
    this.#prefix = prefix;
  }

  show(text: string): void {
    if (this.#stream.isTTY === true) {
      this.#stream.write(`\r\x1b[K${this.#prefix}: ${text}`);
      this.#isOpen = true;
      return;
    }
    if (performance.now() - this.#shownAt < EVERY) return;
    this.#shownAt = performance.now();
    this.#stream.write(`${this.#prefix}: ${text}\n`);
  }

  /** A line that stays. */
  say(text: string): void {
    this.end();
    this.#stream.write(`${this.#prefix}: ${text}\n`);
  }

  /** Whatever is written next begins a line of its own. */
  end(): void {
    if (this.#isOpen) this.#stream.write("\n");
    this.#isOpen = false;
  }
}
