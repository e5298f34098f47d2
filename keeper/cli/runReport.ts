import { readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { text } from "node:stream/consumers";

import { InputError } from "../history/inputError.ts";
import { describeError } from "../log/describeError.ts";
import type { ReportFlags } from "./report.ts";
import { writeReport } from "./writeReport.ts";

const EXIT = { done: 0, failed: 1, badInput: 2 } as const;

export interface ReportStreams {
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
}

/** Makes a report of a result's file. @returns The exit code; every failure is one line on `stderr`. */
export async function runReport(
  result: string,
  { out, open }: ReportFlags,
  { stdin, stdout, stderr }: ReportStreams,
): Promise<number> {
  try {
    const file = out ?? placeOf(result);
    if (result !== "-" && resolve(file) === resolve(result))
      throw new InputError(`--out ${file} is the result itself`);
    const json = result === "-" ? await text(stdin) : read(result);
    const name = result === "-" ? "standard input" : result;
    stdout.write(`${await writeReport({ name, json, file, isOpened: open === true })}\n`);
    return EXIT.done;
  } catch (error) {
    stderr.write(`report: ${describeError(error)}\n`);
    return error instanceof InputError ? EXIT.badInput : EXIT.failed;
  }
}

function placeOf(result: string): string {
  return result === "-"
    ? "report.html"
    : join(dirname(result), `${basename(result).replace(/\.json$/i, "")}.html`);
}

function read(result: string): string {
  try {
    return readFileSync(result, "utf8");
  } catch (error) {
    throw new InputError(`${result} cannot be read: ${(error as Error).message}`);
  }
}
