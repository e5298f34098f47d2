import { keccak256, numberToHex, type Hash, type Hex } from "viem";

import { Secret } from "../config/secret.ts";
import type { Log } from "../log/logger.ts";
import { askJsonRpc } from "../rpc/askJsonRpc.ts";
import { fetchJson, FetchError } from "../rpc/fetchJson.ts";
import { classify, type Classified } from "./classify.ts";

/**
 * What a relay says became of a transaction. Only a receipt proves anything.
 * - `pending`: it still tries.
 * - `included`: it saw it mined.
 * - `failed`: it has given up.
 * - `unknown`: it does not say, or never had it.
 */
export type PrivateStatus = "pending" | "included" | "failed" | "unknown";

export type PrivateMethod =
  "eth_sendPrivateTransaction" | "eth_sendPrivateRawTransaction" | "eth_sendRawTransaction";

/** A way to the builders that the public does not see, until the same bytes go public. */
export interface PrivateRoute {
  /**
   * Hands over signed bytes. Never throws. `known` means no more than that the relay says it has them.
   * @param maxBlockNumber The last block they are wanted in, where the method can say so.
   */
  send(raw: Hex, maxBlockNumber?: bigint): Promise<Classified>;
  /** Never throws. */
  status(hash: Hash): Promise<PrivateStatus>;
  /** Seconds after the first send at which a transaction without a receipt goes public. */
  readonly publicAfter: number;
}

export interface PrivateRouteOptions {
  readonly url: Secret;
  /**
   * What the relay understands: `eth_sendPrivateTransaction` takes an object with the bytes at `tx`, the others the bytes.
   * Relays that want requests signed with an identity of their own are not served.
   */
  readonly method: PrivateMethod;
  /** Answers GET, with `{hash}` replaced, in JSON with a `status`; without it every status is unknown. */
  readonly statusUrl?: Secret;
  readonly publicAfter: number;
  readonly log: Log;
  /** Milliseconds for a request, default 5,000. */
  readonly timeout?: number;
}

const TIMEOUT = 5_000;

/** The words of Flashbots Protect, which others took over. */
const STATUSES = new Map<unknown, PrivateStatus>([
  ["PENDING", "pending"],
  ["INCLUDED", "included"],
  ["FAILED", "failed"],
  ["CANCELLED", "failed"],
]);

/** A relay behind JSON-RPC. */
export function createPrivateRoute(options: PrivateRouteOptions): PrivateRoute {
  const { publicAfter, log } = options;
  return {
    publicAfter,
    async send(raw, maxBlockNumber) {
      const reply = await send(options, raw, maxBlockNumber);
      if (reply.kind !== "known") {
        log.warn(
          { hash: keccak256(raw), kind: reply.kind, error: reply.text },
          "The private relay did not take it.",
        );
      }
      return reply;
    },
    async status(hash) {
      try {
        return await readStatus(options, hash);
      } catch (error) {
        // Whatever it is: the lane waits no longer for it than for a relay that tells nothing.
        log.debug({ hash, error: textOf(error) }, "The private relay does not tell a transaction's status.");
        return "unknown";
      }
    },
  };
}

async function send(
  { url, method, timeout = TIMEOUT }: PrivateRouteOptions,
  raw: Hex,
  maxBlockNumber: bigint | undefined,
): Promise<Classified> {
  const last = maxBlockNumber === undefined ? {} : { maxBlockNumber: numberToHex(maxBlockNumber) };
  const params = method === "eth_sendPrivateTransaction" ? [{ tx: raw, ...last }] : [raw];
  try {
    const { result, error } = await askJsonRpc({ url, method, params, timeout });
    if (error !== undefined) return classify(error);
    if (typeof result === "string" && result.toLowerCase() === keccak256(raw)) {
      return { kind: "known", text: "accepted" };
    }
    return { kind: "unknown", text: "The answer is not the transaction's hash." };
  } catch (error) {
    return { kind: "unknown", text: textOf(error) };
  }
}

async function readStatus(
  { statusUrl, timeout = TIMEOUT }: PrivateRouteOptions,
  hash: Hash,
): Promise<PrivateStatus> {
  if (statusUrl === undefined) return "unknown";
  const url = new Secret(statusUrl.reveal().replaceAll("{hash}", hash));
  const { status: httpStatus, value } = await fetchJson({ url, timeout });
  if (httpStatus < 200 || httpStatus > 299 || typeof value !== "object" || value === null) return "unknown";
  const { status, hash: named } = value as { status?: unknown; hash?: unknown };
  // Another transaction's failure must not make this one public.
  if (typeof named === "string" && named.toLowerCase() !== hash.toLowerCase()) return "unknown";
  return STATUSES.get(status) ?? "unknown";
}

function textOf(error: unknown): string {
  return error instanceof FetchError ? `The relay ${error.message}.` : "The relay could not be asked.";
}
