import { mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";

import { lockDirectory, StoreLockedError } from "../../../keeper/store/directoryLock.ts";

/** What a process that hammered a lock has seen. */
export interface Hammered {
  readonly taken: number;
  readonly refused: number;
  /** How often it had the lock while another had it. */
  readonly violations: number;
}

/** Holds a directory until it is killed, and prints when it has it. */
function hold(directory: string): void {
  lockDirectory(directory);
  console.log("held");
  setInterval(() => undefined, 60_000);
}

/** Takes a directory's lock and gives it back over and over until a time, unix milliseconds; prints {@link Hammered}. */
function hammer(directory: string, end: number): void {
  const inside = join(directory, "inside");
  const seen = { taken: 0, refused: 0, violations: 0 };
  while (Date.now() < end) {
    let unlock: () => void;
    try {
      unlock = lockDirectory(directory);
    } catch (error) {
      if (!(error instanceof StoreLockedError)) throw error;
      seen.refused += 1;
      continue;
    }
    seen.taken += 1;
    let isAlone = true;
    try {
      mkdirSync(inside);
    } catch {
      isAlone = false;
      seen.violations += 1;
    }
    wait(0.5);
    // Every other time what a dead process leaves stays behind, to be taken over.
    if (seen.taken % 2 === 0)
      writeFileSync(
        join(directory, "keeper.lock"),
        JSON.stringify({ host: hostname(), pid: 2 ** 22 + 1, since: "2026" }),
      );
    if (isAlone) rmdirSync(inside);
    unlock();
  }
  console.log(JSON.stringify(seen satisfies Hammered));
}

function wait(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

// The test runner loads every file here.
if (process.argv[1] === import.meta.filename) {
  const [, , directory = "", end] = process.argv;
  if (end === undefined) hold(directory);
  else hammer(directory, Number(end));
}
