import type { Address } from "viem";

import { ConfigError, loadConfig, secretsOf, type Config } from "../config/load.ts";
import { closingAfter } from "../fleet/closers.ts";
import { operate } from "../fleet/operate.ts";
import { createLogger } from "../log/logger.ts";
import { openDatabase } from "../store/database.ts";
import { EXIT, reportFailure } from "./failure.ts";

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

/** Runs the keeper until the signal aborts. @returns The exit code; every failure is one line on `stderr`. */
export async function runKeeper(options: RunKeeperOptions): Promise<number> {
  let config: Config | null = null;
  try {
    config = loadConfig({ file: options.configFile, env: options.env });
    await start(config, options);
    return EXIT.done;
  } catch (error) {
    // Told to stop while it was starting, it did nothing yet that could have failed.
    if (options.signal.aborted && !(error instanceof ConfigError)) return EXIT.done;
    return reportFailure(options.stderr, error, config === null ? [] : secretsOf(config));
  }
}

async function start(config: Config, { once, shadowOf, signal, stderr }: RunKeeperOptions): Promise<void> {
  const log = createLogger({ level: config.logLevel, secrets: secretsOf(config), destination: stderr });
  const { databaseUrl: url, storeDir: directory } = config;
  const database = await openDatabase(url === null ? { directory } : { url });
  await closingAfter(log, async (closers) => {
    closers.push(() => database.close());
    await operate({ config, database, log, signal, once, shadowOf });
  });
}
