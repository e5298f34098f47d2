import { EndpointError, RpcError } from "./errors.ts";
import type { Secret } from "../config/secret.ts";
import { reasonOf, serverAddress } from "./address.ts";
import { createPost, type Post, type PostReply } from "./post.ts";

/** One JSON-RPC request over HTTP. */
export interface Call {
  readonly method: string;
  readonly params: unknown;
}

/** Codes and words with which nodes and their gateways refuse for being asked too much. */
const LIMITED_CODES = new Set([-32005, -32029, 429]);
const LIMITED = /rate limit|too many requests|request limit|capacity exceeded|exceeded .*(quota|throughput)/i;

/** Sends requests to one URL and reads the replies: whatever is not an answer to what was asked is an error. */
export class JsonRpcHttp {
  readonly #name: string;
  readonly #post: Post;
  readonly #secrets: readonly Secret[];
  /** Milliseconds for a request and the whole of its reply. */
  readonly #timeout: number;
  #lastId = 0;

  /** Throws a TypeError for what is not a URL of HTTP. */
  constructor(name: string, url: Secret, timeout: number) {
    this.#name = name;
    this.#timeout = timeout;
    const { href, authorization, secrets } = serverAddress(url);
    this.#secrets = secrets;
    this.#post = createPost(href, {
      "content-type": "application/json",
      ...(authorization === null ? {} : { authorization }),
    });
  }

  /**
   * The result of one request; `aborted` ends it where it stands.
   * @throws RpcError with what the node answered instead.
   * @throws EndpointError when there is no valid answer.
   */
  async send({ method, params }: Call, abort: AbortController): Promise<unknown> {
    this.#lastId += 1;
    const id = this.#lastId;
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      abort.abort();
    }, this.#timeout);
    try {
      const body = JSON.stringify({ jsonrpc: "2.0", id, method, params: params ?? [] });
      return this.#read(await this.#post(body, abort.signal), id);
    } catch (error) {
      if (error instanceof EndpointError || error instanceof RpcError) throw error;
      if (isLate) throw this.#failure("timeout", `gave no answer in ${String(this.#timeout)} ms`);
      if (abort.signal.aborted) throw this.#failure("closed", "is closed");
      throw this.#failure("network", `cannot be reached: ${reasonOf(error)}`);
    } finally {
      clearTimeout(timer);
    }
  }

  #read(response: PostReply, id: number): unknown {
    const { status, body } = response;
    if (status >= 300 && status <= 399) throw this.#failure("network", "redirects to elsewhere");
    const reply = parse(body);
    const answer = reply !== null && reply.id === id ? reply : null;
    const error = answer === null ? null : rpcError(answer.error);
    if (status === 429 || (error !== null && isLimit(error))) {
      throw this.#failure("limited", "refuses for being asked too much", retryAfter(response));
    }
    if (error !== null) throw this.#blotted(error);
    if (status < 200 || status > 299) {
      throw this.#failure("http", `answered HTTP ${String(status)}`, retryAfter(response));
    }
    if (reply === null) throw this.#failure("malformed", "answered with what is not a JSON-RPC reply");
    if (answer === null) throw this.#failure("malformed", "answered another request than was made");
    if (!("result" in answer)) throw this.#failure("malformed", "answered without a result");
    return answer.result;
  }

  #failure(kind: EndpointError["kind"], text: string, wait = 0): EndpointError {
    return new EndpointError(kind, `${this.#name} ${this.#blot(text)}.`, wait);
  }

  #blotted({ code, message, data }: RpcError): RpcError {
    return new RpcError(code, this.#blot(message), this.#blotDeep(data));
  }

  #blot(text: string): string {
    return this.#secrets.reduce((current, secret) => secret.blot(current), text);
  }

  #blotDeep(value: unknown): unknown {
    if (typeof value === "string") return this.#blot(value);
    if (Array.isArray(value)) return value.map((each) => this.#blotDeep(each));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, this.#blotDeep(each)]));
  }
}

function parse(body: string): Record<string, unknown> | null {
  try {
    const reply: unknown = JSON.parse(body);
    const isObject = typeof reply === "object" && reply !== null && !Array.isArray(reply);
    return isObject ? (reply as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** The error of a reply; null when it has none of the shape JSON-RPC gives it. */
function rpcError(error: unknown): RpcError | null {
  if (typeof error !== "object" || error === null) return null;
  const { code, message, data } = error as Record<string, unknown>;
  if (typeof code !== "number" || typeof message !== "string") return null;
  return new RpcError(code, message, data);
}

function isLimit({ code, message, data }: RpcError): boolean {
  return data === undefined && (LIMITED_CODES.has(code) || LIMITED.test(message));
}

/** Milliseconds; 0 when the header is absent or a date. */
function retryAfter({ headers }: PostReply): number {
  const seconds = Number(headers["retry-after"] ?? 0);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0;
}
