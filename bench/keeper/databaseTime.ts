import type { PGlite } from "@electric-sql/pglite";
import pg from "pg";

import { RpcWait } from "../../keeper/rpc/waiting.ts";
import type { Database } from "../../keeper/store/database.ts";

/** Adds up the time in which this process waits for its database; an embedded one computes in it. */
export function timeDatabase({ connection }: Database): RpcWait {
  const wait = new RpcWait();
  if (connection.name === "pglite") timeMethod(connection.pglite, "query", wait);
  else {
    timeMethod(pg.Pool.prototype, "connect", wait);
    timeMethod(pg.Client.prototype, "query", wait);
  }
  return wait;
}

type Method = (...args: unknown[]) => unknown;

function timeMethod<T extends PGlite | pg.Pool | pg.Client>(
  target: T,
  name: keyof T & string,
  wait: RpcWait,
): void {
  const original = target[name] as Method;
  const timed: Method = function (this: unknown, ...args) {
    const result = original.apply(this, args);
    return result instanceof Promise ? wait.during(() => result) : result;
  };
  Object.defineProperty(target, name, { value: timed, configurable: true, writable: true });
}
