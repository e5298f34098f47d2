import { Worker } from "node:worker_threads";

import { InputError } from "../history/inputError.ts";
import type { SweepJob } from "./job.ts";
import type { StrategyRun } from "./result.ts";
import type { Scenario } from "./scenario.ts";
import type { ThreadAnswer, ThreadRequest } from "./workerThread.ts";

const THREAD = new URL("./workerThread.ts", import.meta.url);

interface Thread {
  readonly worker: Worker;
  /** The key of the world it has. */
  scenario: string | null;
  /** What it does. */
  waiting: Waiting | null;
}

interface Waiting {
  readonly key: string;
  readonly scenario: Scenario;
  readonly job: SweepJob;
  resolve(run: StrategyRun): void;
  reject(error: unknown): void;
}

/** Threads that make runs, each one at a time; they start when there is work. */
export class WorkerPool {
  readonly size: number;
  readonly #idle: Thread[] = [];
  readonly #all = new Set<Thread>();
  readonly #queue: Waiting[] = [];

  /** @param size Threads at most, 1 or more. */
  constructor(size: number) {
    this.size = size;
  }

  /**
   * @param key Names the scenario: a thread is sent it once.
   * @throws InputError when the job itself is at fault.
   */
  run(key: string, scenario: Scenario, job: SweepJob): Promise<StrategyRun> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ key, scenario, job, resolve, reject });
      this.#assign();
    });
  }

  /** Ends all threads; what is under way never comes to an end. */
  async close(): Promise<void> {
    this.#queue.length = 0;
    await Promise.all([...this.#all].map(({ worker }) => worker.terminate()));
  }

  #assign(): void {
    while (this.#queue.length > 0) {
      const thread = this.#idle.pop() ?? this.#start();
      if (thread === null) return;
      this.#give(thread, this.#queue.shift()!);
    }
  }

  #start(): Thread | null {
    if (this.#all.size >= this.size) return null;
    const thread: Thread = { worker: new Worker(THREAD), scenario: null, waiting: null };
    this.#all.add(thread);
    thread.worker.on("message", (answer: ThreadAnswer) => {
      const { waiting } = thread;
      thread.waiting = null;
      this.#idle.push(thread);
      if (answer.run !== undefined) waiting?.resolve(answer.run);
      else waiting?.reject(answer.isInput ? new InputError(answer.error) : new Error(answer.error));
      this.#assign();
    });
    thread.worker.on("error", (error) => {
      this.#lose(thread, error);
    });
    thread.worker.on("exit", (code) => {
      this.#lose(thread, new Error(`A worker thread ended with code ${String(code)}.`));
    });
    return thread;
  }

  /** A thread is gone, and what it was doing with it. */
  #lose(thread: Thread, error: unknown): void {
    if (!this.#all.delete(thread)) return;
    const index = this.#idle.indexOf(thread);
    if (index >= 0) this.#idle.splice(index, 1);
    thread.waiting?.reject(error);
    this.#assign();
  }

  #give(thread: Thread, waiting: Waiting): void {
    const send = (request: ThreadRequest) => {
      thread.worker.postMessage(request);
    };
    if (thread.scenario !== waiting.key) send({ scenario: waiting.scenario });
    thread.scenario = waiting.key;
    thread.waiting = waiting;
    send({ job: waiting.job });
  }
}
