import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { gzipSync } from "node:zlib";

import { CsvTable } from "../history/csv.ts";
import { InputError } from "../history/inputError.ts";

/**
 * A CSV file that grows at its end and is never seen half written: what is new is put beside it and takes its place at
 * once. Gzipped where its name ends in `.gz`.
 */
export class GrowingFile {
  readonly path: string;
  readonly #header: string;
  readonly #lines: string[];
  #saved: number;

  /**
   * Opens a file that may not be there yet.
   * @throws InputError when it cannot be written, or what is there has other columns.
   */
  constructor(path: string, columns: readonly string[]) {
    this.path = path;
    this.#header = columns.join(",");
    checkPlace(path);
    this.#lines = existsSync(path) ? linesOf(path, columns) : [];
    this.#saved = this.#lines.length;
  }

  /** Rows, the header not counted. */
  get length(): number {
    return this.#lines.length;
  }

  /** The cells of the last rows, at most so many. */
  tail(count: number): string[][] {
    return this.#lines.slice(-count).map((line) => line.split(","));
  }

  /** Cells of one column, from the first row to the last. */
  column(index: number): string[] {
    return this.#lines.map((line) => line.split(",")[index]!);
  }

  append(rows: readonly (readonly string[])[]): void {
    for (const row of rows) this.#lines.push(row.join(","));
  }

  /** Whether rows are in memory alone. */
  get isDirty(): boolean {
    return this.#saved < this.#lines.length;
  }

  /** Writes what is new; a file without rows is not written. @throws InputError when it cannot be. */
  save(): void {
    if (!this.isDirty) return;
    const text = `${this.#header}\n${this.#lines.join("\n")}\n`;
    const part = `${this.path}.${String(process.pid)}.part`;
    try {
      const file = openSync(part, "w");
      try {
        const bytes = this.path.endsWith(".gz") ? gzipSync(text) : Buffer.from(text);
        for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(part, this.path);
    } catch (error) {
      rmSync(part, { force: true });
      throw new InputError(`--out ${this.path} cannot be written: ${(error as Error).message}`);
    }
    this.#saved = this.#lines.length;
  }
}

/** Says so before the work that it would lose. */
function checkPlace(path: string): void {
  if (!/\.csv(\.gz)?$/.test(path))
    throw new InputError(`--out ${path}: its name must end in .csv or .csv.gz`);
  const folder = dirname(path);
  try {
    if (!statSync(folder).isDirectory()) throw new InputError(`--out ${path}: ${folder} is no folder`);
    accessSync(folder, constants.W_OK);
    if (existsSync(path)) accessSync(path, constants.W_OK);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`--out ${path} cannot be written: ${(error as Error).message}`);
  }
}

function linesOf(path: string, columns: readonly string[]): string[] {
  const table = new CsvTable("--out", path);
  const isSame = table.has(...columns) && columns.every((name, index) => table.column(name) === index);
  if (!isSame || table.rows[0]!.cells.length !== columns.length) {
    throw table.error(`has other columns than ${columns.join(", ")}: give another file`);
  }
  return table.rows.map((row) => row.cells.join(","));
}
