import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

import type { Eip1193Provider } from "../localMainnet/chain.ts";

const MAX_REQUEST_BYTES = 1_000_000;

/**
 * Answers JSON-RPC for an in-process chain on 127.0.0.1, for a wallet or a second keeper to look at.
 * @param port 0 for any free one. @returns the URL; rejects when the port is taken.
 */
export function serveChain(provider: Eip1193Provider, port: number): Promise<string> {
  const server = createServer(answering(provider));
  return new Promise((resolve, reject) => {
    server.once("error", reject).listen(port, "127.0.0.1", () => {
      resolve(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
    });
  });
}

/** Answers each request as a node of that chain would, one of several calls too. */
export function answering(provider: Eip1193Provider): RequestListener {
  return (request, response) => {
    void answer(provider, request).then((body) => {
      response.setHeader("content-type", "application/json").end(body);
    });
  };
}

interface RpcRequest {
  readonly id?: unknown;
  readonly method: string;
  readonly params?: readonly unknown[];
}

async function answer(provider: Eip1193Provider, request: IncomingMessage): Promise<string> {
  try {
    const body = JSON.parse(await readBody(request)) as RpcRequest | RpcRequest[];
    const reply = Array.isArray(body)
      ? await Promise.all(body.map((each) => call(provider, each)))
      : await call(provider, body);
    return JSON.stringify(reply);
  } catch {
    return JSON.stringify({
      jsonrpc: "2.0",
      id: null,
      error: { code: -32700, message: "not a JSON-RPC request" },
    });
  }
}

async function call(provider: Eip1193Provider, { id = null, method, params = [] }: RpcRequest) {
  try {
    return { jsonrpc: "2.0", id, result: await provider.request({ method, params }) };
  } catch (error) {
    const { code = -32603, message, data } = error as { code?: number; message: string; data?: unknown };
    return { jsonrpc: "2.0", id, error: { code, message, data } };
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_REQUEST_BYTES) throw new Error("request too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
