import { Secret, secretsOfUrl } from "../config/secret.ts";

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
  const { href, authorization, secrets } = takeApart(url);
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

function takeApart(secret: Secret): { href: string; authorization: string | null; secrets: Secret[] } {
  const url = URL.parse(secret.reveal());
  if (url === null) throw new FetchError("network", "has no valid URL");
  const username = decode(url.username);
  const password = decode(url.password);
  url.username = "";
  url.password = "";
  const pair = Buffer.from(`${username}:${password}`).toString("base64");
  const isBearer = username.toLowerCase() === "bearer";
  const authorization =
    username === "" && password === "" ? null : isBearer ? `Bearer ${password}` : `Basic ${pair}`;
  // A server may repeat the header as it got it.
  const secrets = [
    ...secretsOfUrl(secret),
    new Secret(password),
    ...(authorization === null ? [] : [new Secret(pair)]),
  ];
  return { href: url.href, authorization, secrets };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** `fetch` says only that it failed; its cause says why. */
function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  const { code, message } = (cause ?? error) as { code?: unknown; message?: unknown };
  return typeof code === "string" ? code : String(message);
}
