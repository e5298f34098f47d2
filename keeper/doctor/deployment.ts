import { toFunctionSelector, parseAbi, type Address, type PublicClient } from "viem";

import { accessManagerAbi, vaultAbi } from "../chain/abi.ts";
import type { Deployment } from "../config/deployment.ts";
import { failed, passed, type Check } from "./check.ts";

const REBALANCE = toFunctionSelector(vaultAbi.find((item) => "name" in item && item.name === "rebalance")!);
const shutdownAbi = parseAbi(["function isShutdown() view returns (bool)"]);

/** Where a vault is looked at. */
export interface VaultPlace {
  readonly client: PublicClient;
  readonly deployment: Deployment;
  /** How its checks are named. */
  readonly subject: string;
}

/** Whether there is code where the deployment says. Throws what the RPC throws. */
export async function checkCode({ client, deployment, subject }: VaultPlace): Promise<Check> {
  const name = `${subject}: contracts`;
  const { Vault, Lens } = deployment.contracts;
  for (const [what, address] of Object.entries({ Vault, Lens })) {
    if ((await client.getCode({ address })) === undefined) {
      return failed(
        name,
        `there is no code at ${what} ${address} on chain ${String(deployment.chainId)}`,
        "name the deployment file of this chain: `deployment`, KEEL_DEPLOYMENT or deployments/<chainId>.json",
      );
    }
  }
  return passed(name, `Vault ${Vault}, Lens ${Lens}`);
}

/** Whether the account may rebalance, at once. Throws what the RPC throws. */
export async function checkRole(
  { client, deployment, subject }: VaultPlace,
  account: Address,
): Promise<Check> {
  const name = `${subject}: role`;
  const { Vault } = deployment.contracts;
  const authority = await client.readContract({ address: Vault, abi: vaultAbi, functionName: "authority" });
  const [immediate, delay] = await client.readContract({
    address: authority,
    abi: accessManagerAbi,
    functionName: "canCall",
    args: [account, Vault, REBALANCE],
  });
  if (immediate) return passed(name, `${account} has the KEEPER role`);
  return failed(
    name,
    delay > 0
      ? `${account} may rebalance only ${String(delay)} s after it said so`
      : `${account} lacks the KEEPER role`,
    `use the key that has it, or have the admin call grantRole(1, ${account}, 0) on the AccessManager ${authority}`,
  );
}

/** Whether the vault is shut down. Throws what the RPC throws. */
export function isShutDown({ client, deployment }: VaultPlace): Promise<boolean> {
  const { Vault: address } = deployment.contracts;
  return client.readContract({ address, abi: shutdownAbi, functionName: "isShutdown" });
}
