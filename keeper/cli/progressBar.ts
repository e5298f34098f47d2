const WIDTH = 30;
/** Milliseconds between lines where there is no terminal. */
const LINE_INTERVAL = 10_000;

/** How far work has come, on a stream: a bar that redraws itself on a terminal, else a line now and then. */
export class ProgressBar {
  readonly #stream: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly #what: string;
  readonly #total: number;
  readonly #start = performance.now();
  #done = 0;
  #lineAt = this.#start;

  constructor(stream: NodeJS.WritableStream & { readonly isTTY?: boolean }, what: string, total: number) {
    this.#stream = stream;
    this.#what = what;
    this.#total = total;
    if (stream.isTTY === true) this.#draw();
  }

  advance(count: number): void {
    this.#done += count;
    if (this.#stream.isTTY === true) this.#draw();
    else if (performance.now() - this.#lineAt >= LINE_INTERVAL) {
      this.#lineAt = performance.now();
      this.#stream.write(`${this.#what}: ${String(this.#done)} of ${String(this.#total)}\n`);
    }
  }

  /** Takes the bar away. */
  stop(): void {
    if (this.#stream.isTTY === true) this.#stream.write("\r\u001b[2K");
  }

  #draw(): void {
    const filled = Math.round((WIDTH * this.#done) / Math.max(1, this.#total));
    const bar = "█".repeat(filled) + "░".repeat(WIDTH - filled);
    const seconds = (performance.now() - this.#start) / 1000;
    const left =
      this.#done === 0 ? "" : `, ${((seconds / this.#done) * (this.#total - this.#done)).toFixed(0)} s left`;
    const numbers = `${String(this.#done)} of ${String(this.#total)}`;
    this.#stream.write(`\r\u001b[2K${this.#what} ${bar} ${numbers}${left}`);
  }
}
