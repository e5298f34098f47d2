import { describeError } from "../log/describeError.ts";
import { secretsOfUrl, type Secret } from "../config/secret.ts";

/** PostgreSQL could not be opened. The message holds nothing of its URL but the server's name. */
export class DatabaseError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "DatabaseError";
  }
}

/**
 * Throws {@link DatabaseError} where `url` is not a PostgreSQL one: the driver's own error would quote it.
 */
export function checkDatabaseUrl(url: Secret): void {
  const parsed = URL.parse(url.reveal());
  if (parsed === null || !["postgres:", "postgresql:"].includes(parsed.protocol)) {
    throw new DatabaseError("The database's URL is not of the form postgres://user:password@host:port/name.");
  }
}

/** An error of the driver without what it may quote of the URL, on one line. Drops the cause: printing would show it. */
export function withoutUrl(error: unknown, url: Secret): DatabaseError {
  const secrets = [...secretsOfUrl(url)].filter((secret) => secret.reveal().replaceAll("/", "").length > 0);
  const text = secrets.reduce((current, secret) => secret.blot(current), describe(error));
  return new DatabaseError(
    text === "" ? "The database could not be opened." : `The database could not be opened: ${text}`,
  );
}

/** A server with several addresses fails with one error each, and a message that is empty. */
function describe(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describeError).join("; ");
  const own = describeError(error);
  const cause = error instanceof Error && error.cause !== undefined ? describe(error.cause) : "";
  return cause === "" ? own : `${own} ${cause}`;
}
