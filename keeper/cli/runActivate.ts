import { createChainClient } from "../chain/client.ts";
import { buildId } from "../config/build.ts";
import { ConfigError, type Config } from "../config/load.ts";
import { checkStartup } from "../fleet/startupChecks.ts";
import { silentLog } from "../log/logger.ts";
import { createRpcPool, RPC_TIMEOUT } from "../rpc/pool.ts";
import { openSigner } from "../signer/open.ts";
import { locateVaults, withOperator } from "./operatorSession.ts";

/** Checks that a vault can be kept, and lets the keeper send for it. @returns What was activated. */
export async function runActivate(
  config: Config,
  flags: { readonly vault?: string; readonly json?: true },
): Promise<string> {
  const build = buildId();
  const activated: { name: string; chainId: number; vault: string; account: string; build: string }[] = [];
  const vaults = await locateVaults(config, flags.vault);
  const ready = await Promise.all(
    vaults.map(async ({ settings, deployment }) => {
      if (settings.key === null) throw new ConfigError([`${settings.name}: has no key`]);
      const { address: account } = await openSigner(settings.key);
      const { chainId, contracts } = deployment;
      const chain = config.chains.find((each) => each.chainId === chainId) ?? config.chains[0];
      const endpoints = chain.rpcUrls.map((url) => ({ url }));
      const pool = createRpcPool({ endpoints, timeout: RPC_TIMEOUT, log: silentLog });
      try {
        await checkStartup(createChainClient({ pool }), deployment, account);
      } finally {
        pool.close();
      }
      return { name: settings.name, chainId, vault: contracts.Vault, account, build };
    }),
  );
  await withOperator(config, "write", async (operator) => {
    for (const { name, ...activation } of ready) {
      await operator.activate(activation);
      activated.push({ name, ...activation });
    }
  });
  if (flags.json === true) return JSON.stringify({ activated }, null, 2);
  return activated
    .map(
      ({ name, chainId, vault, account }) =>
        `activated ${name}: vault ${vault} on chain ${String(chainId)}, account ${account}, build ${build}`,
    )
    .join("\n");
}
