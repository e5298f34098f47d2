import { createPublicClient, custom, http, type EIP1193Provider, type PublicClient } from "viem";

import type { RpcPool } from "../rpc/pool.ts";

/**
 * Where the chain is reached: a pool of endpoints, one JSON-RPC URL, or an EIP-1193 provider in this process. The signal
 * ends requests over HTTP where they stand: not for a client that sends.
 */
export type Endpoint =
  | { readonly pool: Pick<RpcPool, "request"> }
  | { readonly url: string; readonly signal?: AbortSignal }
  | { readonly provider: Pick<EIP1193Provider, "request"> };

/** Milliseconds after which a request over HTTP counts as failed. */
const TIMEOUT = 10_000;

/**
 * A viem client without a chain: whatever chain answers is checked against the deployment at start.
 * HTTP requests to a URL are tried twice more; a pool does what it can by itself, and a provider in this process either
 * answers or has failed.
 */
export function createChainClient(endpoint: Endpoint): PublicClient {
  const transport =
    "url" in endpoint
      ? http(endpoint.url, {
          ...{ timeout: TIMEOUT, retryCount: 2, retryDelay: 250 },
          ...(endpoint.signal === undefined ? {} : { fetchOptions: { signal: endpoint.signal } }),
        })
      : custom("pool" in endpoint ? endpoint.pool : endpoint.provider, { retryCount: 0 });
  return createPublicClient({ transport, cacheTime: 0 });
}
