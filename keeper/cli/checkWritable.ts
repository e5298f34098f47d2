import { closeSync, existsSync, openSync, realpathSync, rmSync } from "node:fs";

import { InputError } from "../history/inputError.ts";

/**
 * Says before the work that a file for what comes of it could not be written. Leaves none behind, and none changed.
 * @param flag the option that named it, for messages. @param file `-` is standard output; undefined is no file at all.
 * @throws InputError when it cannot.
 */
export function checkWritable(flag: string, file: string | undefined): void {
  if (file === undefined || file === "-") return;
  const existed = existsSync(file);
  try {
    closeSync(openSync(file, "a"));
    // A link to a file that is not there makes that file; the link was there before and stays.
    if (!existed) rmSync(realpathSync(file));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new InputError(`${flag} ${file} cannot be written: ${code ?? message}`);
  }
}
