import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

import { ownEnvironment } from "../../support/ownEnvironment.ts";

/** The project's folder, from which every command is run. */
export const ROOT = join(import.meta.dirname, "../../..");

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command of the project in a process of its own, with what it has said so far. */
export class Command {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #closed: Promise<unknown>;
  #stdout = "";
  #stderr = "";
  /** Called when there is more to read, or nothing more to come. */
  #wake: () => void = () => undefined;

  /** @param env laid over this process's, from which Keel's own settings are taken away. */
  constructor(file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(file, args, { cwd: ROOT, env: { ...ownEnvironment(), ...env } });
    this.#child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.#stdout += text;
      this.#wake();
    });
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
      this.#wake();
    });
    this.#closed = once(this.#child, "close");
    running.add(this);
    void this.#closed.then(() => {
      running.delete(this);
      this.#wake();
    });
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Waits until the output, standard error after it, matches; for one at a time. @throws Error with the output when it ends before. */
  async said(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#stdout + this.#stderr);
      if (match !== null) return match;
      if (!running.has(this)) {
        throw new Error(`ended without ${String(pattern)}:\n${this.#stdout}\n${this.#stderr}`);
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Types into the command; with no text, ends its standard input. */
  type(text?: string): void {
    if (text === undefined) this.#child.stdin.end();
    else this.#child.stdin.write(text);
  }

  interrupt(): void {
    this.#child.kill("SIGINT");
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** Waits for the command's end. */
  async ended(): Promise<Outcome> {
    await this.#closed;
    return { code: this.#child.exitCode, stdout: this.#stdout, stderr: this.#stderr };
  }
}

const running = new Set<Command>();

/** Ends whatever a failed test left running. */
export function killAll(): void {
  for (const command of running) command.kill();
}

/** Runs a script of the project to its end. */
export async function run(
  script: string,
  args: readonly string[],
  { input = "", env = {} }: { readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Outcome> {
  const command = new Command(process.execPath, [script, ...args], env);
  if (input !== "") command.type(input);
  command.type();
  return command.ended();
}

/** Lets so many tasks run at a time, in the order they came. */
export function atMost(limit: number): <T>(task: () => Promise<T>) => Promise<T> {
  let free = limit;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
    }
  };
}
