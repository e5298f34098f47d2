import { decodeEventLog, type Hex } from "viem";

import type { Receipt } from "../localMainnet/chain.ts";
import type { Snapshot } from "../../keeper/chain/snapshot.ts";
import { VAULT } from "./abis.ts";
import type { Stage } from "./stage.ts";

/** Totals over the rebalances of one run, read from the chain's own events and receipts. */
export interface HedgeTotals {
  readonly rebalances: number;
  /** Means of |drift|, ETH. */
  readonly driftBefore: number;
  readonly driftAfter: number;
  /** ETH bought and sold, and its value in USD. */
  readonly volumeEth: number;
  readonly volumeUsd: number;
  readonly gasUsed: number;
  readonly gasUsd: number;
  /** USD paid to the pool. */
  readonly feeUsd: number;
  /** USD lost against the oracle price beyond the fee; negative where the pool was better than the oracle. */
  readonly slippageUsd: number;
  /** USDC, 6 decimals: what the legs took from the vault's cash, less what they brought. */
  readonly cashSpent: bigint;
}

/** Every rebalance of the vault between two blocks, added up. @param feeRate of the hedge pool, a fraction. */
export async function hedgeTotals(
  { local: { chain }, contracts }: Stage,
  range: { readonly from: bigint; readonly to: bigint },
  feeRate: number,
): Promise<HedgeTotals> {
  const logs = await chain.rpc<Log[]>("eth_getLogs", [
    { address: contracts.Vault, fromBlock: hex(range.from), toBlock: hex(range.to) },
  ]);
  const totals = {
    rebalances: 0,
    driftBefore: 0,
    driftAfter: 0,
    volumeEth: 0,
    volumeUsd: 0,
    gasUsed: 0,
    gasUsd: 0,
    feeUsd: 0,
    slippageUsd: 0,
    cashSpent: 0n,
  };
  let filled = 0;
  for (const log of logs) {
    const event = decode(log);
    if (event?.eventName === "LegExecuted") {
      filled += Math.abs(Number(event.args.filled) / 1e18);
      totals.cashSpent -= event.args.cashDelta;
    } else if (event?.eventName === "Rebalanced") {
      // The event closes a rebalance: the legs since the last one are its own.
      const { driftBefore, driftAfter, navBefore, navAfter, price } = event.args;
      const usd = Number(price) / 1e18;
      const fee = filled * usd * feeRate;
      const receipt = await chain.rpc<Receipt & { effectiveGasPrice: Hex }>("eth_getTransactionReceipt", [
        log.transactionHash,
      ]);
      totals.rebalances += 1;
      totals.driftBefore += Math.abs(Number(driftBefore) / 1e18);
      totals.driftAfter += Math.abs(Number(driftAfter) / 1e18);
      totals.volumeEth += filled;
      totals.volumeUsd += filled * usd;
      totals.gasUsed += Number(receipt.gasUsed);
      totals.gasUsd += (Number(receipt.gasUsed) * Number(receipt.effectiveGasPrice) * usd) / 1e18;
      totals.feeUsd += fee;
      totals.slippageUsd += Number(navBefore - navAfter) / 1e6 - fee;
      filled = 0;
    }
  }
  const count = Math.max(totals.rebalances, 1);
  return { ...totals, driftBefore: totals.driftBefore / count, driftAfter: totals.driftAfter / count };
}

/** USD at one moment: the vault as it is, and as it would be had it never hedged. */
export interface EquityPoint {
  readonly timestamp: number;
  readonly hedged: number;
  readonly unhedged: number;
}

/** @param cashSpent USDC the hedge has taken from the vault's cash so far, 6 decimals. */
export function equityPoint(snapshot: Snapshot, cashSpent: bigint): EquityPoint {
  const venues = snapshot.venues.reduce((sum, { equity }) => sum + equity, 0n);
  // What the hedge has earned is what it is worth now less what it cost.
  return {
    timestamp: Number(snapshot.timestamp),
    hedged: Number(snapshot.nav) / 1e6,
    unhedged: Number(snapshot.nav - venues + cashSpent) / 1e6,
  };
}

/** Standard deviation of the changes from one value to the next. */
export function changeDeviation(values: readonly number[]): number {
  const changes = values.slice(1).map((value, index) => value - values[index]!);
  if (changes.length < 2) return 0;
  const mean = changes.reduce((sum, change) => sum + change, 0) / changes.length;
  return Math.sqrt(changes.reduce((sum, change) => sum + (change - mean) ** 2, 0) / (changes.length - 1));
}

interface Log {
  readonly topics: [Hex, ...Hex[]];
  readonly data: Hex;
  readonly transactionHash: Hex;
}

/** Undefined for events the demo does not count. */
function decode({ topics, data }: Log) {
  try {
    return decodeEventLog({ abi: VAULT, topics, data });
  } catch {
    return undefined;
  }
}

function hex(value: bigint): Hex {
  return `0x${value.toString(16)}`;
}
