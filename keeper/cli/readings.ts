import { AbiDecodingZeroDataError, type Address, type PublicClient } from "viem";

import { createChainClient } from "../chain/client.ts";
import { readHead } from "../chain/head.ts";
import { createSnapshotReader, type Snapshot } from "../chain/snapshot.ts";
import { deploymentFile, loadDeployment } from "../config/deployment.ts";
import type { Config } from "../config/load.ts";

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
  const client = createChainClient({ url: config.rpcUrl.reveal() });
  return [
    {
      name: "vault",
      deltaLimit: config.limits.delta,
      read: () => readVault(client, config.deployment),
    },
  ];
}

/** @param file The deployment's; by default that of the chain which answers. */
async function readVault(client: PublicClient, file: string | undefined): Promise<ReadVault> {
  const chainId = await client.getChainId();
  const deployment = loadDeployment(file ?? deploymentFile(chainId));
  if (deployment.chainId !== chainId) {
    throw new Error(
      `The RPC serves chain ${String(chainId)}, the deployment is of chain ${String(deployment.chainId)}.`,
    );
  }
  const { Vault: vault, Lens } = deployment.contracts;
  const { hash } = await readHead(client);
  try {
    return { chainId, vault, snapshot: await createSnapshotReader(client, Lens, vault)(hash) };
  } catch (error) {
    if (!(error instanceof AbiDecodingZeroDataError)) throw error;
    throw new Error(`There is no Lens at ${Lens} on chain ${String(chainId)}.`, { cause: error });
  }
}
