import { InputError } from "./inputError.ts";
import { formatInstant } from "./instant.ts";

/** Unix seconds. */
interface Period {
  readonly start: number;
  readonly end: number;
}

/** @param flag The option that named the file, for messages. @throws InputError when the file does not cover what is needed of it. */
export function checkCovered(flag: string, file: string, covered: Period, needed: Period): void {
  if (needed.start >= covered.start && needed.end <= covered.end) return;
  const words = ({ start, end }: Period) => `${formatInstant(start)} to ${formatInstant(end)}`;
  throw new InputError(`${flag} ${file} has ${words(covered)}, needed are ${words(needed)}`);
}
