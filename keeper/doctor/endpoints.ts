import { hexToNumber, isHash, isHex, numberToHex, zeroAddress, type Hash } from "viem";

import type { ChainSettings } from "../config/load.ts";
import { silentLog } from "../log/logger.ts";
import { RpcEndpoint } from "../rpc/endpoint.ts";
import { RpcError } from "../rpc/errors.ts";
import { attempt, failed, passed, seconds, warned, type Check } from "./check.ts";

/** Blocks behind the others from which on the keeper's pool calls it a lag. */
const LAG = 3n;
/** A block that no chain has: an endpoint that answers a call at it does not heed the block it is asked for. */
const NOWHERE: Hash = `0x${"dead".repeat(16)}`;

/** What one endpoint said of the newest block, for comparison with the others. */
interface Seen {
  readonly name: string;
  readonly chainId: number;
  readonly number: bigint;
  readonly hash: Hash;
  /** Unix seconds. */
  readonly timestamp: number;
  /** Milliseconds that the answers took, the median. */
  readonly latency: number;
}

/** Asks each endpoint of a chain by itself: who answers, for which chain, how new and how fast, and whether by block hash. */
export async function checkEndpoints(
  { rpcUrls, chainId, pollInterval }: Pick<ChainSettings, "rpcUrls" | "chainId" | "pollInterval">,
  {
    now,
    timeout,
  }: { readonly now: () => number; /** Milliseconds for one request. */ readonly timeout: number },
): Promise<readonly Check[]> {
  const endpoints = rpcUrls.map((url, index) => new RpcEndpoint({ url }, index, timeout, silentLog));
  try {
    const looks = await Promise.all(endpoints.map((endpoint) => look(endpoint)));
    const seen = looks.flatMap(({ seen: one }) => (one === null ? [] : [one]));
    const expected = chainId ?? mostNamed(seen.map((one) => one.chainId));
    const highest = seen.reduce((most, { number }) => (number > most ? number : most), 0n);
    return looks.flatMap(({ checks, seen: one }) =>
      one === null
        ? checks
        : [ofChain(one, expected), ofHead(one, { highest, pollInterval, now: now() }), ...checks],
    );
  } finally {
    for (const endpoint of endpoints) endpoint.close();
  }
}

async function look(
  endpoint: RpcEndpoint,
): Promise<{ readonly seen: Seen | null; readonly checks: readonly Check[] }> {
  const found: { seen: Seen | null } = { seen: null };
  const name = `rpc ${endpoint.name}`;
  const checks = await attempt(
    name,
    "correct rpcUrl or KEEL_RPC_URL, or ask whoever runs the endpoint; the keeper does without it while others answer",
    async () => {
      found.seen = await see(endpoint);
      return byHash(endpoint, found.seen.hash);
    },
  );
  // The name is said already.
  const said = checks.map((check) => ({ ...check, detail: check.detail.replace(`${endpoint.name} `, "") }));
  return { seen: found.seen, checks: said };
}

async function see(endpoint: RpcEndpoint): Promise<Seen> {
  const took: number[] = [];
  const ask = async (method: string, params: unknown[]) => {
    const asked = performance.now();
    const answer = await endpoint.request({ method, params });
    took.push(performance.now() - asked);
    return answer;
  };
  // The first request also opens the connection; what counts is how it answers from then on.
  const chainId = quantity(await ask("eth_chainId", []));
  await ask("eth_blockNumber", []);
  const block = (await ask("eth_getBlockByNumber", ["latest", false])) as Record<string, unknown> | null;
  const hash = block?.["hash"];
  if (!isHex(hash) || !isHash(hash)) throw new Error(`${endpoint.name} has no newest block.`);
  return {
    name: endpoint.name,
    chainId,
    number: BigInt(quantity(block?.["number"])),
    hash,
    timestamp: quantity(block?.["timestamp"]),
    latency: took.toSorted((a, b) => a - b)[1]!,
  };
}

function quantity(value: unknown): number {
  if (!isHex(value)) throw new Error("It answered with what is not a number.");
  return hexToNumber(value);
}

function ofChain({ name, chainId, latency }: Seen, expected: number): Check {
  const title = `rpc ${name}`;
  if (chainId === expected)
    return passed(title, `chain ${String(chainId)}, answers in ${String(Math.ceil(latency))} ms`);
  return failed(
    title,
    `serves chain ${String(chainId)}, not ${String(expected)}`,
    "take it out of rpcUrl, or correct chainId: endpoints of one chain must serve that one",
  );
}

function ofHead(
  { name, number, timestamp }: Seen,
  {
    highest,
    pollInterval,
    now,
  }: { readonly highest: bigint; readonly pollInterval: number; readonly now: number },
): Check {
  const title = `rpc ${name}: head`;
  const behind = highest - number;
  const detail = `block ${String(number)}, ${seconds(Math.max(0, now - timestamp))} old`;
  if (behind > LAG) {
    return failed(
      title,
      `${detail}, ${String(behind)} blocks behind another endpoint`,
      "wait until it has caught up, or take it out of rpcUrl",
    );
  }
  const limit = MISSED * Math.max(pollInterval, SLOT);
  if (now - timestamp <= limit) return passed(title, `${detail}, ${String(behind)} blocks behind`);
  return warned(
    title,
    `${detail}: no block for more than ${seconds(limit)}`,
    "see whether the chain stands still (a block explorer tells) or the endpoint does, or this machine's clock is ahead",
  );
}

/** Blocks that may be missed, and seconds between blocks of mainnet. */
const MISSED = 3;
const SLOT = 12;

async function byHash(endpoint: RpcEndpoint, hash: Hash): Promise<Check> {
  const name = `rpc ${endpoint.name}: call by block hash`;
  const call = (blockHash: Hash) =>
    endpoint.request({
      method: "eth_call",
      params: [
        { to: zeroAddress, data: numberToHex(0, { size: 1 }) },
        { blockHash, requireCanonical: true },
      ],
    });
  const mend =
    "use an endpoint that supports EIP-1898: the keeper reads a vault at one block, named by its hash";
  try {
    await call(hash);
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    return failed(name, `refused: ${error.message}`, mend);
  }
  try {
    await call(NOWHERE);
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    return passed(name, "supported (EIP-1898)");
  }
  return failed(name, "answers at a block that does not exist: it heeds no block hash", mend);
}

function mostNamed(ids: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? 0;
}
