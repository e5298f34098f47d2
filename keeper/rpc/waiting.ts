import { AsyncLocalStorage } from "node:async_hooks";

/** Adds up the time in which a piece of work waits for the RPC; of answers that are waited for at once, once. */
export class RpcWait {
  #running = 0;
  #since = 0;
  /** Milliseconds. */
  #total = 0;

  /** Until now. */
  get seconds(): number {
    const running = this.#running === 0 ? 0 : performance.now() - this.#since;
    return (this.#total + running) / 1000;
  }

  async during<T>(request: () => Promise<T>): Promise<T> {
    if (this.#running === 0) this.#since = performance.now();
    this.#running += 1;
    try {
      return await request();
    } finally {
      this.#running -= 1;
      if (this.#running === 0) this.#total += performance.now() - this.#since;
    }
  }
}

const current = new AsyncLocalStorage<RpcWait>();

/** Does `work`; whatever it waits for the RPC, however deep in it and after whatever else it waits for, is added to `wait`. */
export function countingRpcWait<T>(wait: RpcWait, work: () => T): T {
  return current.run(wait, work);
}

/** Makes a request on behalf of the work that is under way. */
export function noteRpcWait<T>(request: () => Promise<T>): Promise<T> {
  return current.getStore()?.during(request) ?? request();
}
