import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";

/** What a child process does when its parent asks. Each takes arguments of its own. */
export type Handlers = Readonly<Record<string, (...args: never[]) => unknown>>;

interface Question {
  readonly id: number;
  readonly name: string;
  readonly args: readonly unknown[];
}

type Answer = { readonly id: number } & ({ readonly value: unknown } | { readonly error: string });

/** In a child: answers its parent, and ends when the parent is gone. */
export function serveParent(handlers: Handlers): void {
  process.on("message", ({ id, name, args }: Question) => {
    void (async () => {
      try {
        // `Child.call` lets the parent send only what its handler takes.
        const value = await handlers[name]!(...(args as never[]));
        process.send!({ id, value } satisfies Answer);
      } catch (error) {
        process.send!({ id, error: (error as Error).stack ?? String(error) } satisfies Answer);
      }
    })();
  });
  process.on("disconnect", () => process.exit());
}

/** In the parent: a process of its own that can be asked for things. */
export class Child<H extends Handlers> {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #lastId = 0;

  /** @param script Beside this file. */
  constructor(script: string, flags: readonly string[] = []) {
    this.#process = fork(new URL(script, import.meta.url), {
      execArgv: [...process.execArgv, ...flags],
      // Of values JSON has no word for.
      serialization: "advanced",
    });
    this.#process.on("message", (answer: Answer) => {
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
    this.#process.on("exit", (code) => {
      for (const [id, answer] of this.#waiting)
        answer({ id, error: `${script} ended with code ${String(code)}.` });
      this.#waiting.clear();
    });
  }

  /** @throws Error with what the child's handler threw. */
  call<K extends keyof H & string>(name: K, ...args: Parameters<H[K]>): Promise<Awaited<ReturnType<H[K]>>> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      if (!this.#process.connected) {
        reject(new Error(`${name}: the process has ended.`));
        return;
      }
      this.#waiting.set(id, (answer) => {
        if ("error" in answer) reject(new Error(answer.error));
        else resolve(answer.value as Awaited<ReturnType<H[K]>>);
      });
      this.#process.send({ id, name, args } satisfies Question);
    });
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, "exit");
    this.#process.disconnect();
    await ended;
  }
}
