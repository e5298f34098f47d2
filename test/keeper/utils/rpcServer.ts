import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";

export interface RpcRequest {
  readonly id: number;
  readonly method: string;
  readonly params: readonly unknown[];
}

/** An error as JSON-RPC has it. */
export interface RpcFailure {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

/** Answers a request; throws a {@link Refusal} for an error. */
export type Handler = (request: RpcRequest) => unknown;

/** What goes wrong with a reply: gets the request and the way to the honest answer. */
export type HttpFault = (
  exchange: { readonly request: RpcRequest; readonly response: ServerResponse },
  honest: () => Promise<Record<string, unknown>>,
) => Promise<void> | void;

export class Refusal extends Error {
  readonly failure: RpcFailure;

  constructor(failure: RpcFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** A real JSON-RPC server over HTTP, whose replies can be spoilt while it runs. */
export class RpcServer {
  readonly #server: Server;
  handler: Handler;
  fault: HttpFault | null = null;
  /** Every request that came, and the milliseconds of `performance.now()` at which it did. */
  readonly asked: { readonly request: RpcRequest; readonly at: number; readonly headers: unknown }[] = [];
  /** Requests that wait for a reply. */
  running = 0;

  private constructor(handler: Handler) {
    this.handler = handler;
    this.#server = createServer((request, response) => {
      void this.#serve(request, response);
    });
  }

  static async start(handler: Handler): Promise<RpcServer> {
    const server = new RpcServer(handler);
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  url(path = ""): string {
    return `http://127.0.0.1:${String(this.port)}${path}`;
  }

  count(method: string): number {
    return this.asked.filter(({ request }) => request.method === method).length;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => {
        resolve();
      });
      this.#server.closeAllConnections();
    });
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const at = performance.now();
    const request = JSON.parse(await text(incoming)) as RpcRequest;
    this.asked.push({ request, at, headers: incoming.headers });
    this.running += 1;
    response.once("close", () => (this.running -= 1));
    const honest = () => answer(this.handler, request);
    if (this.fault === null) reply(response, await honest());
    else await this.fault({ request, response }, honest);
  }
}

async function answer(handler: Handler, request: RpcRequest): Promise<Record<string, unknown>> {
  try {
    return { jsonrpc: "2.0", id: request.id, result: await handler(request) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { jsonrpc: "2.0", id: request.id, error: error.failure };
  }
}

function reply(response: ServerResponse, body: unknown): void {
  response.setHeader("content-type", "application/json").end(JSON.stringify(body));
}

/** Only these methods are spoilt. */
export function only(methods: readonly string[], fault: HttpFault): HttpFault {
  return async (exchange, honest) => {
    if (methods.includes(exchange.request.method)) await fault(exchange, honest);
    else reply(exchange.response, await honest());
  };
}

/** Another result than the honest one. */
export function lying(change: (result: unknown, request: RpcRequest) => unknown): HttpFault {
  return async ({ request, response }, honest) => {
    const { result, ...rest } = await honest();
    reply(response, { ...rest, result: change(result, request) });
  };
}

export const returningNull: HttpFault = lying(() => null);

/** No reply, ever. */
export const hanging: HttpFault = () => undefined;

/** The head of a reply, but not the rest. */
export const stalling: HttpFault = ({ response }) => {
  response.writeHead(200, { "content-type": "application/json" });
  response.write('{"jsonrpc":"2.0","id":1,');
};

/** The connection breaks; the request was served. */
export const breakingOff: HttpFault = async ({ response }, honest) => {
  await honest();
  response.destroy();
};

export function sending(status: number, body: string, headers: Record<string, string> = {}): HttpFault {
  return ({ response }) => {
    response.writeHead(status, headers).end(body);
  };
}

export const rateLimited = (seconds?: number): HttpFault =>
  sending(429, "slow down", seconds === undefined ? {} : { "retry-after": String(seconds) });

export const htmlPage = sending(200, "<!doctype html><title>Sign in</title>", {
  "content-type": "text/html",
});

/** The reply to a request before this one. */
export const misnumbered: HttpFault = async ({ response }, honest) => {
  const body = await honest();
  reply(response, { ...body, id: Number(body.id) - 1 });
};

export const withoutResult: HttpFault = ({ request, response }) => {
  reply(response, { jsonrpc: "2.0", id: request.id });
};

/** The same reply twice in one body. */
export const duplicated: HttpFault = async ({ response }, honest) => {
  const body = JSON.stringify(await honest());
  response.end(body + body);
};

/** Replies after a while that differs from one request to the next, so that they come in another order. */
export function reordered(delay: (request: RpcRequest) => number): HttpFault {
  return async ({ request, response }, honest) => {
    const body = await honest();
    await sleep(delay(request));
    reply(response, body);
  };
}
