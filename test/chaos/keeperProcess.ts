import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { MAIN } from "../keeper/utils/runCli.ts";
import { ownEnvironment } from "../support/ownEnvironment.ts";

/** Starting is most of what a scenario takes; the compiled code of the one before makes it half. */
const COMPILED = join(tmpdir(), "keel-chaos-compiled");

/** A line of a keeper's log. */
export interface Line {
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface ProcessOptions {
  readonly config: string;
  readonly env: Readonly<Record<string, string>>;
  /** Before the keeper's own: flags of Node. */
  readonly flags?: readonly string[];
  /** What runs it, with its arguments before Node's own. */
  readonly wrapper?: readonly string[];
}

/** Times that a keeper which could not start is started again. */
const STARTS = 20;
/** Milliseconds before that. */
const PAUSE = 300;

/**
 * A keeper in a process of its own, as an operator runs it, with what it has said so far. Where it cannot start it is started again, as
 * a service manager does; once it runs it has to stand whatever comes.
 */
export class KeeperProcess {
  readonly #options: ProcessOptions;
  #child: ChildProcess;
  #closed: Promise<unknown>;
  #starts = 0;
  #isUnwanted = false;
  readonly lines: Line[] = [];
  /** What is not a line of its log: why it did not start, or how it fell over. */
  readonly stray: string[] = [];
  #waiting: (() => void)[] = [];
  /** How it ended; null while it runs. */
  end: { readonly code: number | null; readonly signal: NodeJS.Signals | null } | null = null;

  constructor(options: ProcessOptions) {
    this.#options = options;
    [this.#child, this.#closed] = this.#spawn();
  }

  #spawn(): [ChildProcess, Promise<unknown>] {
    const { config, env, flags = [], wrapper = [] } = this.#options;
    const [file, ...args] = [...wrapper, process.execPath, ...flags, MAIN, "run", "--config", config];
    const child = spawn(file!, args, {
      env: { ...ownEnvironment(), NODE_COMPILE_CACHE: COMPILED, KEEL_LOG_LEVEL: "debug", ...env },
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#starts += 1;
    const before = this.lines.length;
    createInterface(child.stderr).on("line", (text) => {
      try {
        this.lines.push(JSON.parse(text) as Line);
      } catch {
        this.stray.push(text);
      }
      this.#wake();
    });
    const closed = once(child, "close").then(async () => {
      const hasRun = this.lines.slice(before).some(({ msg }) => msg === "The keeper watches.");
      if (child.exitCode === 1 && !hasRun && this.#starts < STARTS) {
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
        if (!this.#isUnwanted) {
          [this.#child, this.#closed] = this.#spawn();
          return;
        }
      }
      this.end = { code: child.exitCode, signal: child.signalCode };
      this.#wake();
    });
    return [child, closed];
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Messages in the order they came. */
  get said(): string[] {
    return this.lines.map(({ msg }) => msg);
  }

  count(msg: string): number {
    return this.lines.filter((line) => line.msg === msg).length;
  }

  /** Waits until it has said something so many times. @throws Error when it ends before, or takes too long. */
  async says(msg: string, { times = 1, timeout = 20_000 } = {}): Promise<void> {
    await this.until(() => this.count(msg) >= times, `"${msg}" ${String(times)} times`, timeout);
  }

  async until(isSo: () => boolean, what: string, timeout = 20_000): Promise<void> {
    const late = performance.now() + timeout;
    while (!isSo()) {
      if (this.end !== null) throw new Error(`The keeper ended without ${what}: ${this.tail()}`);
      if (performance.now() > late) throw new Error(`Not in time: ${what}: ${this.tail()}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 100);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** As a power cut does. */
  async kill(): Promise<void> {
    this.#isUnwanted = true;
    this.#child.kill("SIGKILL");
    await this.#closed;
  }

  /** As a service manager does. */
  async stop(): Promise<void> {
    this.#isUnwanted = true;
    this.#child.kill("SIGTERM");
    await this.#closed;
  }

  /** Stands still until {@link thaw}. */
  freeze(): void {
    this.#child.kill("SIGSTOP");
  }

  thaw(): void {
    this.#child.kill("SIGCONT");
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** The last of what it said, without what it says at every block. */
  tail(count = 25): string {
    const lines = this.lines
      .filter(({ level }) => level !== 20)
      .slice(-count)
      .map((line) => JSON.stringify(line));
    return `\n${[...lines, ...this.stray.slice(-count)].join("\n")}`;
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}
