import { decodeEventLog, numberToHex, type Hex } from "viem";

import { vaultAbi } from "../../keeper/chain/abi.ts";
import type { Snapshot } from "../../keeper/chain/snapshot.ts";
import { fromUsdc, fromWad } from "../../keeper/math/units.ts";
import type { EquityPoint } from "./report.ts";
import type { Stage } from "./stage.ts";

/** Totals over the rebalances of one run, read from the chain's own events. */
export interface HedgeTotals {
  readonly rebalances: number;
  /** Means of |drift|, ETH. */
  readonly driftBefore: number;
  readonly driftAfter: number;
  /** ETH bought and sold. */
  readonly volume: number;
  /** USD paid to the pool. */
  readonly feeUsd: number;
  /** USD lost against the oracle price beyond the fee; negative where the pool was better than the oracle. */
  readonly slippageUsd: number;
  /** USDC, 6 decimals: what the legs took from the vault's cash, less what they brought. */
  readonly cashSpent: bigint;
}

/** Adds up every rebalance of the vault, block after block. */
export class HedgeLedger {
  readonly #stage: Stage;
  readonly #feeRate: number;
  #nextBlock: bigint;
  #filled = 0;
  readonly #sums = {
    rebalances: 0,
    driftBefore: 0,
    driftAfter: 0,
    volume: 0,
    feeUsd: 0,
    slippageUsd: 0,
    cashSpent: 0n,
  };

  /** @param feeRate of the hedge pool, a fraction. @param nextBlock the first block to read. */
  constructor(stage: Stage, feeRate: number, nextBlock: bigint) {
    this.#stage = stage;
    this.#feeRate = feeRate;
    this.#nextBlock = nextBlock;
  }

  /** Totals up to and with `block`. */
  async upTo(block: bigint): Promise<HedgeTotals> {
    if (block >= this.#nextBlock) {
      const { chain } = this.#stage.local;
      const logs = await chain.rpc<Log[]>("eth_getLogs", [
        {
          address: this.#stage.contracts.Vault,
          fromBlock: numberToHex(this.#nextBlock),
          toBlock: numberToHex(block),
        },
      ]);
      for (const log of logs) this.#add(log);
      this.#nextBlock = block + 1n;
    }
    const count = Math.max(this.#sums.rebalances, 1);
    return {
      ...this.#sums,
      driftBefore: this.#sums.driftBefore / count,
      driftAfter: this.#sums.driftAfter / count,
    };
  }

  #add(log: Log): void {
    const event = decode(log);
    const sums = this.#sums;
    if (event?.eventName === "LegExecuted") {
      this.#filled += Math.abs(fromWad(event.args.filled));
      sums.cashSpent -= event.args.cashDelta;
      return;
    }
    if (event?.eventName !== "Rebalanced") return;
    // The event closes a rebalance: the legs since the last one are its own.
    const { driftBefore, driftAfter, navBefore, navAfter, price } = event.args;
    const usd = fromWad(price);
    const fee = this.#filled * usd * this.#feeRate;
    sums.rebalances += 1;
    sums.driftBefore += Math.abs(fromWad(driftBefore));
    sums.driftAfter += Math.abs(fromWad(driftAfter));
    sums.volume += this.#filled;
    sums.feeUsd += fee;
    sums.slippageUsd += fromUsdc(navBefore - navAfter) - fee;
    this.#filled = 0;
  }
}

/** @param cashSpent USDC the hedge has taken from the vault's cash so far, 6 decimals. */
export function equityPoint(snapshot: Snapshot, cashSpent: bigint): EquityPoint {
  const venues = snapshot.venues.reduce((sum, { equity }) => sum + equity, 0n);
  // What the hedge has earned is what it is worth now less what it cost.
  return {
    timestamp: Number(snapshot.timestamp),
    hedged: fromUsdc(snapshot.nav),
    unhedged: fromUsdc(snapshot.nav - venues + cashSpent),
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
}

/** Undefined for events the demo does not count. */
function decode({ topics, data }: Log) {
  try {
    return decodeEventLog({ abi: vaultAbi, topics, data });
  } catch {
    return undefined;
  }
}
