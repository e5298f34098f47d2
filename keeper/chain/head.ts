import { setTimeout as sleep } from "node:timers/promises";

import type { Hash, PublicClient } from "viem";

import { describeError } from "../log/describeError.ts";
import type { Log } from "../log/logger.ts";

/** The header fields a decision needs. */
export interface Head {
  readonly number: bigint;
  readonly hash: Hash;
  /** Unix seconds. */
  readonly timestamp: bigint;
  /** Wei. */
  readonly baseFeePerGas: bigint;
}

export interface HeadOptions {
  /** Seconds between looks at the head. */
  readonly pollInterval: number;
  readonly signal: AbortSignal;
  readonly log: Log;
}

/** Seconds: the longest pause between tries when the RPC keeps failing. */
const LONGEST_BACK_OFF = 60;

/** The newest block. Throws what the RPC throws. */
export async function readHead(client: PublicClient): Promise<Head> {
  const block = await client.getBlock({ blockTag: "latest", includeTransactions: false });
  if (block.baseFeePerGas === null) throw new Error("The chain has no base fee (EIP-1559).");
  const { number, hash, timestamp, baseFeePerGas } = block;
  return { number, hash, timestamp, baseFeePerGas };
}

/**
 * Every new head in turn, the current one first, until `signal` aborts. Blocks that pass between two looks are
 * skipped: a decision is only ever made on the newest. A failing RPC is asked again after a doubling pause.
 */
export async function* watchHeads(client: PublicClient, options: HeadOptions): AsyncGenerator<Head, void> {
  const { pollInterval, signal, log } = options;
  let last: Hash | null = null;
  let failures = 0;
  while (!signal.aborted) {
    try {
      const head = await readHead(client);
      if (failures > 0) log.info({ failures, block: head.number }, "The RPC answers again.");
      failures = 0;
      if (head.hash !== last) {
        last = head.hash;
        yield head;
      }
    } catch (error) {
      failures += 1;
      log.warn({ failures, error: describeError(error) }, "The head could not be read.");
    }
    const pause = Math.min(
      pollInterval * 2 ** Math.min(failures, 10),
      Math.max(LONGEST_BACK_OFF, pollInterval),
    );
    await sleep(pause * 1000, undefined, { signal }).catch(() => undefined);
  }
}
