import type { Address } from "viem";

import { ConfigError, loadConfig, secretsOf, type Config } from "../config/load.ts";
import type { Secret } from "../config/secret.ts";
import { operate } from "../fleet/operate.ts";
import { StartupError } from "../fleet/startupChecks.ts";
import { describeError } from "../log/describeError.ts";
import { createLogger } from "../log/logger.ts";
import { KeyError } from "../signer/account.ts";
import { RemoteSignerError } from "../signer/remote.ts";
import { openDatabase } from "../store/database.ts";
import { DatabaseError } from "../store/databaseUrl.ts";
import { StoreLockedError } from "../store/directoryLock.ts";

export interface RunKeeperOptions {
  readonly configFile: string | undefined;
  /** One decision, its transaction awaited, then stop. */
  readonly once: boolean;
  /** Whose keeper to shadow; null to send. */
  readonly shadowOf: Address | null;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

const EXIT = { stopped: 0, failed: 1, badSettings: 2 } as const;

/** What keeps a keeper from starting and has been put in words for its operator. */
const EXPECTED = [StartupError, KeyError, RemoteSignerError, StoreLockedError, DatabaseError];

/** Runs the keeper until the signal aborts. @returns The exit code; every failure is one line on `stderr`. */
export async function runKeeper(options: RunKeeperOptions): Promise<number> {
  let config: Config | null = null;
  try {
    config = loadConfig({ file: options.configFile, env: options.env });
    await start(config, options);
    return EXIT.stopped;
  } catch (error) {
    // Told to stop while it was starting, it did nothing yet that could have failed.
    if (options.signal.aborted && !(error instanceof ConfigError)) return EXIT.stopped;
    return report(options, error, config === null ? [] : secretsOf(config));
  }
}

async function start(config: Config, { once, shadowOf, signal, stderr }: RunKeeperOptions): Promise<void> {
  const log = createLogger({ level: config.logLevel, secrets: secretsOf(config), destination: stderr });
  const { databaseUrl: url, storeDir: directory } = config;
  const database = await openDatabase(url === null ? { directory } : { url });
  try {
    await operate({ config, database, log, signal, once, shadowOf });
  } finally {
    await database.close();
  }
}

function report({ stderr }: RunKeeperOptions, error: unknown, secrets: readonly Secret[]): number {
  const lines = error instanceof ConfigError ? error.problems : [describeError(error)];
  const known = error instanceof ConfigError || EXPECTED.some((type) => error instanceof type);
  for (const line of lines) {
    const clean = secrets.reduce((text, secret) => secret.blot(text), line);
    stderr.write(`${known ? "keeper" : "keeper: could not start"}: ${clean}\n`);
  }
  return error instanceof ConfigError ? EXIT.badSettings : EXIT.failed;
}
