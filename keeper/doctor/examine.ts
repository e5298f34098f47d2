import { createChainClient } from "../chain/client.ts";
import { readHead } from "../chain/head.ts";
import { buildId } from "../config/build.ts";
import type { ChainSettings, Config } from "../config/load.ts";
import { limitsOf } from "../fleet/limits.ts";
import { silentLog } from "../log/logger.ts";
import { createRpcPool, RPC_TIMEOUT, type RpcPool } from "../rpc/pool.ts";
import { checkChainClock } from "./chainClock.ts";
import { attempt, type Check } from "./check.ts";
import { checkEndpoints } from "./endpoints.ts";
import { checkWebSocket } from "./headSocket.ts";
import { checkPrivateRoute } from "./privateRoute.ts";
import { checkStatusServer } from "./statusServer.ts";
import { viewStore } from "./store.ts";
import { checkVault, type ReachedChain } from "./vault.ts";
import { checkWebhook } from "./webhook.ts";

export interface ExamineOptions {
  /** Only this vault; default: all of the settings. */
  readonly vault?: string | undefined;
  /** That the settings were read from, where one was named: what is to be done next is done with it. */
  readonly configFile?: string | undefined;
  /** Whether the webhook is sent a test. */
  readonly sendsAlert: boolean;
  /** Unix seconds. Default: this machine's clock. */
  readonly now?: () => number;
  /** Milliseconds for a request to an endpoint; default: what the keeper itself allows. */
  readonly rpcTimeout?: number;
  /** Seconds to wait for a websocket's head; default: long enough for a few blocks. */
  readonly socketTimeout?: number;
}

/** Blocks that a websocket may miss before it counts as silent, and seconds it is given at least. */
const SOCKET_BLOCKS = 3;
const SOCKET_LEAST = 15;

/**
 * Looks at everything the keeper needs by these settings, whatever else fails. Sends no transaction and changes nothing in the store;
 * works beside a keeper that runs. Never rejects.
 */
export async function examine(config: Config, options: ExamineOptions): Promise<Check[]> {
  const now = options.now ?? (() => Date.now() / 1000);
  const store = await viewStore(config, now);
  const pools: RpcPool[] = [];
  try {
    const [chains, server, webhook] = await Promise.all([
      Promise.all(config.chains.map((chain) => checkChain(chain, pools, { ...options, now }))),
      checkStatusServer(config),
      checkWebhook(config, options.sendsAlert),
    ]);
    const reached = chains.flatMap((chain) => (chain.reached === null ? [] : [chain.reached]));
    const limits = limitsOf(config);
    const build = buildId();
    const vaults: Check[] = [];
    // One after another: the embedded database and a remote signer answer one question at a time anyway.
    for (const [index, settings] of config.vaults.entries()) {
      if (options.vault !== undefined && settings.name !== options.vault) continue;
      const question = {
        ...{ config, settings, limits: limits[index]!, chains: reached, store, build },
        configFile: options.configFile,
      };
      vaults.push(...(await checkVault(question)));
    }
    return [...store.checks, ...chains.flatMap(({ checks }) => checks), ...vaults, server, ...webhook];
  } finally {
    for (const pool of pools) pool.close();
    await store.close();
  }
}

async function checkChain(
  settings: ChainSettings,
  pools: RpcPool[],
  { now, socketTimeout, rpcTimeout: timeout = RPC_TIMEOUT }: ExamineOptions & { readonly now: () => number },
): Promise<{ readonly checks: readonly Check[]; readonly reached: ReachedChain | null }> {
  const { rpcUrls, pollInterval, webSocketUrl, chainId: told } = settings;
  const found: { reached: ReachedChain | null } = { reached: null };
  const endpoints = await checkEndpoints(settings, { now, timeout });
  const pool = createRpcPool({
    endpoints: rpcUrls.map((url) => ({ url })),
    ...{ timeout, log: silentLog },
  });
  pools.push(pool);
  const client = createChainClient({ pool });
  const name = told === undefined ? "chain" : `chain ${String(told)}`;
  const mend = "mend the endpoints above: too few of them answer alike";
  const chain = await attempt(`${name}: reached`, mend, async () => {
    // What the endpoints serve, whatever the settings tell: a vault of the other chain must not be looked at here.
    const chainId = await client.getChainId();
    const head = await readHead(client);
    if (told === undefined || told === chainId) found.reached = { chainId, pollInterval, client };
    return checkChainClock(head, `chain ${String(chainId)}`, now());
  });
  const { reached } = found;
  const subject = reached === null ? name : `chain ${String(reached.chainId)}`;
  const patience = socketTimeout ?? Math.max(SOCKET_LEAST, SOCKET_BLOCKS * pollInterval);
  const ways = await Promise.all([
    checkWebSocket(webSocketUrl, subject, patience).then((check) => [check]),
    attempt(`${subject}: private route`, "correct private.url", () =>
      checkPrivateRoute(settings.private, subject, reached?.chainId ?? told ?? 0),
    ),
  ]);
  return { checks: [...endpoints, ...chain, ...ways.flat()], reached };
}
