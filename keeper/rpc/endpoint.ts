import {
  BrokenCircuitError,
  CircuitState,
  ConsecutiveBreaker,
  ExponentialBackoff,
  circuitBreaker,
  handleWhen,
  type CircuitBreakerPolicy,
} from "cockatiel";
import pThrottle from "p-throttle";

import { EndpointError, RpcError } from "./errors.ts";
import { JsonRpcHttp, type Call } from "./exchange.ts";
import { Health } from "./health.ts";
import type { Secret } from "../config/secret.ts";
import type { Log } from "../log/logger.ts";

export interface EndpointOptions {
  readonly url: Secret;
  /** Default: no limit. */
  readonly requestsPerSecond?: number;
}

/** How an endpoint does, for people and metrics. */
export interface EndpointHealth {
  /** Host and position in the configuration: nothing of the URL that could be a secret. */
  readonly endpoint: string;
  readonly state: "up" | "down";
  /** 0 to 1. */
  readonly score: number;
  /** Milliseconds, a running mean. */
  readonly latency: number;
  /** Requests without an answer, in a row. */
  readonly failures: number;
  readonly lastError: string | null;
  readonly disagreements: number;
}

/** One request to an endpoint, as it ended. */
export interface RequestReport {
  /** Host and position, as in {@link EndpointHealth}. */
  readonly endpoint: string;
  readonly method: string;
  readonly seconds: number;
  /** Whether it answered; an error of the node's own is an answer. */
  readonly answered: boolean;
}

/** Told of every request when it has ended; must not throw. */
export type OnRequest = (report: RequestReport) => void;

/** Failures in a row after which an endpoint is left alone. */
const FAILURES_TO_BREAK = 5;

/** Milliseconds an endpoint is first left alone, and at most. */
const BREAK = { initialDelay: 1000, maxDelay: 60_000 } as const;

/** Milliseconds by which the wall clock must fall behind to have been set back rather than steered. */
const CLOCK_SLACK = 500;

/** Milliseconds by which two requests may come closer together on their way: the server counts where they arrive. */
const WAY_JITTER = 50;

/** What of a failure says that the endpoint is ill, rather than that it was not asked. */
const ILL = new Set<EndpointError["kind"]>(["timeout", "network", "http", "limited", "malformed"]);

/** One URL that answers JSON-RPC: its rate limit, its circuit breaker and its health. */
export class RpcEndpoint {
  readonly name: string;
  readonly health = new Health();
  readonly #http: JsonRpcHttp;
  readonly #options: EndpointOptions;
  /** Milliseconds. */
  readonly #timeout: number;
  readonly #log: Log;
  readonly #onRequest: OnRequest | undefined;
  readonly #inFlight = new Set<AbortController>();
  #breaker: CircuitBreakerPolicy;
  #gate: Gate | null;
  /** Of `performance.now()`: until then the endpoint asked to be left alone. */
  #restingUntil = 0;
  #clockOffset = Date.now() - performance.now();
  #closed = false;
  /** Milliseconds that requests have waited for the rate limit. */
  throttled = 0;

  /** @param timeout Milliseconds for one request, waiting for the rate limit not included. */
  constructor(options: EndpointOptions, index: number, timeout: number, log: Log, onRequest?: OnRequest) {
    this.name = `${URL.parse(options.url.reveal())?.host ?? "invalid"}#${String(index)}`;
    this.#options = options;
    this.#timeout = timeout;
    this.#log = log;
    this.#onRequest = onRequest;
    this.#http = new JsonRpcHttp(this.name, options.url, timeout);
    this.#breaker = this.#createBreaker();
    this.#gate = createGate(options.requestsPerSecond);
  }

  get isUp(): boolean {
    return this.#breaker.state === CircuitState.Closed;
  }

  /** Higher is asked first: health, less the share of the time-out that an answer is likely to take. */
  get rank(): number {
    const wait = this.health.latency + this.#queueWait();
    return (this.isUp ? 0 : -2) + this.health.score - wait / this.#timeout;
  }

  /**
   * The result of one request, made once.
   * @param options.evenIfDown Asks also while the endpoint is left alone for its failures.
   * @param options.outlives The request is not cut off when the endpoint closes: a transaction may be on its way.
   * @throws RpcError with the node's own error.
   * @throws EndpointError when there is no answer.
   */
  async request(call: Call, options: { evenIfDown?: boolean; outlives?: boolean } = {}): Promise<unknown> {
    this.#noticeClock();
    if (this.#closed) throw this.#error("closed", "is closed");
    if (options.evenIfDown === true) {
      const result = await this.#ask(call, options.outlives ?? false);
      if (!this.isUp) this.#mend();
      return result;
    }
    try {
      return await this.#breaker.execute(() => this.#ask(call, false));
    } catch (error) {
      if (!(error instanceof BrokenCircuitError)) throw error;
      throw this.#error("down", `is left alone for its failures (${this.health.lastError ?? "unknown"})`);
    }
  }

  report(): EndpointHealth {
    const { score, latency, failures, lastError, disagreements } = this.health;
    const state = this.isUp ? "up" : "down";
    return { endpoint: this.name, state, score, latency, failures, lastError, disagreements };
  }

  close(): void {
    this.#closed = true;
    this.#gate?.close();
    for (const abort of this.#inFlight) abort.abort();
    this.#inFlight.clear();
  }

  async #ask(call: Call, outlives: boolean): Promise<unknown> {
    await this.#wait();
    if (this.#closed) throw this.#error("closed", "is closed");
    const abort = new AbortController();
    if (!outlives) this.#inFlight.add(abort);
    const startedAt = performance.now();
    const noteAnswer = () => {
      const latency = performance.now() - startedAt;
      this.health.noteAnswer(latency);
      this.#tell(call, latency, true);
    };
    try {
      const result = await this.#http.send(call, abort);
      noteAnswer();
      return result;
    } catch (error) {
      if (error instanceof RpcError) {
        noteAnswer();
        throw error;
      }
      this.#tell(call, performance.now() - startedAt, false);
      if (error instanceof EndpointError && ILL.has(error.kind)) this.#noteIll(error);
      throw error;
    } finally {
      this.#inFlight.delete(abort);
    }
  }

  #tell({ method }: Call, milliseconds: number, answered: boolean): void {
    this.#onRequest?.({ endpoint: this.name, method, seconds: milliseconds / 1000, answered });
  }

  #noteIll(error: EndpointError): void {
    this.health.noteFailure(error.message);
    if (error.kind === "limited" || error.retryAfter > 0) {
      const rest = Math.min(error.retryAfter, BREAK.maxDelay);
      this.#restingUntil = Math.max(this.#restingUntil, performance.now() + rest);
    }
  }

  /** Waits for a turn under the rate limit, unless that would take longer than a request may. */
  async #wait(): Promise<void> {
    if (performance.now() < this.#restingUntil) throw this.#error("busy", "asked to be left alone");
    if (this.#gate === null) return;
    if (this.#queueWait() > this.#timeout) throw this.#error("busy", "has a full queue");
    const startedAt = performance.now();
    try {
      await this.#gate.pass();
    } catch {
      throw this.#error("closed", "is closed");
    }
    this.throttled += performance.now() - startedAt;
  }

  /** Milliseconds. */
  #queueWait(): number {
    const { requestsPerSecond } = this.#options;
    if (this.#gate === null || requestsPerSecond === undefined) return 0;
    return (this.#gate.length() / requestsPerSecond) * 1000;
  }

  /** Limit and breaker go by the wall clock: when that is set back, what they wait for would be far away. */
  #noticeClock(): void {
    const offset = Date.now() - performance.now();
    const isSetBack = offset < this.#clockOffset - CLOCK_SLACK;
    this.#clockOffset = offset;
    if (!isSetBack) return;
    this.#breaker = this.#createBreaker();
    this.#gate = createGate(this.#options.requestsPerSecond);
  }

  #createBreaker(): CircuitBreakerPolicy {
    const breaker = circuitBreaker(
      handleWhen((error) => error instanceof EndpointError && ILL.has(error.kind)),
      { breaker: new ConsecutiveBreaker(FAILURES_TO_BREAK), halfOpenAfter: new ExponentialBackoff(BREAK) },
    );
    breaker.onBreak(() => {
      const { lastError: error } = this.health;
      this.#log.warn({ endpoint: this.name, error }, "An endpoint is left alone: it failed too often.");
    });
    breaker.onReset(() => {
      this.#log.info({ endpoint: this.name }, "An endpoint answers again.");
    });
    return breaker;
  }

  #mend(): void {
    this.#breaker = this.#createBreaker();
    this.#log.info({ endpoint: this.name }, "An endpoint answers again.");
  }

  #error(kind: EndpointError["kind"], text: string): EndpointError {
    return new EndpointError(kind, `${this.name} ${text}.`);
  }
}

/** A queue that lets so many pass in any second. */
interface Gate {
  pass(): Promise<void>;
  /** How many wait. */
  length(): number;
  /** Refuses those that wait. */
  close(): void;
}

function createGate(requestsPerSecond: number | undefined): Gate | null {
  if (requestsPerSecond === undefined) return null;
  const limit = Math.max(1, Math.floor(requestsPerSecond));
  const closing = new AbortController();
  const interval = Math.ceil((1000 * limit) / requestsPerSecond) + WAY_JITTER;
  const pass = pThrottle({ limit, interval, strict: true, signal: closing.signal })(() => undefined);
  return {
    pass: async () => pass(),
    length: () => pass.queueSize,
    close: () => {
      closing.abort();
    },
  };
}
