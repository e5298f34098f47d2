import { DelegateBackoff, handleWhen, retry } from "cockatiel";
import pThrottle from "p-throttle";
import type { z } from "zod";

import type { Secret } from "../config/secret.ts";
import { reasonOf, serverAddress, type ServerAddress } from "../rpc/address.ts";
import { SourceError, type SourceFailure } from "./sourceError.ts";

export interface PublicServerOptions {
  /** How messages call it. */
  readonly name: string;
  /** Its address, without the path of a question; may hold a key, which no message shows. */
  readonly url: Secret;
  readonly requestsPerSecond: number;
  /** How often a question is asked again where asking again may help. */
  readonly retries: number;
  /** Milliseconds for one answer, the whole of it; default half a minute. */
  readonly timeout?: number;
  /** Told, in one line, of every answer that is waited for once more. */
  readonly onRetry?: (message: string) => void;
}

const TIMEOUT = 30_000;

/** Failures after which the same question may have an answer. */
const PASSING = new Set<SourceFailure>(["unreachable", "limited", "garbled"]);

/** Milliseconds before a question is asked again for the first time, and at most. */
const PAUSE = { first: 500, most: 16_000 } as const;

/** Milliseconds beyond which a source that asks to be left alone is. */
const LONGEST_REST = 120_000;

/** Binance answers 418 to who goes on after a 429. */
const LIMITED = new Set([418, 429]);

/** Error codes of JSON-RPC servers for being asked too much; 10028 and 10066 are Deribit's. */
const LIMITED_CODES = new Set([-32005, -32029, 429, 10028, 10066]);

/**
 * A server that answers questions in JSON to everybody: kept under its rate limit, asked again where that may help, and
 * believed only where the answer fits the schema.
 */
export class PublicServer {
  readonly name: string;
  readonly #address: ServerAddress;
  readonly #options: PublicServerOptions;
  readonly #pass: () => Promise<void>;
  /** Milliseconds by which the server's clock is ahead of ours, by its last answer; never more than 0. */
  #behind = 0;

  /** @throws SourceError when the address is no http or https URL. */
  constructor(options: PublicServerOptions) {
    const { name, url, requestsPerSecond } = options;
    if (!/^https?:\/\//.test(url.reveal()) || URL.parse(url.reveal()) === null) {
      throw new SourceError("unreachable", `${name}: its address is no http or https URL`);
    }
    this.name = name;
    this.#options = options;
    this.#address = serverAddress(url);
    const limit = Math.max(1, Math.floor(requestsPerSecond));
    const interval = Math.ceil((1000 * limit) / requestsPerSecond);
    const pass = pThrottle({ limit, interval, strict: true })(() => undefined);
    this.#pass = async () => pass();
  }

  /** Unix seconds: our clock or the server's, whichever is behind. What had ended by then has ended. */
  get now(): number {
    return Math.floor((Date.now() + this.#behind) / 1000);
  }

  /** @throws SourceError when there is no answer that fits the schema. */
  get<T>(path: string, query: Readonly<Record<string, string | number>>, schema: z.ZodType<T>): Promise<T> {
    const url = new URL(this.#address.href.replace(/\/$/, "") + path);
    for (const [key, value] of Object.entries(query)) url.searchParams.set(key, String(value));
    return this.#patiently(url.href, {}, schema);
  }

  /** Posts JSON to the address itself. @throws SourceError when there is no answer that fits the schema. */
  post<T>(body: unknown, schema: z.ZodType<T>): Promise<T> {
    const headers = { "content-type": "application/json" };
    return this.#patiently(
      this.#address.href,
      { method: "POST", headers, body: JSON.stringify(body) },
      schema,
    );
  }

  /** What is wrong with an answer that fits its schema. */
  unexpected(message: string): SourceError {
    return new SourceError("unexpected", `${this.name} ${message}`);
  }

  /** It understood a question and says no, in its own words. */
  refused(question: string, saying: string): SourceError {
    return this.#error("refused", `refuses ${question}: ${saying.slice(0, 200)}`);
  }

  async #patiently<T>(href: string, init: RequestInit, schema: z.ZodType<T>): Promise<T> {
    const { retries, onRetry } = this.#options;
    const again = handleWhen(
      (error) =>
        error instanceof SourceError &&
        (PASSING.has(error.kind) || (error.kind === "status" && error.status! >= 500)) &&
        error.retryAfter <= LONGEST_REST,
    );
    const policy = retry(again, {
      maxAttempts: retries,
      backoff: new DelegateBackoff(({ attempt, result }) => {
        const rest = "error" in result && result.error instanceof SourceError ? result.error.retryAfter : 0;
        const pause = Math.min(PAUSE.most, PAUSE.first * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2);
        return Math.max(rest, pause);
      }),
    });
    policy.onRetry((event) => {
      const why = "error" in event && event.error instanceof Error ? event.error.message : "no answer";
      const wait = (event.delay / 1000).toFixed(1);
      onRetry?.(`${why}; asking again in ${wait} s (${String(event.attempt)} of ${String(retries)})`);
    });
    return policy.execute(() => this.#once(href, init, schema));
  }

  async #once<T>(href: string, init: RequestInit, schema: z.ZodType<T>): Promise<T> {
    await this.#pass();
    const { status, text, retryAfter } = await this.#exchange(href, init);
    const value = parse(text);
    if (LIMITED.has(status) || isLimit(value)) {
      const rest = retryAfter === 0 ? "" : ` and asks to be left alone for ${String(retryAfter / 1000)} s`;
      throw this.#error(
        "limited",
        `says it is asked too much (HTTP ${String(status)})${rest}`,
        status,
        retryAfter,
      );
    }
    // JSON-RPC servers put their errors into the body, whatever the status: the schema knows them.
    const fits = value === undefined ? null : schema.safeParse(value);
    const isSuccess = status >= 200 && status <= 299;
    if (!isSuccess && fits?.success !== true) {
      throw this.#error("status", `answered HTTP ${String(status)}${sayingOf(value)}`, status, retryAfter);
    }
    if (fits === null) throw this.#error("garbled", "did not answer in JSON, or not to the end", status);
    if (fits.success) return fits.data;
    const [issue] = fits.error.issues;
    const place = issue!.path.length === 0 ? "" : `${issue!.path.map(String).join(".")}: `;
    throw this.#error("unexpected", `answered what its schema does not allow (${place}${issue!.message})`);
  }

  async #exchange(
    href: string,
    init: RequestInit,
  ): Promise<{ status: number; text: string; retryAfter: number }> {
    const { timeout = TIMEOUT } = this.#options;
    const { authorization } = this.#address;
    try {
      const response = await fetch(href, {
        ...init,
        headers: {
          accept: "application/json",
          "user-agent": "keel",
          ...(init.headers as Record<string, string> | undefined),
          ...(authorization === null ? {} : { authorization }),
        },
        // A key in the address goes to the server it was given for.
        redirect: "error",
        signal: AbortSignal.timeout(timeout),
      });
      const text = await response.text();
      const date = Date.parse(response.headers.get("date") ?? "");
      this.#behind = Number.isNaN(date) ? 0 : Math.min(0, date - Date.now());
      return { status: response.status, text, retryAfter: restOf(response.headers.get("retry-after")) };
    } catch (error) {
      const isLate = error instanceof Error && error.name === "TimeoutError";
      const why = isLate
        ? `gave no answer in ${String(timeout / 1000)} s`
        : `cannot be reached (${reasonOf(error)})`;
      throw this.#error("unreachable", why);
    }
  }

  #error(kind: SourceFailure, message: string, status: number | null = null, retryAfter = 0): SourceError {
    const { secrets } = this.#address;
    const { host } = new URL(this.#address.href);
    // An address without a key is a path like any other: only what an operator gave may be a secret.
    const said = secrets.reduce((text, secret) => secret.blot(text), message).replaceAll(/\s+/g, " ");
    return new SourceError(kind, `${this.name} (${host}) ${said}`, status, retryAfter);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** What a refusal says of itself: Binance's `msg`, Coinbase's `message`, JSON-RPC's `error.message`. */
function sayingOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return "";
  const { msg, message, error } = value as Record<string, unknown>;
  const inner =
    typeof error === "object" && error !== null ? (error as { message?: unknown }).message : error;
  const saying = [msg, message, inner].find((text) => typeof text === "string");
  return saying === undefined ? "" : `: ${saying.slice(0, 200)}`;
}

function isLimit(value: unknown): boolean {
  if (typeof value !== "object" || value === null || !("error" in value)) return false;
  const { error } = value;
  if (typeof error !== "object" || error === null || !("code" in error)) return false;
  return typeof error.code === "number" && LIMITED_CODES.has(error.code);
}

/** Milliseconds of a `Retry-After`, which is a number of seconds or a date; 0 without one. */
function restOf(header: string | null): number {
  if (header === null) return 0;
  const seconds = Number(header);
  const rest = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(rest) ? 0 : Math.max(0, rest);
}
