import { BaseError, isHex, type Hex } from "viem";

/** What a node answered instead of a result, as it put it, without the endpoint's secrets. */
export class RpcError extends Error {
  override readonly name = "RpcError";
  readonly code: number;
  /** Present only where the node sent it: callers look for revert data by the field's presence. */
  declare readonly data?: unknown;

  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.code = code;
    if (data !== undefined) this.data = data;
  }
}

/**
 * Why an endpoint has no answer.
 * - `timeout`, `network`: none came.
 * - `http`: a status that is not a success, without a JSON-RPC error in its body.
 * - `limited`: it refuses for being asked too much.
 * - `malformed`: what came is not an answer to what was asked.
 * - `busy`: it was not asked, since its own rate limit would keep the caller waiting too long.
 * - `down`: it was not asked, since it failed too often just before.
 * - `closed`: the pool is closed.
 */
export type EndpointFailure =
  "timeout" | "network" | "http" | "limited" | "malformed" | "busy" | "down" | "closed";

/** viem passes its own errors on as they are; without what it appends to the message. */
class PoolError extends BaseError {
  constructor(message: string) {
    super(message);
    this.message = message;
  }
}

/** An endpoint that has no answer. The message names the endpoint and holds no secret of its. */
export class EndpointError extends PoolError {
  override readonly name = "EndpointError";
  readonly kind: EndpointFailure;
  /** Milliseconds the endpoint asks to be left alone; 0 when it does not say. */
  readonly retryAfter: number;

  constructor(kind: EndpointFailure, message: string, retryAfter = 0) {
    super(message);
    this.kind = kind;
    this.retryAfter = retryAfter;
  }
}

/** The endpoints answer, but no two of them the same. */
export class NoMajorityError extends PoolError {
  override readonly name = "NoMajorityError";
}

/** No endpoint took a transaction. */
export class BroadcastError extends PoolError {
  override readonly name = "BroadcastError";
  /** What each endpoint said, in the order they are configured in. */
  readonly replies: readonly Error[];

  constructor(replies: readonly Error[]) {
    super(`No endpoint took the transaction. ${replies.map(({ message }) => message).join(" ")}`);
    this.replies = replies;
  }
}

/** Code with which geth and those that follow it report an execution that reverted. */
const REVERTED = 3;

/** How nodes say, without data, that the call itself cannot be executed: what every node must then say. */
const OUTCOMES = [
  /revert|invalid opcode/i,
  /out of gas|gas required exceeds/i,
  /insufficient funds|doesn't have enough funds/i,
];

/**
 * What an error says of the call, for comparison between nodes, which word it differently; null when it is the node's own
 * failure and says nothing of the call.
 */
export function outcomeOf({ code, message, data }: RpcError): string | null {
  const bytes = revertData(data);
  if (bytes !== null) return `reverted ${bytes.toLowerCase()}`;
  const index = OUTCOMES.findIndex((pattern) => pattern.test(message));
  if (code === REVERTED || index === 0) return "reverted 0x";
  return index < 0 ? null : `refused ${String(index)}`;
}

function revertData(data: unknown): Hex | null {
  const inner = typeof data === "object" && data !== null && "data" in data ? data.data : data;
  return isHex(inner) ? inner : null;
}
