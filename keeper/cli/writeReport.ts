import { writeFileSync } from "node:fs";
import { resolve } from "node:path";

import { InputError } from "../history/inputError.ts";
import { openFile } from "../report/openFile.ts";
import { report } from "../report/report.ts";

export interface ReportOrder {
  /** Of the result, for messages. */
  readonly name: string;
  readonly json: string;
  readonly file: string;
  readonly isOpened: boolean;
}

/**
 * Writes the report of a result, and opens it if asked to and there is something to open it with.
 * @returns What became of it, in a line.
 * @throws InputError when the result is none or the file cannot be written.
 */
export async function writeReport({ name, json, file, isOpened }: ReportOrder): Promise<string> {
  const page = report(name, json);
  try {
    writeFileSync(file, page);
  } catch (error) {
    throw new InputError(`${file} cannot be written: ${(error as Error).message}`);
  }
  const where = `report: ${resolve(file)}, ${String(Math.ceil(page.length / 1000))} KB`;
  if (!isOpened) return where;
  return (await openFile(file))
    ? `${where}, opened`
    : `${where}; nothing here opens it, open it in a browser`;
}
