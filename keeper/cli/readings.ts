import type { Address, PublicClient } from "viem";

import { createChainClient } from "../chain/client.ts";
import { readHead, type Head } from "../chain/head.ts";
import { createSnapshotReader, type Snapshot } from "../chain/snapshot.ts";
import { deploymentFile, loadDeployment } from "../config/deployment.ts";
import type { ChainSettings, Config, VaultSettings } from "../config/load.ts";
import { limitsOf } from "../fleet/limits.ts";
import { silentLog } from "../log/logger.ts";
import { createRpcPool, RPC_TIMEOUT } from "../rpc/pool.ts";

/** What was read of one vault. */
export interface ReadVault {
  readonly chainId: number;
  readonly vault: Address;
  readonly snapshot: Snapshot;
}

/** A vault of the configuration, and the way to read it at the newest block. */
export interface Reading {
  readonly name: string;
  /** ETH: |drift| at which the keeper acts whatever it costs. */
  readonly deltaLimit: number;
  /** Throws what reading the RPC or the deployment's file throws. */
  read(): Promise<ReadVault>;
}

/** Every vault of the configuration, in its order. Nothing is read yet. */
export function readingsOf(config: Config): Reading[] {
  const clients = new Map<ChainSettings, Promise<ReachedChain>>();
  const reach = (chain: ChainSettings): Promise<ReachedChain> => {
    const reached = clients.get(chain) ?? reachChain(chain);
    clients.set(chain, reached);
    return reached;
  };
  const limits = limitsOf(config);
  return config.vaults.map((vault, index) => ({
    name: vault.name,
    deltaLimit: limits[index]!.limits.delta,
    read: () => readVault(config, vault, reach),
  }));
}

/** A chain and its newest block: all vaults of one are read at the same. */
interface ReachedChain {
  readonly client: PublicClient;
  readonly chainId: number;
  readonly head: Head;
}

async function reachChain({ rpcUrls }: ChainSettings): Promise<ReachedChain> {
  const endpoints = rpcUrls.map((url) => ({ url }));
  const client = createChainClient({
    pool: createRpcPool({ endpoints, timeout: RPC_TIMEOUT, log: silentLog }),
  });
  return { client, chainId: await client.getChainId(), head: await readHead(client) };
}

async function readVault(
  config: Config,
  vault: VaultSettings,
  reach: (chain: ChainSettings) => Promise<ReachedChain>,
): Promise<ReadVault> {
  const [first] = config.chains;
  const deployment = loadDeployment(vault.deployment ?? deploymentFile((await reach(first)).chainId));
  const settings = config.chains.find(({ chainId }) => chainId === deployment.chainId) ?? first;
  const { client, chainId, head } = await reach(settings);
  if (deployment.chainId !== chainId) {
    throw new Error(
      `The RPC serves chain ${String(chainId)}, the deployment is of chain ${String(deployment.chainId)}.`,
    );
  }
  const { Vault, Lens } = deployment.contracts;
  try {
    return { chainId, vault: Vault, snapshot: await createSnapshotReader(client, Lens, Vault)(head.hash) };
  } catch (error) {
    // An address without code answers nothing.
    if (!(error instanceof RangeError)) throw error;
    throw new Error(`There is no Lens at ${Lens} on chain ${String(chainId)}.`, { cause: error });
  }
}
