import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Between two looks at a journal, in milliseconds. */
const LOOK_INTERVAL = 500;

/** What Ignition has noted of a deployment, as far as it matters here. */
interface JournalEntry {
  readonly type: string;
  readonly futureId?: string;
  readonly receipt?: { readonly blockNumber: number };
}

/** The folder in which Ignition keeps a deployment. */
export function journalFolder(deploymentId: string): string {
  return join("ignition/deployments", deploymentId);
}

/** The block of the first transaction of a deployment, by its receipts. @throws Error when none is recorded. */
export function firstBlock(folder: string): number {
  const blocks = readEntries(folder).flatMap(({ receipt }) => receipt?.blockNumber ?? []);
  if (blocks.length === 0) throw new Error(`${folder}: no transaction is recorded`);
  return Math.min(...blocks);
}

/**
 * Reports what has been sent and what is done of a deployment while it goes on: one line for all that happened between
 * two looks. What an earlier run had done is counted, not listed.
 * @returns stops it, after a last look.
 */
export function followJournal(folder: string, steps: number, report: (line: string) => void): () => void {
  let seen = readEntries(folder);
  let done = seen.filter(isCompletion).length;
  if (seen.length > 0) report(`remembered: ${String(done)} of ${String(steps)} done`);

  const look = () => {
    const entries = readEntries(folder);
    const fresh = entries.slice(seen.length);
    seen = entries;
    const sent = fresh.filter(({ type }) => type === "TRANSACTION_SEND");
    if (sent.length > 0) report(`sent ${names(sent)}`);
    const completed = fresh.filter(isCompletion);
    done += completed.length;
    if (completed.length > 0) report(`${String(done)} of ${String(steps)} done: ${names(completed)}`);
  };
  const timer = setInterval(look, LOOK_INTERVAL);
  return () => {
    clearInterval(timer);
    look();
  };
}

function isCompletion({ type }: JournalEntry): boolean {
  return type.endsWith("_EXECUTION_STATE_COMPLETE");
}

/** Their names, without that of the module. */
function names(entries: readonly JournalEntry[]): string {
  return entries.map(({ futureId }) => futureId?.replace(/^.*#/, "")).join(", ");
}

/** The entries there are; one that is still being written is left for the next time. */
function readEntries(folder: string): JournalEntry[] {
  const file = join(folder, "journal.jsonl");
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.flatMap((line) => parseEntry(line) ?? []);
}

function parseEntry(line: string): JournalEntry | undefined {
  try {
    return JSON.parse(line) as JournalEntry;
  } catch {
    return undefined;
  }
}
