import { setTimeout as sleep } from "node:timers/promises";

import { createChainClient } from "../chain/client.ts";
import { readHead } from "../chain/head.ts";
import { deploymentFile, loadDeployment } from "../config/deployment.ts";
import { ConfigError, loadConfig, secretsOf, type Config } from "../config/load.ts";
import { createKeeper, type Keeper } from "../keeper.ts";
import { describeError } from "../log/describeError.ts";
import { createLogger } from "../log/logger.ts";
import { gweiToWei } from "../math/units.ts";
import { KeyError } from "../signer/account.ts";
import { openSigner } from "../signer/open.ts";
import { RemoteSignerError } from "../signer/remote.ts";
import { openJournal } from "../store/journal.ts";
import { StoreLockedError } from "../store/directoryLock.ts";
import { selectStrategy } from "../strategy/select.ts";
import { checkStartup, StartupError } from "./startupChecks.ts";

export interface RunKeeperOptions {
  readonly configFile: string | undefined;
  /** One decision, its transaction awaited, then stop. */
  readonly once: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

const EXIT = { stopped: 0, failed: 1, badSettings: 2 } as const;

/** Runs the keeper until the signal aborts. @returns The exit code; every failure is one line on `stderr`. */
export async function runKeeper(options: RunKeeperOptions): Promise<number> {
  let config: Config;
  try {
    config = loadConfig({ file: options.configFile, env: options.env });
  } catch (error) {
    return report(options, error, []);
  }
  try {
    await start(config, options);
    return EXIT.stopped;
  } catch (error) {
    // Told to stop while it was starting, it did nothing yet that could have failed.
    if (error instanceof StoppedError) return EXIT.stopped;
    return report(options, error, secretsOf(config));
  }
}

/** Stopped before it had started. */
class StoppedError extends Error {}

async function start(config: Config, { once, signal, stderr }: RunKeeperOptions): Promise<void> {
  if (config.key === null) {
    throw new ConfigError([
      "KEEL_PRIVATE_KEY: a key is needed: this, KEEL_KEYSTORE and its password, or a remoteSigner",
    ]);
  }
  const url = config.rpcUrl.reveal();
  // An RPC that never answers must not hold up Ctrl-C.
  const starting = createChainClient({ url, signal });
  const failed = (what: string) => (error: unknown) => {
    if (signal.aborted) throw new StoppedError();
    throw error instanceof StartupError ? error : new StartupError(`${what}: ${describeError(error)}`);
  };
  const chainId = await starting.getChainId().catch(failed("The RPC does not answer"));
  const deployment = loadDeployment(config.deployment ?? deploymentFile(chainId));
  const account = await openSigner(config.key);
  await checkStartup(starting, deployment, account.address).catch(failed("The start could not be checked"));
  const client = createChainClient({ url });
  const strategy = await selectStrategy(config.strategy, { riskAversion: config.riskAversion });

  const log = createLogger({ level: config.logLevel, secrets: secretsOf(config), destination: stderr });
  // At the pace of a chain each decision can be on disk before the next is made.
  const journal = await openJournal({ directory: config.storeDir, batchSize: 1 });
  try {
    const keeper = await createKeeper({
      client,
      account,
      deployment,
      strategy,
      journal,
      log,
      deltaLimit: config.limits.delta,
      fees: {
        priorityFeePerGas: gweiToWei(config.priorityFeeGwei),
        maxBaseFeePerGas: config.maxBaseFeeGwei === undefined ? null : gweiToWei(config.maxBaseFeeGwei),
      },
      checkInterval: config.pollInterval,
    });
    const { Vault } = deployment.contracts;
    const about = {
      chain: deployment.chainId,
      vault: Vault,
      account: account.address,
      strategy: strategy.name,
    };
    log.info(about, "The keeper watches.");
    if (once) await decideOnce(keeper, client, config.pollInterval, signal);
    else await keeper.run({ pollInterval: config.pollInterval, signal });
    const { decisions, rebalances } = await journal.summary(Vault);
    log.info({ decisions, rebalances }, "The keeper has stopped.");
  } finally {
    await journal.close();
  }
}

/** One decision; when it sends, looks on until the transaction has ended or can no longer take effect. */
async function decideOnce(
  keeper: Keeper,
  client: Parameters<typeof readHead>[0],
  pollInterval: number,
  signal: AbortSignal,
): Promise<void> {
  const { sent } = await keeper.onBlock(await readHead(client));
  while (sent !== null && !signal.aborted) {
    await sleep(pollInterval * 1000, undefined, { signal }).catch(() => undefined);
    if (!(await keeper.isAwaiting(await readHead(client)))) return;
  }
}

function report({ stderr }: RunKeeperOptions, error: unknown, secrets: ReturnType<typeof secretsOf>): number {
  const lines = error instanceof ConfigError ? error.problems : [describeError(error)];
  const expected = [StartupError, KeyError, RemoteSignerError, StoreLockedError];
  const known = expected.some((kind) => error instanceof kind);
  const prefix = error instanceof ConfigError || known ? "keeper" : "keeper: could not start";
  for (const line of lines) {
    stderr.write(`${prefix}: ${secrets.reduce((text, secret) => secret.blot(text), line)}\n`);
  }
  return error instanceof ConfigError ? EXIT.badSettings : EXIT.failed;
}
