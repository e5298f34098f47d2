import type { Secret } from "../config/secret.ts";
import { reasonOf, serverAddress, type ServerAddress } from "./address.ts";

/**
 * Why a server gave no JSON.
 * - `timeout`, `network`: nothing came, or not all of it.
 * - `status`: an HTTP status that is not a success, and no JSON in its body.
 * - `malformed`: what came is not JSON.
 */
export type FetchFailure = "timeout" | "network" | "status" | "malformed";

/** The message holds no secret of the URL, but what the server is has to be said by who asked it. */
export class FetchError extends Error {
  readonly kind: FetchFailure;
  /** The HTTP status, where one came. */
  readonly status: number | null;

  constructor(kind: FetchFailure, message: string, status: number | null = null) {
    super(message);
    this.name = "FetchError";
    this.kind = kind;
    this.status = status;
  }
}

export interface JsonRequest {
  /** Credentials in it go into the header they stand for: `user:password@` is Basic, `bearer:token@` a bearer token. */
  readonly url: Secret;
  /** Posted as JSON; without it the URL is read with GET. */
  readonly body?: unknown;
  /** Milliseconds for the request and the whole of its answer. */
  readonly timeout: number;
}

export interface JsonAnswer {
  readonly status: number;
  readonly value: unknown;
  /** `text` without what the server may not have repeated to a log. */
  blot(text: string): string;
}

/**
 * One exchange with a server that is trusted with what it is sent, so never redirected to another.
 * @throws FetchError when no JSON came.
 */
export async function fetchJson({ url, body, timeout }: JsonRequest): Promise<JsonAnswer> {
  const { href, authorization, secrets } = addressOf(url);
  const blot = (text: string) => secrets.reduce((current, secret) => secret.blot(current), text);
  let status: number;
  let text: string;
  try {
    const response = await fetch(href, {
      ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
      headers: {
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(authorization === null ? {} : { authorization }),
      },
      redirect: "error",
      signal: AbortSignal.timeout(timeout),
    });
    status = response.status;
    text = await response.text();
  } catch (error) {
    if (error instanceof Error && error.name === "TimeoutError") {
      throw new FetchError("timeout", `gave no answer in ${String(timeout)} ms`);
    }
    throw new FetchError("network", `cannot be reached (${blot(reasonOf(error))})`);
  }
  try {
    return { status, value: JSON.parse(text), blot };
  } catch {
    if (status < 200 || status > 299)
      throw new FetchError("status", `answered HTTP ${String(status)}`, status);
    throw new FetchError("malformed", "did not answer in JSON", status);
  }
}

function addressOf(url: Secret): ServerAddress {
  try {
    return serverAddress(url);
  } catch {
    throw new FetchError("network", "has no valid URL");
  }
}
