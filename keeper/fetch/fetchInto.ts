import { LATEST_TIME } from "../history/csv.ts";
import { InputError } from "../history/inputError.ts";
import { formatInstant } from "../history/instant.ts";
import type { Dataset } from "./dataset.ts";
import { GrowingFile } from "./growingFile.ts";
import { gapNotes } from "./hourlyBars.ts";

export interface FetchRequest {
  readonly dataset: Dataset;
  /** CSV, gzipped where its name ends in `.gz`. */
  readonly path: string;
  /** Unix seconds; where a file is there, it goes on where that ends. */
  readonly from: number;
  /** Unix seconds, exclusive. */
  readonly to: number;
  /** Told after each page. */
  readonly onProgress?: (progress: FetchProgress) => void;
  readonly onNote?: (note: string) => void;
}

export interface FetchProgress {
  /** Unix seconds up to which the file has everything. */
  readonly until: number;
  /** 0 to 1. */
  readonly share: number;
  /** Rows that are new. */
  readonly added: number;
}

export interface FetchResult {
  readonly added: number;
  /** Rows of the whole file. */
  readonly rows: number;
}

/** Rows from the end of a file by which it is known. */
const TAIL = 100;

/** Unix seconds of the year 2001: what is earlier is no time of a row. */
const EARLIEST_TIME = 1e9;

/** Milliseconds of work that a machine that dies may lose. */
const SAVE_EVERY = 2_000;

/**
 * Fetches a stretch into a file, or its continuation into a file that is there. What came before a failure is kept.
 * @throws InputError when the file cannot be used. @throws SourceError when a source has no usable answer.
 */
export async function fetchInto(request: FetchRequest): Promise<FetchResult> {
  const { dataset, path, to, onProgress, onNote } = request;
  const file = new GrowingFile(path, dataset.columns);
  const before = file.length;
  const tail = file.tail(TAIL);
  const last = tail.at(-1) ?? null;
  const from = last === null ? request.from : dataset.resumeAt(last);
  if (last !== null && !isMoment(from, dataset.step ?? 1))
    throw new InputError(`--out ${path}: its last row has no time to go on from: give another file`);
  if (last !== null) onNote?.(`${path} has ${String(before)} rows and goes on at ${formatInstant(from)}`);
  let savedAt = performance.now();
  try {
    if (from < to) {
      for await (const { rows, until, notes = [] } of dataset.pages({ from, to, last, tail })) {
        for (const note of notes) onNote?.(note);
        file.append(rows);
        if (performance.now() - savedAt > SAVE_EVERY) {
          file.save();
          savedAt = performance.now();
        }
        const share = Math.min(1, Math.max(0, (until - from) / (to - from)));
        onProgress?.({ until, share, added: file.length - before });
      }
    }
  } finally {
    file.save();
  }
  if (dataset.step !== null) for (const note of gapNotes(file.column(0).map(Number))) onNote?.(note);
  return { added: file.length - before, rows: file.length };
}

/** Whether a time, unix seconds, is one that a row of a dataset may have. */
function isMoment(time: number, step: number): boolean {
  return time >= EARLIEST_TIME && time <= LATEST_TIME && time % step === 0;
}
