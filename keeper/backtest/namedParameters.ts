import { InputError } from "../history/inputError.ts";

/** `NAME` or `NAME:key=value:key=value` of a command line. */
export interface NamedParameters {
  /** As it was written. */
  readonly label: string;
  readonly name: string;
  readonly params: Readonly<Record<string, number>>;
}

/** @param flag The option it came from, for messages. @throws InputError when it is not of that form. */
export function parseNamed(flag: string, text: string): NamedParameters {
  const [name = "", ...pairs] = text.trim().split(":");
  const params: Record<string, number> = {};
  if (!/^[a-z][a-z0-9-]*$/.test(name)) throw new InputError(`${flag} "${text}": no name`);
  for (const pair of pairs) {
    const [, key, number] = /^([A-Za-z][A-Za-z0-9]*)=(\S+)$/.exec(pair) ?? [];
    const value = Number(number);
    if (key === undefined || !Number.isFinite(value))
      throw new InputError(`${flag} ${text}: "${pair}" is not of the form key=number`);
    if (key in params) throw new InputError(`${flag} ${text}: ${key} is given twice`);
    params[key] = value;
  }
  return { label: text.trim(), name, params };
}
