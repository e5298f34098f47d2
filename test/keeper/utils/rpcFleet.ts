import { keccak256, type Hex } from "viem";

import { Secret } from "../../../keeper/config/secret.ts";
import { silentLog } from "../../../keeper/log/logger.ts";
import type { EndpointHealth } from "../../../keeper/rpc/endpoint.ts";
import { createRpcPool, type RpcPool } from "../../../keeper/rpc/pool.ts";
import type { Disagreement } from "../../../keeper/rpc/witness.ts";
import { Refusal, RpcServer, type Handler, type RpcFailure, type RpcRequest } from "./rpcServer.ts";

const TIMEOUT = 400;
export const RAW: Hex = "0x02f86c";
export const HASH = keccak256(RAW);
const AT_BLOCK = { blockHash: `0x${"ab".repeat(32)}` };
export const CALL = { method: "eth_call", params: [{ to: `0x${"11".repeat(20)}`, data: "0x" }, AT_BLOCK] };
export const LATEST = { method: "eth_getBlockByNumber", params: ["latest", false] };
export const RECEIPT = { method: "eth_getTransactionReceipt", params: [HASH] };
export const TIP = 100;

export function hashOf(number: number, branch = 0): Hex {
  return keccak256(`0x${branch.toString(16).padStart(4, "0")}${number.toString(16).padStart(60, "0")}`);
}

export function blockAt(number: number, branch = 0) {
  return {
    number: `0x${number.toString(16)}`,
    hash: hashOf(number, branch),
    parentHash: hashOf(number - 1),
    timestamp: `0x${(number * 12).toString(16)}`,
    baseFeePerGas: "0x7",
    transactions: [],
  };
}

/** A node at a block. */
export function honestAt(tip: number) {
  return ({ method, params }: RpcRequest): unknown => {
    const [first] = params;
    switch (method) {
      case "eth_getBlockByNumber":
        if (first === "latest") return blockAt(tip);
        return Number(first) > tip ? null : blockAt(Number(first));
      case "eth_blockNumber":
        return `0x${tip.toString(16)}`;
      case "eth_getTransactionReceipt":
        return { transactionHash: first, blockNumber: "0x60", status: "0x1", logs: [] };
      case "eth_getTransactionByHash":
        return { hash: first, nonce: "0x1", blockHash: null, blockNumber: null };
      case "eth_getTransactionCount":
        return "0x5";
      case "eth_estimateGas":
        return "0x5208";
      case "eth_sendRawTransaction":
        return HASH;
      case "eth_chainId":
        return "0x7a69";
      default:
        return "0x2a";
    }
  };
}

/** The pool of the test that runs, its servers, and what it reported. */
export let servers: RpcServer[] = [];
export let pool: RpcPool;
export let reports: Disagreement[] = [];

/** Starts so many honest nodes and a pool of them. */
export async function start(
  count: number,
  options: { timeout?: number; signal?: AbortSignal } = {},
): Promise<RpcServer[]> {
  servers = await Promise.all(Array.from({ length: count }, () => RpcServer.start(honestAt(TIP))));
  reports = [];
  pool = createRpcPool({
    endpoints: servers.map((server) => ({ url: new Secret(server.url()) })),
    timeout: TIMEOUT,
    log: silentLog,
    onDisagreement: (report) => reports.push(report),
    ...options,
  });
  return servers;
}

export async function stop(): Promise<void> {
  pool.close();
  await Promise.all(servers.map((server) => server.close()));
}

export function nameOf(index: number): string {
  return `127.0.0.1:${String(servers[index]!.port)}#${String(index)}`;
}

export function healthOf(index: number): EndpointHealth {
  return pool.health()[index]!;
}

export function refuse(failure: RpcFailure): Handler {
  return () => {
    throw new Refusal(failure);
  };
}

/** The error a request ends with; one that tells the answer when it has none. */
export async function errorOf(request: Promise<unknown>): Promise<Error> {
  return request.then(
    (result) => new Error(`answered ${JSON.stringify(result)}`),
    (reason: unknown) => reason as Error,
  );
}
