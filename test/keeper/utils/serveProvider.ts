import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

import type { Provider } from "./faultyProvider.ts";

/** A chain in this process, reached over HTTP as any chain is, at a URL whose path is a token. */
export async function serveProvider(provider: Provider): Promise<{ url: string; close: () => void }> {
  const server = createServer((request, response) => {
    void answer(provider, json(request)).then((text) => response.end(text));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/token-of-the-operator`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(provider: Provider, body: Promise<unknown>): Promise<string> {
  const { id, method, params } = (await body) as { id: number; method: string; params: unknown };
  try {
    return JSON.stringify({ jsonrpc: "2.0", id, result: await provider.request({ method, params }) });
  } catch (error) {
    const { code = -32_000, message, data } = error as { code?: number; message: string; data?: unknown };
    return JSON.stringify({ jsonrpc: "2.0", id, error: { code, message, data } });
  }
}
