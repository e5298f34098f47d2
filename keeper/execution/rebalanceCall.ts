import { encodeFunctionData, type Address, type Hex, type PublicClient } from "viem";

import { vaultAbi } from "../chain/abi.ts";
import type { Plan } from "./planLegs.ts";
import { revertReason, type Revert } from "./revertReason.ts";

/** Seconds a signed rebalance stays good: long enough to be mined in a busy hour, short enough to be forgotten. */
export const LIFETIME = 600n;

/** One call of `Vault.rebalance`. */
export interface RebalanceCall {
  readonly plan: Plan;
  readonly rebalanceNonce: bigint;
  /** Unix seconds. */
  readonly deadline: bigint;
}

export function encodeRebalance({ plan, rebalanceNonce, deadline }: RebalanceCall): Hex {
  return encodeFunctionData({
    abi: vaultAbi,
    functionName: "rebalance",
    args: [plan.legs, rebalanceNonce, deadline, plan.maxLoss],
  });
}

/**
 * Gas a call of the vault would need at the newest block, or why the vault would refuse it.
 * Throws when the node cannot tell.
 */
export async function simulate(
  client: PublicClient,
  { from, to, data }: { readonly from: Address; readonly to: Address; readonly data: Hex },
): Promise<{ readonly gas: bigint } | { readonly revert: Revert }> {
  try {
    const gas = await client.request({ method: "eth_estimateGas", params: [{ from, to, data }, "latest"] });
    return { gas: BigInt(gas) };
  } catch (error) {
    const revert = revertReason(error);
    if (revert === null) throw error;
    return { revert };
  }
}
