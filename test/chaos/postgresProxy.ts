import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

import { gate, passing, type Tap } from "./tap.ts";

/** What becomes of a query: nothing special, an SQLSTATE in the place of its result, or the end of its connection. */
export type Verdict = "pass" | "cut" | { readonly code: string; readonly message: string };

/** Frontend messages that end what the client sends before it waits: Query and Sync. */
const QUERY = 0x51;
const SYNC = 0x53;
const PARSE = 0x50;
const TERMINATE = 0x58;
const READY = 0x5a;

/** Only the store's own connections are counted: those of the job queue come and go by a clock. */
const COUNTED = "keel";

/**
 * Stands between a keeper and PostgreSQL. It knows as much of the protocol as it takes to tell one query from the next and to answer
 * one in the server's place.
 */
export class PostgresProxy {
  #server: Server | null = null;
  #port = 0;
  readonly #target: number;
  readonly #links = new Set<Link>();
  tap: Tap = passing;
  /** Asked for every query of the store. */
  judge: (sql: string) => Verdict = () => "pass";
  count = 0;
  #stalled: ReturnType<typeof gate> | null = null;

  private constructor(target: number) {
    this.#target = target;
  }

  /** @param target port of the server on this machine. */
  static async start(target: number): Promise<PostgresProxy> {
    const proxy = new PostgresProxy(target);
    await proxy.up();
    return proxy;
  }

  get port(): number {
    return this.#port;
  }

  reset(): void {
    this.tap = passing;
    this.judge = () => "pass";
    this.count = 0;
    this.resume();
  }

  /** Accepts connections, on the same port as before. */
  async up(): Promise<void> {
    if (this.#server !== null) return;
    const server = createServer((client) => {
      const link = new Link(client, connect(this.#target, "127.0.0.1"), this);
      this.#links.add(link);
      client.once("close", () => this.#links.delete(link));
    });
    await new Promise<void>((resolve) => server.listen(this.#port, "127.0.0.1", resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Cuts all connections and refuses new ones. */
  down(): void {
    this.#server?.close();
    this.#server = null;
    this.cut();
  }

  cut(): void {
    for (const link of this.#links) link.cut();
  }

  /** From now on nothing is answered and nothing refused. */
  stall(): void {
    this.#stalled ??= gate();
  }

  resume(): void {
    this.#stalled?.open();
    this.#stalled = null;
  }

  get stalled(): Promise<void> | undefined {
    return this.#stalled?.opened;
  }
}

/** One connection of a client, with one to the server. */
class Link {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #proxy: PostgresProxy;
  #isStarted = false;
  #isCounted = false;
  #fromClient: Buffer = Buffer.alloc(0);
  #fromServer: Buffer = Buffer.alloc(0);
  #sql = "";
  /** Where what the client has sent so far ends: there is more to come before it waits. */
  #scanned = 0;
  #turn: Promise<void> = Promise.resolve();
  /** Told when the server has answered what was asked last. */
  #onReady: ((reply: Buffer) => void) | null = null;
  /** State of the transaction, as the server said last: I, T or E. */
  #state = "I";

  constructor(client: Socket, server: Socket, proxy: PostgresProxy) {
    this.#client = client;
    this.#server = server;
    this.#proxy = proxy;
    client.on("data", (chunk: Buffer) => {
      this.#fromClient = Buffer.concat([this.#fromClient, chunk]);
      this.#readClient();
    });
    server.on("data", (chunk: Buffer) => {
      this.#fromServer = Buffer.concat([this.#fromServer, chunk]);
      this.#readServer();
    });
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.on("error", () => undefined);
      one.on("close", () => other.destroy());
    }
  }

  cut(): void {
    this.#client.destroy();
    this.#server.destroy();
  }

  #readClient(): void {
    if (!this.#isStarted) {
      const length = this.#fromClient.length < 4 ? Infinity : this.#fromClient.readInt32BE(0);
      if (this.#fromClient.length < length) return;
      const startup = this.#takeFromClient(length);
      const parameters = startup.subarray(8).toString("latin1").split("\0");
      this.#isCounted = parameters[parameters.indexOf("application_name") + 1] === COUNTED;
      this.#isStarted = true;
      this.#server.write(startup);
    }
    for (;;) {
      const rest = this.#fromClient.subarray(this.#scanned);
      if (rest.length < 5) return;
      const length = 1 + rest.readInt32BE(1);
      if (rest.length < length) return;
      const type = rest[0];
      const message = rest.subarray(0, length);
      this.#scanned += length;
      if (type === QUERY) this.#sql = message.subarray(5, -1).toString("utf8");
      if (type === PARSE) {
        const body = message.subarray(5);
        const start = body.indexOf(0) + 1;
        this.#sql = body.subarray(start, body.indexOf(0, start)).toString("utf8");
      }
      if (type === QUERY || type === SYNC) {
        const unit = this.#takeFromClient(this.#scanned);
        const sql = this.#sql;
        this.#turn = this.#turn.then(() => this.#ask(unit, sql));
      } else if (type === TERMINATE || type === 0x70) {
        this.#server.write(this.#takeFromClient(this.#scanned));
      }
    }
  }

  #takeFromClient(length: number): Buffer {
    const taken = this.#fromClient.subarray(0, length);
    this.#fromClient = this.#fromClient.subarray(length);
    this.#scanned = 0;
    return taken;
  }

  #readServer(): void {
    let end = 0;
    let ready = 0;
    while (this.#fromServer.length - end >= 5) {
      const length = 1 + this.#fromServer.readInt32BE(end + 1);
      if (this.#fromServer.length - end < length) break;
      if (this.#fromServer[end] === READY) {
        this.#state = String.fromCharCode(this.#fromServer[end + 5]!);
        ready = end + length;
      }
      end += length;
    }
    if (this.#onReady === null) {
      // Signing in, and notices between queries.
      this.#client.write(this.#fromServer.subarray(0, end));
      this.#fromServer = this.#fromServer.subarray(end);
    } else if (ready > 0) {
      const reply = this.#fromServer.subarray(0, ready);
      this.#fromServer = this.#fromServer.subarray(ready);
      this.#onReady(reply);
    }
  }

  async #ask(unit: Buffer, sql: string): Promise<void> {
    const { tap, stalled } = this.#proxy;
    await stalled;
    const message = this.#isCounted
      ? { channel: "database" as const, n: (this.#proxy.count += 1), what: sql.trim().slice(0, 200) }
      : null;
    const before = message === null ? "pass" : await tap.before(message);
    if (before === "hold") return;
    const verdict = this.#isCounted ? this.#proxy.judge(sql) : "pass";
    if (before === "break" || verdict === "cut") {
      this.cut();
      return;
    }
    const reply = verdict === "pass" ? await this.#forward(unit) : refusal(verdict, this.#state);
    await this.#proxy.stalled;
    const after = message === null ? "pass" : await tap.after(message);
    if (after === "break") this.cut();
    if (after === "pass") this.#client.write(reply);
  }

  async #forward(unit: Buffer): Promise<Buffer> {
    const reply = await new Promise<Buffer>((resolve) => {
      this.#onReady = resolve;
      this.#server.write(unit);
    });
    this.#onReady = null;
    return reply;
  }
}

/** ErrorResponse and ReadyForQuery, as the server sends them. */
function refusal({ code, message }: { code: string; message: string }, state: string): Buffer {
  const fields = Buffer.from(`SERROR\0VERROR\0C${code}\0M${message}\0\0`);
  const error = Buffer.alloc(5);
  error.write("E");
  error.writeInt32BE(4 + fields.length, 1);
  const ready = Buffer.from([READY, 0, 0, 0, 5, (state === "I" ? "I" : "E").charCodeAt(0)]);
  return Buffer.concat([error, fields, ready]);
}
