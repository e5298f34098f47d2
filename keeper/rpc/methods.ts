import type { Call } from "./exchange.ts";
import {
  estimate,
  firstPresent,
  firstReply,
  highestBlock,
  majority,
  majorityOrMedian,
  majorityPresent,
  majorityTransaction,
  newestBlock,
  reachedNumber,
  type Rule,
} from "./quorum.ts";

/** How a method is served. */
export interface Service {
  readonly rule: Rule;
  /** How many endpoints are asked at once, before any has failed. */
  readonly first: number;
  /**
   * What another answer means: `pinned` that one of them is wrong, `moving` that they may be at different blocks, `none`
   * that nothing follows.
   */
  readonly dissent: "pinned" | "moving" | "none";
}

/** Endpoints from which on answers are compared. */
export const QUORUM = 3;

const FAILOVER: Service = { rule: firstReply, first: 1, dissent: "none" };
const FAILOVER_PRESENT: Service = { rule: firstPresent, first: 1, dissent: "none" };
const HIGHEST: Service = { rule: highestBlock, first: 2, dissent: "none" };

const STATE = new Set([
  ...["eth_call", "eth_getCode", "eth_getBalance", "eth_getStorageAt", "eth_getProof", "eth_getLogs"],
  ...["eth_chainId", "net_version", "eth_getBlockReceipts"],
]);
const BLOCKS = new Set(["eth_getBlockByNumber", "eth_getBlockByHash"]);
/** Of these a node may answer null because it is behind. */
const ABSENT = new Set([...BLOCKS, "eth_getTransactionReceipt", "eth_getTransactionByHash"]);
const NEWEST = new Set(["latest", "safe", "finalized"]);

/** Whether the call asks for a block that moves with the chain. */
export function isNewestBlock({ method, params }: Call): boolean {
  return method === "eth_getBlockByNumber" && Array.isArray(params) && NEWEST.has(String(params[0]));
}

/** How a call is served by so many endpoints. Sending a transaction is not served like this. */
export function serviceOf(call: Call, endpoints: number): Service {
  return endpoints < QUORUM ? failoverOf(call, endpoints) : quorumOf(call);
}

function failoverOf(call: Call, endpoints: number): Service {
  if (endpoints > 1 && (isNewestBlock(call) || call.method === "eth_blockNumber")) return HIGHEST;
  return ABSENT.has(call.method) ? FAILOVER_PRESENT : FAILOVER;
}

function quorumOf(call: Call): Service {
  const { method } = call;
  const dissent = isPinned(call) ? "pinned" : "moving";
  const compared = { first: 2, dissent } as const;
  if (isNewestBlock(call)) return { ...compared, rule: newestBlock };
  if (method === "eth_blockNumber") return { ...compared, rule: reachedNumber };
  if (method === "eth_getTransactionCount") return { ...compared, rule: majorityOrMedian };
  if (method === "eth_getTransactionByHash") return { ...compared, rule: majorityTransaction };
  if (method === "eth_estimateGas") return { ...compared, rule: estimate };
  if (ABSENT.has(method)) return { ...compared, rule: majorityPresent };
  if (STATE.has(method)) return { ...compared, rule: majority };
  return FAILOVER;
}

/** Whether there is one right answer, whatever block a node is at. */
function isPinned({ method, params }: Call): boolean {
  if (method === "eth_chainId" || method === "net_version" || method === "eth_getBlockByHash") return true;
  return (
    Array.isArray(params) &&
    params.some((param) => typeof param === "object" && param !== null && "blockHash" in param)
  );
}
