import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

import { parse } from "csv-parse/sync";

import { InputError } from "./inputError.ts";

/** Unix seconds of the year 5138: what is later is in another unit. */
export const LATEST_TIME = 1e11;
/** No price, whatever its unit, is above it or below its inverse. */
const LARGEST = 1e12;

/** One row of a table; `number` is its line in the file, the header being 1. */
export interface CsvRow {
  readonly number: number;
  readonly cells: readonly string[];
}

/** A CSV file in memory, with errors that name its flag and row. */
export class CsvTable {
  readonly rows: readonly CsvRow[];
  readonly #flag: string;
  readonly #file: string;
  readonly #header: readonly string[];

  /**
   * @param flag the option that named the file, for messages.
   * @param file CSV with a header, gzipped when its name ends in `.gz`.
   * @throws InputError when it cannot be read, is no CSV or has no rows.
   */
  constructor(flag: string, file: string) {
    this.#flag = flag;
    this.#file = file;
    const [header, ...rows] = this.#parse();
    if (header === undefined) throw this.error("is empty");
    if (rows.length === 0) throw this.error("has a header but no rows");
    this.#header = header.cells.map((name) => name.trim());
    this.rows = rows;
  }

  has(...columns: readonly string[]): boolean {
    return columns.every((column) => this.#header.includes(column));
  }

  /** Index of a column in each row's cells. @throws InputError when the file does not have it. */
  column(name: string): number {
    const index = this.#header.indexOf(name);
    if (index < 0) throw this.error(`has no column ${name}; its columns are ${this.#header.join(", ")}`);
    return index;
  }

  /** The number in a cell. @throws InputError when it is none. */
  number(row: CsvRow, column: number): number {
    const text = row.cells[column]!.trim();
    const value = Number(text);
    if (text === "" || !Number.isFinite(value)) {
      throw this.error(`${this.#header[column]!} "${text}" is not a number`, row);
    }
    return value;
  }

  /** The moment in a cell, unix seconds. @throws InputError when it is none, or in another unit. */
  timestamp(row: CsvRow, column: number): number {
    const value = this.number(row, column);
    const name = `${this.#header[column]!} ${String(value)}`;
    if (value < 0) throw this.error(`${name} is before 1970`, row);
    if (value > LATEST_TIME) throw this.error(`${name} is not in seconds; is it in milliseconds?`, row);
    return value;
  }

  /** The number in a cell, above 0 and of a size that prices have. @throws InputError when it is none. */
  positive(row: CsvRow, column: number): number {
    const value = this.number(row, column);
    const name = `${this.#header[column]!} ${String(value)}`;
    if (value <= 0) throw this.error(`${name} is not above 0`, row);
    if (value < 1 / LARGEST || value > LARGEST)
      throw this.error(`${name} is not from ${String(1 / LARGEST)} to ${String(LARGEST)}`, row);
    return value;
  }

  error(message: string, row?: CsvRow): InputError {
    const place = row === undefined ? this.#file : `${this.#file} row ${String(row.number)}:`;
    return new InputError(`${this.#flag} ${place} ${message}`);
  }

  #parse(): CsvRow[] {
    let content: Buffer;
    try {
      content = readFileSync(this.#file);
      if (this.#file.endsWith(".gz")) content = gunzipSync(content);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw this.error(code === "ENOENT" ? "does not exist" : `cannot be read: ${message}`);
    }
    try {
      const records = parse(content, { bom: true, info: true, skip_empty_lines: true }) as unknown as {
        record: string[];
        info: { lines: number };
      }[];
      return records.map(({ record, info }) => ({ number: info.lines, cells: record }));
    } catch (error) {
      const [firstLine] = (error as Error).message.split("\n");
      throw this.error(`is not a CSV: ${firstLine!}`);
    }
  }
}
