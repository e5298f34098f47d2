import { Secret } from "../../keeper/config/secret.ts";
import { silentLog } from "../../keeper/log/logger.ts";
import { createRpcPool } from "../../keeper/rpc/pool.ts";
import { createPost } from "../../keeper/rpc/post.ts";
import { Child } from "./childProcess.ts";
import type { Recording } from "./recording.ts";
import type { ReplayHandlers } from "./replayProcess.ts";

/** What a pool adds to a request that is made at once, microseconds. */
export interface PoolOverhead {
  readonly endpoints: number;
  /** Endpoints that are asked each. */
  readonly asked: number;
  /** From the call to the answer, less what as many bare requests at once take. */
  readonly latency: number;
  /** Of one core, less theirs. */
  readonly cpu: number;
}

const WARM_UP = 300;
/** Turns taken between pool and bare requests, so that what else the machine does hits both. */
const TURNS = 10;

/** Reads recorded snapshots through a pool and without one, one after another. */
export async function measurePool(recording: Recording, requests: number): Promise<PoolOverhead[]> {
  const servers = Array.from({ length: 3 }, () => new Child<ReplayHandlers>("./replayProcess.ts"));
  try {
    const urls = await Promise.all(servers.map((server) => server.call("start", recording, 12_000)));
    const one = await overheadOf(recording, urls.slice(0, 1), 1, requests);
    return [one, await overheadOf(recording, urls, 2, requests)];
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

async function overheadOf(
  recording: Recording,
  urls: readonly string[],
  asked: number,
  requests: number,
): Promise<PoolOverhead> {
  const call = snapshotCall(recording);
  const endpoints = urls.map((url) => ({ url: new Secret(url) }));
  const pool = createRpcPool({ endpoints, timeout: 10_000, log: silentLog });
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, ...call });
  const posts = urls.slice(0, asked).map((url) => createPost(url, { "content-type": "application/json" }));
  const { signal } = new AbortController();
  const bare = async () => {
    await Promise.all(posts.map(async (post) => void JSON.parse((await post(body, signal)).body)));
  };
  const pooled = () => pool.request(call);
  await time(bare, WARM_UP);
  await time(pooled, WARM_UP);
  const each = Math.ceil(requests / TURNS);
  const without: Cost[] = [];
  const within: Cost[] = [];
  for (let turn = 0; turn < TURNS; turn += 1) {
    without.push(await time(bare, each));
    within.push(await time(pooled, each));
  }
  pool.close();
  const more = (part: keyof Cost) => median(within, part) - median(without, part);
  return { endpoints: urls.length, asked, latency: more("latency"), cpu: more("cpu") };
}

/** Microseconds a request. */
interface Cost {
  readonly latency: number;
  readonly cpu: number;
}

async function time(request: () => Promise<unknown>, times: number): Promise<Cost> {
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  for (let i = 0; i < times; i += 1) await request();
  const latency = (performance.now() - startedAt) * 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { latency: latency / times, cpu: (user + system) / times };
}

function median(costs: readonly Cost[], part: keyof Cost): number {
  const sorted = costs.map((cost) => cost[part]).toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}

function snapshotCall({ lens, block }: Recording) {
  const data = `0x00000000${"1".padStart(64, "0")}`;
  return { method: "eth_call", params: [{ to: lens, data }, { blockHash: block["hash"] }] };
}
