import { decodeFunctionData, encodeFunctionResult, parseAbi, type Hex } from "viem";

import type { SourceQuestion, SourceReply } from "./sourceServer.ts";
import { fixture } from "./sources.ts";

const abi = parseAbi([
  "function decimals() view returns (uint8)",
  "function description() view returns (string)",
  "function phaseId() view returns (uint16)",
  "function phaseAggregators(uint16 phase) view returns (address)",
  "function getRoundData(uint80 roundId) view returns (uint80 id, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)",
  "function latestRound() view returns (uint256)",
]);

export interface FakeBlock {
  /** Unix seconds. */
  readonly timestamp: number;
  /** Wei. */
  readonly baseFee: bigint;
}

/** Unix seconds of each round of a phase; null for one that was never answered. */
export type FakePhase = readonly (number | null)[];

export interface FakeChain {
  readonly blocks?: readonly FakeBlock[];
  /** By number, from 1 on. */
  readonly phases?: readonly FakePhase[];
  readonly decimals?: number;
  /** Blocks of which `eth_feeHistory` answers at most so many. */
  readonly mostBlocks?: number;
}

/** The answer of a round: 8 decimals. */
export function answerAt(phase: number, round: number): bigint {
  return 200_000_000_000n + BigInt(phase) * 1_000_000_000n + BigInt(round) * 12_345n;
}

/** A node's answer to one JSON-RPC request, in the shape of the fixtures. */
export function nodeAnswer({ body }: SourceQuestion, chain: FakeChain): SourceReply {
  const { id, method, params } = body as { id: number; method: string; params: unknown[] };
  const outcome = answerTo(method, params, chain);
  return { json: { jsonrpc: "2.0", id, ...outcome } };
}

function answerTo(method: string, params: unknown[], chain: FakeChain): object {
  const { blocks = [], mostBlocks = 1024 } = chain;
  const newest = blocks.length - 1;
  if (method === "eth_getBlockByNumber") {
    const number = params[0] === "latest" ? newest : Number(params[0]);
    const block = blocks[number];
    if (block === undefined) return { result: null };
    const { result } = fixture("node-block").answer as { result: object };
    return { result: { ...result, number: toHex(number), timestamp: toHex(block.timestamp) } };
  }
  if (method === "eth_feeHistory") {
    const last = Number(params[1]);
    const count = Math.min(Number(params[0]), last + 1, mostBlocks);
    const oldest = last - count + 1;
    const fees = blocks.slice(oldest, last + 1).map(({ baseFee }) => toHex(baseFee));
    const { result } = fixture("node-fee-history").answer as { result: object };
    const ratios = { gasUsedRatio: fees.map(() => 0.5) };
    return { result: { ...result, oldestBlock: toHex(oldest), baseFeePerGas: [...fees, "0x7"], ...ratios } };
  }
  if (method === "eth_call") return callAnswer(params[0] as { to: Hex; data: Hex }, chain);
  return { error: { code: -32601, message: `the method ${method} does not exist/is not available` } };
}

function callAnswer({ to, data }: { to: Hex; data: Hex }, { phases, decimals = 8 }: FakeChain): object {
  if (phases === undefined) return { result: "0x" };
  const { functionName, args } = decodeFunctionData({ abi, data });
  const reverted = { error: (fixture("node-eth-call")["noData"] as { error: object }).error };
  switch (functionName) {
    case "decimals":
      return { result: encodeFunctionResult({ abi, functionName, result: decimals }) };
    case "description":
      return { result: encodeFunctionResult({ abi, functionName, result: "ETH / USD" }) };
    case "phaseId":
      return { result: encodeFunctionResult({ abi, functionName, result: phases.length }) };
    case "phaseAggregators": {
      const address = `0x${args[0].toString(16).padStart(40, "0")}` as const;
      return { result: encodeFunctionResult({ abi, functionName, result: address }) };
    }
    case "latestRound": {
      const rounds = phases[Number(to) - 1]!;
      return rounds.length === 0
        ? reverted
        : { result: encodeFunctionResult({ abi, functionName, result: BigInt(rounds.length) }) };
    }
    case "getRoundData": {
      const id = args[0];
      const [phase, round] = [Number(id >> 64n), Number(id & 0xffffffffffffffffn)];
      const at = phases[phase - 1]?.[round - 1];
      if (at === undefined || at === null) return reverted;
      const time = BigInt(at);
      const result = [id, answerAt(phase, round), time, time, id] as const;
      return { result: encodeFunctionResult({ abi, functionName, result }) };
    }
  }
}

function toHex(value: number | bigint): Hex {
  return `0x${value.toString(16)}`;
}
