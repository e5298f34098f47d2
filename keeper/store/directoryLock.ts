import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";

/** The store is in use by another process, or it cannot be told that it is not. */
export class StoreLockedError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "StoreLockedError";
  }
}

interface Holder {
  readonly host: string;
  readonly pid: number;
  /** When the process started, in the system's own count: tells a process from a later one with its number. */
  readonly started: string;
}

const LOCK_FILE = "keeper.lock";
const heldHere = new Set<string>();

/**
 * Takes `directory` for this process; the embedded database has no lock of its own and two writers destroy it.
 * A lock whose process is gone is taken over. Throws {@link StoreLockedError} where it is held.
 * @returns Gives the lock back; safe to call twice.
 */
export function lockDirectory(directory: string): () => void {
  mkdirSync(directory, { recursive: true });
  const path = resolve(join(directory, LOCK_FILE));
  if (heldHere.has(path)) throw new StoreLockedError(`${directory} is in use by this process.`);
  const text = JSON.stringify({ host: hostname(), pid: process.pid, started: startOf(process.pid) });
  // A second round only after a lock was found abandoned and removed.
  for (let round = 0; round < 2; round += 1) {
    try {
      writeFileSync(path, text, { flag: "wx" });
      heldHere.add(path);
      return () => {
        if (heldHere.delete(path)) rmSync(path, { force: true });
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    removeIfAbandoned(directory, path);
  }
  throw new StoreLockedError(`${directory} was taken by another process just now.`);
}

function removeIfAbandoned(directory: string, path: string): void {
  const found = readOrNull(path);
  if (found === null) return;
  refuseIfHeld(directory, path, found);
  // Of several processes that find the same abandoned lock, only one moves exactly that one away.
  const aside = `${path}.${String(process.pid)}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  if (readOrNull(aside) !== found) {
    renameSync(aside, path);
    throw new StoreLockedError(`${directory} was taken by another process just now.`);
  }
  rmSync(aside, { force: true });
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

function refuseIfHeld(directory: string, path: string, text: string): void {
  let holder: Holder;
  try {
    holder = JSON.parse(text) as Holder;
  } catch {
    // Cut off while it was written: its writer is gone.
    return;
  }
  if (holder.host !== hostname()) {
    throw new StoreLockedError(
      `${directory} is locked by process ${String(holder.pid)} on ${holder.host}; if that is gone, delete ${path}.`,
    );
  }
  // A container's first process has the same number in every life, so our own number proves nothing.
  if (holder.pid !== process.pid && isAlive(holder)) {
    throw new StoreLockedError(`${directory} is in use by process ${String(holder.pid)}.`);
  }
}

function isAlive(holder: Holder): boolean {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: it lives, but belongs to another user.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  return startOf(holder.pid) === holder.started;
}

/** Start time of a process in clock ticks since boot; empty where the system does not tell. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, "utf8");
    // The name, in parentheses, may hold spaces; the start time is the 20th field after it.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}
