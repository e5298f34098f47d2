import { z } from "zod";

import { HOUR_SECONDS } from "../history/candle.ts";
import { formatInstant } from "../history/instant.ts";
import { BlockClock, type BlockTime } from "./blockClock.ts";
import type { Dataset, Page, Stretch } from "./dataset.ts";
import { quantity, type NodeRpc } from "./nodeRpc.ts";

/**
 * `eth_feeHistory`: base fees in wei from `oldestBlock` on, that of the block after the newest included; fewer blocks than
 * asked for where not all are available, zeros before EIP-1559. Published at
 * https://ethereum.github.io/execution-apis/api/methods/eth_feeHistory/
 */
const feeHistory = z.object({ oldestBlock: quantity, baseFeePerGas: z.array(quantity).min(2) });

/** Blocks one question may span: what nodes allow. */
const MOST_BLOCKS = 1024n;

const WEI_PER_GWEI = 1e9;

/**
 * The base fee hour by hour: its median over the hour's blocks in `average_gwei`, the column that gas prices are read from,
 * the least and the greatest beside it. Only hours that the chain has left behind, and that it was there for from the start.
 */
export function baseFees(rpc: NodeRpc): Dataset {
  return {
    columns: ["ts", "average_gwei", "low_gwei", "high_gwei", "blocks"],
    step: HOUR_SECONDS,
    resumeAt: ([ts]) => Number(ts) + HOUR_SECONDS,
    pages: (stretch) => pages(rpc, stretch),
  };
}

async function* pages(rpc: NodeRpc, { from, to }: Stretch): AsyncGenerator<Page> {
  const clock = await BlockClock.start(rpc);
  const end = Math.min(to, Math.floor(clock.newest.timestamp / HOUR_SECONDS) * HOUR_SECONDS);
  if (from + HOUR_SECONDS > end) return;
  let first = await clock.firstFrom(from);
  let at = from;
  if (first.number === 0n) {
    at = Math.ceil(first.timestamp / HOUR_SECONDS) * HOUR_SECONDS;
    yield { rows: [], until: at, notes: [`the chain begins at ${formatInstant(first.timestamp)}`] };
    if (at + HOUR_SECONDS > end) return;
    if (at > first.timestamp) first = await clock.firstAfter(first, at);
  }
  for (; at < end; at += HOUR_SECONDS) {
    const next = at + HOUR_SECONDS;
    const after: BlockTime = first.timestamp >= next ? first : await clock.firstAfter(first, next);
    const fees = await feesOf(rpc, first.number, after.number);
    yield { rows: fees.length === 0 ? [] : [cells(at, fees)], until: next };
    first = after;
  }
}

/** Wei, of the blocks from `first` up to `end`, which is not one of them. */
export async function feesOf(rpc: NodeRpc, first: bigint, end: bigint): Promise<bigint[]> {
  const fees: bigint[] = [];
  // Backwards: where a node has fewer than were asked for, it is the oldest that it leaves off.
  for (let newest = end - 1n; newest >= first;) {
    const wanted = newest - first + 1n;
    const count = wanted < MOST_BLOCKS ? wanted : MOST_BLOCKS;
    const { oldestBlock, baseFeePerGas } = await rpc.request(
      "eth_feeHistory",
      [`0x${count.toString(16)}`, `0x${newest.toString(16)}`, []],
      feeHistory,
    );
    const got = baseFeePerGas.slice(0, -1);
    const fits = oldestBlock + BigInt(got.length) - 1n === newest && BigInt(got.length) <= count;
    if (!fits) throw rpc.server.unexpected("answered eth_feeHistory for other blocks than were asked for");
    fees.unshift(...got);
    newest = oldestBlock - 1n;
  }
  if (fees.includes(0n)) {
    const block = first + BigInt(fees.indexOf(0n));
    throw rpc.server.unexpected(`has no base fee for block ${String(block)}: it is from before EIP-1559`);
  }
  return fees;
}

function cells(timestamp: number, fees: readonly bigint[]): string[] {
  const inOrder = [...fees]
    .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    .map((fee) => Number(fee) / WEI_PER_GWEI);
  const [low, high] = [inOrder[0]!, inOrder.at(-1)!];
  const middle = inOrder.length / 2;
  const median = (inOrder[Math.ceil(middle) - 1]! + inOrder[Math.floor(middle)]!) / 2;
  return [timestamp, median, low, high, fees.length].map(String);
}
