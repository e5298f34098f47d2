import { createInterface } from "node:readline";

import { until } from "./until.ts";

export type LogLine = Readonly<Record<string, unknown>>;

/** Milliseconds: loaded machines decide slowly. */
const PATIENCE = 40_000;

/** The log that a keeper writes on a stream, read as it comes. */
export class LogLines {
  readonly #lines: LogLine[] = [];
  /** All that was written, for the message of a test that fails. */
  text = "";

  constructor(stream: NodeJS.ReadableStream) {
    createInterface(stream).on("line", (line) => {
      this.text += `${line}\n`;
      if (line.startsWith("{")) this.#lines.push(JSON.parse(line) as LogLine);
    });
  }

  /** The lines of a message, with all of these fields. */
  of(message: string, fields: LogLine = {}): LogLine[] {
    return this.#lines.filter(
      (line) =>
        line["msg"] === message && Object.entries(fields).every(([name, value]) => line[name] === value),
    );
  }

  /** Waits until a message has come, or so many. @returns The last of them. */
  async until(
    message: string,
    { count = 1, ...fields }: LogLine & { count?: number } = {},
  ): Promise<LogLine> {
    try {
      await until(() => this.of(message, fields).length >= count, message, PATIENCE);
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${this.text}`, { cause: error });
    }
    return this.of(message, fields)[count - 1]!;
  }
}
