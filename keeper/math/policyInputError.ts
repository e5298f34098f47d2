/**
 * A parameter of the hedging policy that has no meaning: negative, not a number, or a combination without an optimum.
 *
 * `path` names the parameter (dotted when nested), `message` says what was expected of it.
 */
export class PolicyInputError extends Error {
  readonly path: string;

  constructor(path: string, message: string) {
    super(message);
    this.name = "PolicyInputError";
    this.path = path;
  }
}

/** Returns `value` if it is finite and at least 0. @throws {PolicyInputError} otherwise, naming `path`. */
export function nonNegative(path: string, value: number): number {
  if (typeof value !== "number" || !(value >= 0) || value === Infinity) {
    throw new PolicyInputError(path, `must be a finite number of at least 0, got ${String(value)}`);
  }
  return value;
}

/** Returns `value` if it is finite and above 0. @throws {PolicyInputError} otherwise, naming `path`. */
export function positive(path: string, value: number): number {
  if (typeof value !== "number" || !(value > 0) || value === Infinity) {
    throw new PolicyInputError(path, `must be a finite number above 0, got ${String(value)}`);
  }
  return value;
}
