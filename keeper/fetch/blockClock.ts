import { z } from "zod";

import { quantity, smallQuantity, type NodeRpc } from "./nodeRpc.ts";

/** A block's number and its time in unix seconds. */
export interface BlockTime {
  readonly number: bigint;
  readonly timestamp: number;
}

/** `eth_getBlockByNumber`: https://ethereum.github.io/execution-apis/api/methods/eth_getBlockByNumber/ */
const block = z.object({ number: quantity, timestamp: smallQuantity });

/** Blocks between which the usual time from one to the next is measured. */
const SAMPLE = 1000n;

/** Finds blocks by their time. */
export class BlockClock {
  readonly #rpc: NodeRpc;
  readonly newest: BlockTime;
  /** Seconds from block to block. */
  readonly spacing: number;

  private constructor(rpc: NodeRpc, newest: BlockTime, spacing: number) {
    this.#rpc = rpc;
    this.newest = newest;
    this.spacing = spacing;
  }

  /** @throws SourceError when the node has no usable answer. */
  static async start(rpc: NodeRpc): Promise<BlockClock> {
    const newest = await rpc.request("eth_getBlockByNumber", ["latest", false], block);
    const span = newest.number < SAMPLE ? newest.number : SAMPLE;
    if (span === 0n) return new BlockClock(rpc, newest, 1);
    const earlier = await blockAt(rpc, newest.number - span);
    return new BlockClock(rpc, newest, Math.max(0.01, (newest.timestamp - earlier.timestamp) / Number(span)));
  }

  /** The first block at or after a time, which is not after the newest block. */
  async firstFrom(time: number): Promise<BlockTime> {
    let after = this.newest;
    for (let back = BigInt(Math.ceil((after.timestamp - time) / this.spacing)) + 10n; ; back *= 2n) {
      const before = await blockAt(this.#rpc, after.number > back ? after.number - back : 0n);
      if (before.timestamp < time) return this.#between(time, before, after);
      if (before.number === 0n) return before;
      after = before;
    }
  }

  /** The first block at or after a time that `before` is before and the newest block is not. */
  async firstAfter(before: BlockTime, time: number): Promise<BlockTime> {
    const ahead = BigInt(Math.ceil((time - before.timestamp) / this.spacing));
    let from = before;
    for (let step = ahead + 2n; ; step *= 2n) {
      const guess = from.number + step;
      if (guess >= this.newest.number) return this.#between(time, from, this.newest);
      const after = await blockAt(this.#rpc, guess);
      if (after.timestamp >= time) return this.#between(time, from, after);
      from = after;
    }
  }

  /** The first block at or after `time`, which lies after `before` and at or before `after`: by interpolation and halving in turn. */
  async #between(time: number, before: BlockTime, after: BlockTime): Promise<BlockTime> {
    let [low, high] = [before, after];
    for (let turn = 0; high.number - low.number > 1n; turn++) {
      const blocks = Number(high.number - low.number);
      const share = turn % 4 === 3 ? 0.5 : (time - low.timestamp) / (high.timestamp - low.timestamp);
      const step = Math.min(blocks - 1, Math.max(1, Math.floor(blocks * share)));
      const middle = await blockAt(this.#rpc, low.number + BigInt(step));
      if (middle.timestamp >= time) high = middle;
      else low = middle;
    }
    return high;
  }
}

async function blockAt(rpc: NodeRpc, number: bigint): Promise<BlockTime> {
  const answer = await rpc.request("eth_getBlockByNumber", [`0x${number.toString(16)}`, false], block);
  if (answer.number !== number) throw rpc.server.unexpected("answered another block than was asked for");
  return answer;
}
