import { closeSync, openSync } from "node:fs";

import { InputError } from "../history/inputError.ts";

/**
 * Says before the work that a report of it could not be written.
 * @throws InputError when it cannot, or --open has nothing to open.
 */
export function checkReportFlags({
  report: file,
  open,
}: {
  readonly report?: string;
  readonly open?: true;
}): void {
  if (file === undefined) {
    if (open === true) throw new InputError("--open goes with --report");
    return;
  }
  try {
    closeSync(openSync(file, "a"));
  } catch (error) {
    throw new InputError(`--report ${file} cannot be written: ${(error as Error).message}`);
  }
}
