import { existsSync } from "node:fs";

import { deploymentFile, loadDeployment, type Deployment } from "../config/deployment.ts";
import { ConfigError, type Config, type VaultSettings } from "../config/load.ts";
import { createChainClient } from "../chain/client.ts";
import { operatorOf, remoteOperator, type Operator } from "../fleet/operator.ts";
import { StartupError } from "../fleet/startupChecks.ts";
import { describeError } from "../log/describeError.ts";
import { callControl, NotRunningError } from "../server/control.ts";
import { openDatabase } from "../store/database.ts";
import { openToInspect } from "../store/inspect.ts";

/** A vault of the settings, and where it is. */
export interface LocatedVault {
  readonly settings: VaultSettings;
  readonly deployment: Deployment;
}

/** The vaults of the settings, or the one of that name. An RPC is asked only where nothing else tells the chain. */
export async function locateVaults(config: Config, name?: string): Promise<LocatedVault[]> {
  const chosen = config.vaults.filter((vault) => name === undefined || vault.name === name);
  if (chosen.length === 0)
    throw new ConfigError([
      `--vault: there is none of that name, but ${config.vaults.map((vault) => vault.name).join(", ")}`,
    ]);
  const located: LocatedVault[] = [];
  for (const settings of chosen) {
    const path = settings.deployment ?? deploymentFile(await onlyChain(config));
    located.push({ settings, deployment: loadDeployment(path) });
  }
  return located;
}

async function onlyChain({ chains: [chain, ...others] }: Config): Promise<number> {
  if (others.length > 0) throw new ConfigError(["deployment: required where there are several chains"]);
  if (chain.chainId !== undefined) return chain.chainId;
  try {
    return await createChainClient({ url: chain.rpcUrls[0]!.reveal() }).getChainId();
  } catch (error) {
    throw new StartupError(`The RPC does not answer: ${describeError(error)}`);
  }
}

/**
 * Does something with the store: through the keeper that runs there, since an embedded store belongs to one process, else directly.
 * @param access To write it is made or brought up to date where need be; to read it is left as it is.
 */
export async function withOperator<T>(
  { databaseUrl: url, storeDir: directory }: Config,
  access: "read" | "write",
  work: (operator: Operator) => Promise<T>,
): Promise<T> {
  if (url === null) {
    try {
      return await work(remoteOperator((name, body) => callControl(directory, name, body)));
    } catch (error) {
      if (!(error instanceof NotRunningError)) throw error;
    }
    if (access === "read" && !existsSync(directory))
      throw new ConfigError([`storeDir: there is no store at ${directory}; no keeper has run with it yet`]);
  }
  const location = url === null ? { directory } : { url };
  const database = await (access === "read" ? openToInspect(location) : openDatabase(location));
  try {
    return await work(operatorOf(database));
  } finally {
    await database.close();
  }
}
