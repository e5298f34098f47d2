import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

import { passing, type Tap } from "./tap.ts";

export interface RpcRequest {
  readonly id: number;
  readonly method: string;
  readonly params: readonly unknown[];
}

/** A reply as JSON-RPC has it. */
export type RpcReply = Readonly<Record<string, unknown>>;

/** What becomes of a request: its reply, text that is none, or null where the connection breaks. */
export type Rule = (
  request: RpcRequest,
  forward: () => Promise<RpcReply>,
) => Promise<RpcReply | string | null>;

export const honest: Rule = (_request, forward) => forward();

/** Stands between a keeper and its node, and does to what passes as it is told. */
export class RpcProxy {
  readonly #server: Server;
  readonly #target: string;
  rule: Rule = honest;
  tap: Tap = passing;
  /** Requests since it was last set to nothing. */
  count = 0;

  private constructor(target: string) {
    this.#target = target;
    this.#server = createServer((request, response) => {
      void this.#serve(request, response);
    });
  }

  /** @param target URL of the node. */
  static async start(target: string): Promise<RpcProxy> {
    const proxy = new RpcProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  reset(): void {
    this.rule = honest;
    this.tap = passing;
    this.count = 0;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const body = await text(incoming);
      const request = JSON.parse(body) as RpcRequest;
      this.count += 1;
      const message = { channel: "rpc", n: this.count, what: request.method } as const;
      const before = await this.tap.before(message);
      if (before === "hold") return;
      const reply = before === "break" ? null : await this.rule(request, () => this.#forward(body));
      const after = reply === null ? "break" : await this.tap.after(message);
      if (after === "hold") return;
      if (reply === null || after === "break") response.destroy();
      else {
        response.setHeader("content-type", "application/json");
        response.end(typeof reply === "string" ? reply : JSON.stringify(reply));
      }
    } catch {
      // The keeper was killed in the middle of it, or the node is gone.
      response.destroy();
    }
  }

  async #forward(body: string): Promise<RpcReply> {
    const response = await fetch(this.#target, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    return (await response.json()) as RpcReply;
  }
}

/** Applies a rule to some methods only. */
export function only(methods: readonly string[], rule: Rule): Rule {
  return (request, forward) => (methods.includes(request.method) ? rule(request, forward) : forward());
}
