/**
 * Why a source has no answer.
 * - `unreachable`: nothing came, or not all of it.
 * - `limited`: it refuses for being asked too much.
 * - `status`: an HTTP status that is not a success.
 * - `garbled`: what came is not JSON; as a rule it was cut off.
 * - `refused`: it understood the question and says no.
 * - `unexpected`: JSON, but not what the published schema says, or numbers that cannot be.
 */
export type SourceFailure = "unreachable" | "limited" | "status" | "garbled" | "refused" | "unexpected";

/** A public source has no answer that can be used. The message is one line, names the source and holds no secret. */
export class SourceError extends Error {
  override readonly name = "SourceError";
  readonly kind: SourceFailure;
  /** The HTTP status, where one came. */
  readonly status: number | null;
  /** Milliseconds the source asks to be left alone; 0 when it does not say. */
  readonly retryAfter: number;

  constructor(kind: SourceFailure, message: string, status: number | null = null, retryAfter = 0) {
    super(message);
    this.kind = kind;
    this.status = status;
    this.retryAfter = retryAfter;
  }
}
