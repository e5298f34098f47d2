import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

import type { Eip1193Provider } from "../../scripts/localMainnet/chain.ts";

interface RpcRequest {
  readonly id: unknown;
  readonly method: string;
  readonly params?: readonly unknown[];
}

/**
 * Answers JSON-RPC for an in-process chain, on a free port of 127.0.0.1. Closing cuts its connections at once: Hardhat's
 * own server waits for those that the fork's client keeps for a minute and a half.
 */
export async function serveProvider(
  provider: Eip1193Provider,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    void answer(provider, request).then((body) => {
      response.setHeader("content-type", "application/json").end(body);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

async function answer(provider: Eip1193Provider, request: IncomingMessage): Promise<string> {
  const body = JSON.parse(await text(request)) as RpcRequest | RpcRequest[];
  return JSON.stringify(
    Array.isArray(body)
      ? await Promise.all(body.map((each) => call(provider, each)))
      : await call(provider, body),
  );
}

async function call(provider: Eip1193Provider, { id, method, params = [] }: RpcRequest) {
  try {
    return { jsonrpc: "2.0", id, result: await provider.request({ method, params }) };
  } catch (error) {
    return { jsonrpc: "2.0", id, error: { code: -32603, message: (error as Error).message } };
  }
}
