import { ExponentialBackoff, type IBackoff } from "cockatiel";
import { isHash, isHex, type Hash } from "viem";
import WebSocket from "ws";

import type { BlockId, Head } from "./head.ts";
import type { Secret } from "../config/secret.ts";
import type { Log } from "../log/logger.ts";
import { serverAddress } from "../rpc/address.ts";

/** `live`: it is subscribed and nothing was found that it should have told. `silent`: it is being opened again. */
export type SocketState = "live" | "silent";

export interface HeadSocketOptions {
  readonly url: Secret;
  readonly onHead: (head: Head) => void;
  readonly onState: (state: SocketState) => void;
  /** Seconds it may be behind a poll before it counts as dead. */
  readonly grace: number;
  readonly log: Log;
}

/** Milliseconds in which a connection must be made and subscribed. */
const OPENING_TIMEOUT = 10_000;

/** Milliseconds before the first try to open it again, and at most. */
const REOPENING = { initialDelay: 500, maxDelay: 60_000 } as const;

const SUBSCRIBE = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_subscribe", params: ["newHeads"] });

/** One subscription to new heads, opened again whenever it ends or falls silent; one connection at a time. */
export class HeadSocket {
  readonly #options: HeadSocketOptions;
  #connection: Connection | null = null;
  #backoff: IBackoff<unknown> | null = null;
  #timer: NodeJS.Timeout | undefined;
  #graceTimer: NodeJS.Timeout | undefined;
  #expected: bigint | null = null;
  /** The newest block since the connection was made; null until that is known. */
  #baseline: Hash | null = null;
  /** The last block it told of. */
  #last: BlockId | null = null;
  #closed = false;

  constructor(options: HeadSocketOptions) {
    this.#options = options;
    this.#open();
  }

  /**
   * A poll found this block to be the newest: if it was not before, and the subscription neither told of it nor does so
   * soon, it is dead. What it was before is known from the first poll of a connection, whose block may be older than that.
   */
  compare({ number, hash }: BlockId): void {
    if (this.#connection?.isLive !== true) return;
    const baseline = this.#baseline;
    this.#baseline = hash;
    const isTold = this.#last !== null && (this.#last.hash === hash || this.#last.number > number);
    if (baseline === null || baseline === hash || isTold || this.#expected !== null) return;
    this.#expected = number;
    this.#graceTimer = setTimeout(() => {
      this.#reopen("it is silent");
    }, this.#options.grace * 1000);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#graceTimer);
    this.#connection?.close();
    this.#connection = null;
  }

  #open(): void {
    this.#timer = setTimeout(() => {
      this.#reopen("it does not answer");
    }, OPENING_TIMEOUT);
    this.#connection = new Connection(this.#options.url, {
      onLive: () => {
        clearTimeout(this.#timer);
        this.#baseline = null;
        this.#options.onState("live");
      },
      onHead: (head) => {
        this.#hear(head);
      },
      onEnd: (reason) => {
        this.#reopen(reason);
      },
    });
  }

  #hear(head: Head): void {
    this.#backoff = null;
    this.#last = head;
    this.#baseline = head.hash;
    if (this.#expected !== null && head.number >= this.#expected) this.#stopExpecting();
    this.#options.onHead(head);
  }

  #reopen(reason: string): void {
    if (this.#closed) return;
    this.#connection?.close();
    this.#connection = null;
    this.#stopExpecting();
    clearTimeout(this.#timer);
    this.#backoff = this.#backoff?.next(undefined) ?? new ExponentialBackoff(REOPENING).next();
    const { duration } = this.#backoff;
    this.#options.log.warn({ reason, seconds: duration / 1000 }, "The websocket is opened again.");
    this.#options.onState("silent");
    this.#timer = setTimeout(() => {
      this.#open();
    }, duration);
  }

  #stopExpecting(): void {
    clearTimeout(this.#graceTimer);
    this.#expected = null;
  }
}

interface ConnectionEvents {
  readonly onLive: () => void;
  readonly onHead: (head: Head) => void;
  readonly onEnd: (reason: string) => void;
}

/** One connection: after {@link Connection.close} it tells nothing more. */
class Connection {
  readonly #socket: WebSocket;
  readonly #events: ConnectionEvents;
  #subscription: string | null = null;

  constructor(url: Secret, events: ConnectionEvents) {
    this.#events = events;
    const { href, authorization } = serverAddress(url);
    const headers = authorization === null ? {} : { headers: { authorization } };
    this.#socket = new WebSocket(href, headers)
      .on("open", () => {
        this.#socket.send(SUBSCRIBE);
      })
      .on("message", (data: Buffer, isBinary) => {
        this.#read(isBinary ? null : data.toString("utf8"));
      })
      .on("close", () => {
        this.#events.onEnd("it was closed");
      })
      .on("error", () => {
        this.#events.onEnd("it was closed");
      });
  }

  get isLive(): boolean {
    return this.#subscription !== null;
  }

  close(): void {
    // A connection that is refused later must not be an error nobody listens to.
    this.#socket.removeAllListeners().on("error", () => undefined);
    // Not a polite close, which a server that is dead never answers.
    this.#socket.terminate();
  }

  #read(data: string | null): void {
    const message = parse(data);
    if (message === null) {
      this.#events.onEnd("it sent what is not JSON-RPC");
    } else if (message.id === 1) {
      this.#subscribed(message.result);
    } else if (message.method === "eth_subscription") {
      const { subscription, result } = (message.params ?? {}) as Record<string, unknown>;
      if (subscription !== this.#subscription) return;
      const head = headOf(result);
      if (head === null) this.#events.onEnd("it sent what is not a header");
      else this.#events.onHead(head);
    }
  }

  #subscribed(result: unknown): void {
    if (typeof result !== "string") {
      this.#events.onEnd("it does not subscribe");
      return;
    }
    this.#subscription = result;
    this.#events.onLive();
  }
}

function parse(data: string | null): Record<string, unknown> | null {
  try {
    const message: unknown = data === null ? null : JSON.parse(data);
    return typeof message === "object" ? (message as Record<string, unknown> | null) : null;
  } catch {
    return null;
  }
}

function headOf(value: unknown): Head | null {
  if (typeof value !== "object" || value === null) return null;
  const { number, hash, parentHash, timestamp, baseFeePerGas } = value as Record<string, unknown>;
  if (!isBlockHash(hash) || !isBlockHash(parentHash)) return null;
  if (!isQuantity(number) || !isQuantity(timestamp) || !isQuantity(baseFeePerGas)) return null;
  return {
    number: BigInt(number),
    hash,
    parentHash,
    timestamp: BigInt(timestamp),
    baseFeePerGas: BigInt(baseFeePerGas),
  };
}

function isBlockHash(value: unknown): value is Head["hash"] {
  return typeof value === "string" && isHash(value);
}

function isQuantity(value: unknown): value is string {
  return isHex(value) && value.length > 2;
}
