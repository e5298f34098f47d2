import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const TEXT = 0x81;
const CLOSE = 0x88;

/** A real websocket server of `eth_subscribe newHeads`, that can misbehave. */
export class HeadServer {
  readonly #server: Server = createServer();
  readonly #sockets = new Set<Duplex>();
  readonly #subscribed = new Set<Duplex>();
  /** Connections ever made. */
  connections = 0;
  /** Credentials of the last connection. */
  authorization: string | undefined;
  /** Answers neither requests nor the closing of the connection. */
  isMute = false;
  /** What it answers a subscription with. */
  subscription: unknown = "0xa1";

  private constructor() {
    this.#server.on(
      "upgrade",
      ({ headers }: { headers: Record<string, string | undefined> }, socket: Duplex) => {
        this.connections += 1;
        this.authorization = headers.authorization;
        this.#sockets.add(socket);
        socket.on("close", () => {
          this.#sockets.delete(socket);
          this.#subscribed.delete(socket);
        });
        socket.on("error", () => undefined);
        socket.on("end", () => socket.destroy());
        const accept = createHash("sha1")
          .update(`${headers["sec-websocket-key"] ?? ""}${GUID}`)
          .digest("base64");
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
        );
        socket.on("data", (data: Buffer) => {
          if (!this.isMute) this.#answer(socket, data);
        });
      },
    );
  }

  static async start(): Promise<HeadServer> {
    const server = new HeadServer();
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `ws://127.0.0.1:${String(this.port)}`;
  }

  /** Connections that are open. */
  get open(): number {
    return this.#sockets.size;
  }

  /** Connections with a subscription. */
  get subscribed(): number {
    return this.#subscribed.size;
  }

  /** Tells every subscriber of a header. */
  announce(header: unknown): void {
    const params = { subscription: this.subscription, result: header };
    this.send(JSON.stringify({ jsonrpc: "2.0", method: "eth_subscription", params }));
  }

  send(text: string): void {
    for (const socket of this.#subscribed) socket.write(frame(TEXT, Buffer.from(text)));
  }

  /** Breaks all connections off. */
  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): Promise<void> {
    this.drop();
    return new Promise((resolve) =>
      this.#server.close(() => {
        resolve();
      }),
    );
  }

  /** Requests are small: one frame each, under 126 bytes, and masked as clients must. */
  #answer(socket: Duplex, data: Buffer): void {
    const opcode = data[0]! & 0x0f;
    const length = data[1]! & 0x7f;
    const mask = data.subarray(2, 6);
    const payload = data.subarray(6, 6 + length).map((byte, index) => byte ^ mask[index % 4]!);
    if (opcode === 8) {
      socket.end(frame(CLOSE, Buffer.from(payload)));
      return;
    }
    if (opcode !== 1) return;
    const { id } = JSON.parse(Buffer.from(payload).toString()) as { id: number };
    const reply = { jsonrpc: "2.0", id, result: this.subscription };
    socket.write(frame(TEXT, Buffer.from(JSON.stringify(reply))));
    if (typeof this.subscription === "string") this.#subscribed.add(socket);
  }
}

function frame(kind: number, payload: Buffer): Buffer {
  const { length } = payload;
  const head = length < 126 ? [kind, length] : [kind, 126, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), payload]);
}
