import { randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** The store is in use by another process, or it cannot be told that it is not. */
export class StoreLockedError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StoreLockedError";
  }
}

/** Who has a directory, for people; and for other machines, which may not see its lock. */
interface Holder {
  readonly host: string;
  readonly pid: number;
  readonly since: string;
  /** Only of older builds, which locked nothing but left this note: when the process started, in the system's own count. */
  readonly started?: string;
}

/** Says who has the directory. */
const NOTE_FILE = "keeper.lock";
/** What is locked: always empty, and never deleted, since whoever makes it anew would lock another file. */
const GUARD_FILE = "keeper.guard";
/** Milliseconds. Two that try at the same moment can be in each other's way; one of them is to get it. */
const TIMEOUT = 100;
const SQLITE_BUSY = 5;
/** The locks of this process, which would end with their garbage collection. */
const heldHere = new Map<string, DatabaseSync>();

/**
 * Takes `directory` for this process; the embedded database has no lock of its own and two writers destroy it.
 *
 * It is in use exactly while a process has a lock of the kernel's on a file in it, which ends with that process however that ends.
 * No process number is asked, save that of a keeper of a build before that lock: every container has a first process. Another
 * machine may not see the lock (NFS), so what names another host as holder counts as held until somebody deletes it.
 * Throws {@link StoreLockedError} where it is held, or cannot be locked.
 * @returns Gives the lock back; safe to call twice.
 */
export function lockDirectory(directory: string): () => void {
  mkdirSync(directory, { recursive: true });
  const path = resolve(join(directory, NOTE_FILE));
  if (heldHere.has(path)) throw new StoreLockedError(`${directory} is in use by this process.`);
  const guard = lockGuard(directory, path);
  const holder: Holder = { host: hostname(), pid: process.pid, since: new Date().toISOString() };
  const note = JSON.stringify(holder);
  try {
    leaveNote(directory, path, note);
  } catch (error) {
    guard.close();
    throw error;
  }
  heldHere.set(path, guard);
  return () => {
    if (heldHere.get(path) !== guard) return;
    heldHere.delete(path);
    try {
      if (readOrNull(path) === note) rmSync(path, { force: true });
    } finally {
      guard.close();
    }
  };
}

/** Node has no lock of the kernel's to offer but the one that SQLite takes on a database. @returns Its holder, to be closed. */
function lockGuard(directory: string, path: string): DatabaseSync {
  let guard: DatabaseSync | null = null;
  try {
    guard = new DatabaseSync(join(directory, GUARD_FILE));
    // Nothing is ever written; a journal on disk would be one of nothing.
    guard.exec(`pragma busy_timeout = ${String(TIMEOUT)}; pragma journal_mode = memory; begin exclusive`);
    return guard;
  } catch (error) {
    guard?.close();
    const { errcode, message } = error as Error & { readonly errcode?: number };
    if (errcode !== SQLITE_BUSY)
      throw new StoreLockedError(`${directory} cannot be locked: ${message}.`, { cause: error });
    const holder = parseHolder(readOrNull(path));
    const who = holder === null ? "another process" : `process ${String(holder.pid)} on ${holder.host}`;
    throw new StoreLockedError(`${directory} is in use by ${who}.`);
  }
}

/** Writes who has the directory, all at once, in the place of what a process of this host left that is gone. */
function leaveNote(directory: string, path: string, note: string): void {
  const found = readOrNull(path);
  const former = parseHolder(found);
  if (former !== null && former.host !== hostname()) {
    throw new StoreLockedError(
      `${directory} is locked by process ${String(former.pid)} on ${former.host}; if that is gone, delete ${path}.`,
    );
  }
  if (former !== null && isOlderKeeper(former)) {
    const pid = String(former.pid);
    throw new StoreLockedError(
      `${directory} is in use by process ${pid}, a keeper of an older build: stop it first; if process ${pid} is no keeper, delete ${path}.`,
    );
  }
  const draft = `${path}.${randomUUID()}`;
  try {
    writeFileSync(draft, note, { flag: "wx" });
    // Where there was none, another machine that does not see the lock may have left one since.
    if (found === null) linkSync(draft, path);
    else renameSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw new StoreLockedError(`${directory} was taken by another process just now.`);
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * Whether a keeper that knows no lock of the kernel's still lives: the one case in which a process number is asked. That of this process
 * proves nothing, as in a container the first has the same in every life.
 */
function isOlderKeeper({ pid, started }: Holder): boolean {
  if (started === undefined || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, but belongs to another user.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  return startOf(pid) === started;
}

/** Start time of a process in clock ticks since boot, which tells it from a later one of its number; empty where the system does not tell. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, "utf8");
    // The name, in parentheses, may hold spaces; the start time is the 20th field after it.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** Null where nobody is named: no note, or one that the machine's own end cut off. */
function parseHolder(note: string | null): Holder | null {
  try {
    return JSON.parse(note ?? "null") as Holder | null;
  } catch {
    return null;
  }
}
