import { formatEther, type Address, type PublicClient } from "viem";

import { passed, warned, failed, type Check } from "./check.ts";

export interface BalanceQuestion {
  readonly client: PublicClient;
  readonly account: Address;
  /** Wei that one rebalance costs now; null where no block could be read. */
  readonly cost: bigint | null;
  /** Rebalances it should pay for. */
  readonly wanted: number;
}

/** Whether an account can pay for gas. Throws what the RPC throws. */
export async function checkBalance(subject: string, question: BalanceQuestion): Promise<Check> {
  const name = `${subject}: balance`;
  const { client, account, cost, wanted } = question;
  const balance = await client.getBalance({ address: account });
  const has = `${account} has ${ether(balance)} ETH`;
  const mend = `send ether to ${account}`;
  if (balance === 0n) return failed(name, has, mend);
  if (cost === null) return passed(name, `${has}; what a rebalance costs now cannot be told`);
  const wei = BigInt(Math.ceil(wanted)) * cost;
  const need = `${ether(wei)} ETH pays for ${String(Math.ceil(wanted))} rebalances at the present gas price`;
  if (balance < cost) return failed(name, `${has}, not enough for one rebalance (${ether(cost)} ETH)`, mend);
  return balance < wei ? warned(name, `${has}; ${need}`, mend) : passed(name, `${has}; ${need}`);
}

function ether(wei: bigint): string {
  const text = formatEther(wei);
  return String(Number(Number(text).toPrecision(4)));
}
