import { resolve } from "node:path";

import { InputError } from "../history/inputError.ts";

/**
 * Says before the work that one of its files would be written over another.
 * @param files by the options that name them; undefined is no file at all.
 * @throws InputError when two are one.
 */
export function checkApart(files: readonly (readonly [flag: string, file: string | undefined])[]): void {
  const flags = new Map<string, string>();
  for (const [flag, file] of files) {
    if (file === undefined) continue;
    const path = resolve(file);
    const before = flags.get(path);
    if (before !== undefined) throw new InputError(`${before} and ${flag} are both ${file}`);
    flags.set(path, flag);
  }
}
