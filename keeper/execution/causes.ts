/** Wrappers looked through; an error that is its own cause must end. */
const DEPTH = 16;

/** The error and its causes, outermost first. Anything may be thrown, so anything is taken. */
export function chainOf(error: unknown): unknown[] {
  const chain: unknown[] = [];
  let part = error;
  while (part !== undefined && part !== null && chain.length < DEPTH) {
    chain.push(part);
    part = (part as { cause?: unknown }).cause;
  }
  return chain;
}
