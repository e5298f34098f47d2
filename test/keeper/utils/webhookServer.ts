import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

import type { AlertMessage } from "../../../keeper/alerts/webhook.ts";

/** What a webhook's address carries to let its holder in. */
export const WEBHOOK_TOKEN = "T0123/B4567/abcdefghijklmnopqrstuvwx";

/** A webhook over HTTP that remembers what it took. */
export class WebhookServer {
  readonly taken: AlertMessage[] = [];
  tries = 0;
  /** How often it is still to fail; a status, or no answer at all. */
  failures: (number | "silence")[] = [];
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      void json(request).then((body) => {
        this.tries += 1;
        const failure = this.failures.shift();
        if (failure === "silence") return;
        if (failure === undefined) this.taken.push(body as AlertMessage);
        response.writeHead(failure ?? 200, { location: "/elsewhere" }).end("ok");
      });
    });
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}/services/${WEBHOOK_TOKEN}`;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }
}
