import { createChainClient } from "../../../keeper/chain/client.ts";
import { createHeadTracker, watchHeads, type HeadEvent } from "../../../keeper/chain/headSource.ts";
import type { SocketState } from "../../../keeper/chain/headSocket.ts";
import { Secret } from "../../../keeper/config/secret.ts";
import { silentLog } from "../../../keeper/log/logger.ts";
import { createRpcPool } from "../../../keeper/rpc/pool.ts";
import { HeaderChain } from "./headerChain.ts";
import { HeadServer } from "./headServer.ts";
import { RpcServer } from "./rpcServer.ts";

/** Intervals of polling, seconds. */
export const SOON = 0.02;
export const NEVER = 3600;

export interface WatchOptions {
  readonly pollInterval: number;
  readonly webSocket?: boolean;
  readonly isWebSocketAHint?: boolean;
  readonly url?: string;
  /** Milliseconds that an answer may take. */
  readonly timeout?: number;
}

/** The chain of the test that runs, the servers that tell of it, and what watching them gave. */
export let chain: HeaderChain;
export let rpc: RpcServer;
export let sockets: HeadServer;
export let stop: AbortController;
export let states: SocketState[];
export const warnings: unknown[] = [];
const log = { ...silentLog, warn: (fields: unknown) => warnings.push(fields) } as typeof silentLog;

/** Starts both servers anew, on a chain of 20 blocks. */
export async function startServers(): Promise<void> {
  chain = new HeaderChain(20);
  rpc = await RpcServer.start(({ params }) => {
    const header = chain.at(params[0]);
    return header === null ? null : { ...header, transactions: [] };
  });
  sockets = await HeadServer.start();
  stop = new AbortController();
  states = [];
  warnings.length = 0;
}

export async function stopServers(): Promise<void> {
  stop.abort();
  await Promise.all([rpc.close(), sockets.close()]);
}

export function watch({
  pollInterval,
  webSocket = false,
  isWebSocketAHint,
  url = sockets.url,
  timeout = 500,
}: WatchOptions) {
  const pool = createRpcPool({
    endpoints: [{ url: new Secret(rpc.url()) }],
    timeout,
    log: silentLog,
    signal: stop.signal,
  });
  const client = createChainClient({ pool });
  const tracker = createHeadTracker(client, 64);
  const heads = watchHeads(client, {
    ...{ pollInterval, finalityBlocks: 64, signal: stop.signal, log, tracker, isWebSocketAHint },
    webSocketUrl: webSocket ? new Secret(url) : undefined,
    onSocketState: (state) => states.push(state),
  });
  return { heads, tracker };
}

export function nextOf(heads: AsyncGenerator<HeadEvent, void>): Promise<HeadEvent> {
  const event = heads.next().then(({ value, done }) => {
    if (done === true) throw new Error("The heads have ended.");
    return value as HeadEvent;
  });
  // One that is still awaited at the end of a test is cut off with it.
  event.catch(() => undefined);
  return event;
}
