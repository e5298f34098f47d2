import { toFunctionSelector, type Address, type PublicClient } from "viem";

import { accessManagerAbi, vaultAbi } from "../chain/abi.ts";
import type { Deployment } from "../config/deployment.ts";

/** Why the keeper cannot start, in one line that says what is missing. */
export class StartupError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "StartupError";
  }
}

const REBALANCE = toFunctionSelector(vaultAbi.find((item) => "name" in item && item.name === "rebalance")!);

/**
 * Checks before the first block that the keeper can do its work: the chain is the deployment's, the contracts are
 * there, the account has the role and can pay for gas. Throws {@link StartupError}, or what the RPC throws.
 */
export async function checkStartup(
  client: PublicClient,
  deployment: Deployment,
  account: Address,
): Promise<void> {
  const { Vault, Lens } = deployment.contracts;
  const chainId = await client.getChainId();
  if (chainId !== deployment.chainId) {
    throw new StartupError(
      `The RPC serves chain ${String(chainId)}, the deployment is of chain ${String(deployment.chainId)}.`,
    );
  }
  for (const [name, address] of Object.entries({ Vault, Lens })) {
    const code = await client.getCode({ address });
    if (code === undefined)
      throw new StartupError(`There is no code at ${name} ${address} on chain ${String(chainId)}.`);
  }
  const authority = await client.readContract({ address: Vault, abi: vaultAbi, functionName: "authority" });
  const [immediate] = await client.readContract({
    address: authority,
    abi: accessManagerAbi,
    functionName: "canCall",
    args: [account, Vault, REBALANCE],
  });
  if (!immediate)
    throw new StartupError(`The account ${account} lacks the KEEPER role of the vault ${Vault}.`);
  const balance = await client.getBalance({ address: account });
  if (balance === 0n) throw new StartupError(`The account ${account} has no ether to pay for gas.`);
}
