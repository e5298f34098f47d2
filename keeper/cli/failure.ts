import { ConfigError } from "../config/load.ts";
import type { Secret } from "../config/secret.ts";
import { StartupError } from "../fleet/startupChecks.ts";
import { describeError } from "../log/describeError.ts";
import { KeyError } from "../signer/account.ts";
import { RemoteSignerError } from "../signer/remote.ts";
import { DatabaseError } from "../store/databaseUrl.ts";
import { StoreLockedError } from "../store/directoryLock.ts";

/** Exit codes of every command: 0 done, 1 it could not be, 2 bad settings, which trying again does not mend. */
export const EXIT = { done: 0, failed: 1, badSettings: 2 } as const;

/** What has been put in words for an operator where it was thrown. */
const EXPECTED = [ConfigError, StartupError, KeyError, RemoteSignerError, StoreLockedError, DatabaseError];

/** Tells why a command failed, one line for each problem, without a secret. @returns The exit code. */
export function reportFailure(
  stderr: NodeJS.WritableStream,
  error: unknown,
  secrets: readonly Secret[],
): number {
  const lines = error instanceof ConfigError ? error.problems : [describeError(error)];
  const prefix = EXPECTED.some((type) => error instanceof type) ? "keeper" : "keeper: failed";
  for (const line of lines) {
    stderr.write(`${prefix}: ${secrets.reduce((text, secret) => secret.blot(text), line)}\n`);
  }
  return error instanceof ConfigError || error instanceof KeyError ? EXIT.badSettings : EXIT.failed;
}
