import { setTimeout as sleep } from "node:timers/promises";

import { keccak256, isHex } from "viem";

import { BroadcastError, EndpointError, NoMajorityError } from "./errors.ts";
import { RpcEndpoint, type EndpointHealth, type EndpointOptions, type OnRequest } from "./endpoint.ts";
import type { Call } from "./exchange.ts";
import { Gathering } from "./gather.ts";
import { isNewestBlock, serviceOf, type Service } from "./methods.ts";
import { confirmNewest } from "./newest.ts";
import { noteRpcWait } from "./waiting.ts";
import { Witness, type Disagreement } from "./witness.ts";
import type { Log } from "../log/logger.ts";

export type { Disagreement, EndpointHealth, EndpointOptions };

export interface RpcPoolOptions {
  /** At least one. With three or more, what is read is what two of them say. */
  readonly endpoints: readonly EndpointOptions[];
  /** Milliseconds after which a request to one endpoint counts as failed. */
  readonly timeout: number;
  readonly log: Log;
  readonly onDisagreement?: (report: Disagreement) => void;
  /** Of requests to endpoints: a call of the pool may make several. */
  readonly onRequest?: OnRequest | undefined;
  /** Closes the pool. */
  readonly signal?: AbortSignal;
}

/** What a pool has done since it was made. */
export interface RpcStats {
  /** Requests to endpoints by method: one call may ask several. */
  readonly requests: Readonly<Record<string, number>>;
  /** Calls made to the pool. */
  readonly calls: number;
  /** Seconds that callers have waited for answers, summed over calls. */
  readonly waited: number;
  /** Seconds that requests have waited for rate limits. */
  readonly throttled: number;
}

/** Several endpoints as one EIP-1193 provider. */
export interface RpcPool {
  /**
   * The answer of the chain, as far as the endpoints agree on it.
   * @throws RpcError with code, message and data, as the node gave it.
   * @throws EndpointError when no endpoint answers.
   * @throws NoMajorityError when no two of three or more endpoints say the same.
   * @throws BroadcastError when no endpoint takes a transaction.
   */
  request(call: { readonly method: string; readonly params?: unknown }): Promise<unknown>;
  health(): readonly EndpointHealth[];
  stats(): RpcStats;
  /** Ends what is being read; a transaction on its way is left to arrive. */
  close(): void;
}

/** Milliseconds after which a request to one endpoint counts as failed, unless a caller knows better. */
export const RPC_TIMEOUT = 10_000;

/** Times a read is made again when no endpoint answered, or no two the same. */
const RETRIES = 2;
/** Milliseconds before the first retry; each later one waits twice as long. */
const RETRY_DELAY = 250;
/** Milliseconds between looks at whether an endpoint that was left alone answers again. */
const PROBE_INTERVAL = 1000;

/** Builds a pool. Throws a RangeError without endpoints, a TypeError for what is not a URL. */
export function createRpcPool(options: RpcPoolOptions): RpcPool {
  return new EndpointPool(options);
}

class EndpointPool implements RpcPool {
  readonly #endpoints: readonly RpcEndpoint[];
  readonly #timeout: number;
  readonly #witness: Witness;
  readonly #closing = new AbortController();
  readonly #requests = new Map<string, number>();
  readonly #forget: () => void;
  #calls = 0;
  /** Milliseconds. */
  #waited = 0;
  #probedAt = -Infinity;
  #isTryingLast = false;

  constructor({ endpoints, timeout, log, onDisagreement, onRequest, signal }: RpcPoolOptions) {
    if (endpoints.length === 0) throw new RangeError("A pool needs at least one endpoint.");
    this.#endpoints = endpoints.map((each, index) => new RpcEndpoint(each, index, timeout, log, onRequest));
    this.#timeout = timeout;
    this.#witness = new Witness(log, onDisagreement);
    const close = () => {
      this.close();
    };
    signal?.addEventListener("abort", close, { once: true });
    this.#forget = () => signal?.removeEventListener("abort", close);
    if (signal?.aborted === true) close();
  }

  async request({
    method,
    params,
  }: {
    readonly method: string;
    readonly params?: unknown;
  }): Promise<unknown> {
    const call = { method, params };
    const startedAt = performance.now();
    this.#calls += 1;
    this.#probe();
    try {
      return await noteRpcWait(() =>
        method === "eth_sendRawTransaction" ? this.#send(call) : this.#read(call, startedAt),
      );
    } finally {
      this.#waited += performance.now() - startedAt;
    }
  }

  health(): readonly EndpointHealth[] {
    return this.#endpoints.map((endpoint) => endpoint.report());
  }

  stats(): RpcStats {
    return {
      requests: Object.fromEntries(this.#requests),
      calls: this.#calls,
      waited: this.#waited / 1000,
      throttled: this.#endpoints.reduce((sum, { throttled }) => sum + throttled, 0) / 1000,
    };
  }

  close(): void {
    this.#forget();
    this.#closing.abort();
    for (const endpoint of this.#endpoints) endpoint.close();
  }

  async #read(call: Call, startedAt: number): Promise<unknown> {
    const service = serviceOf(call, this.#endpoints.length);
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#readOnce(call, service);
      } catch (error) {
        const isLate = performance.now() - startedAt > this.#timeout / 2;
        const isPassing = error instanceof EndpointError || error instanceof NoMajorityError;
        if (!isPassing || isLate || attempt === RETRIES || this.#closing.signal.aborted) throw error;
        await sleep(RETRY_DELAY * 2 ** attempt, undefined, { signal: this.#closing.signal }).catch(
          () => undefined,
        );
      }
    }
  }

  /** Every endpoint once at most. */
  async #readOnce(call: Call, service: Service): Promise<unknown> {
    const askedAt = performance.now();
    const order = [...this.#endpoints].sort((a, b) => b.rank - a.rank);
    const evenIfDown = this.#isLastResort(service);
    const gathering = new Gathering(call, service, order, {
      ask: (endpoint) => this.#ask(endpoint, call, { evenIfDown }),
      timeout: this.#timeout,
      onLate: (reply, { winner }) => {
        this.#witness.compare(call, service, winner, [reply], askedAt);
        this.#witness.agree(call, [reply], winner);
      },
    });
    this.#isTryingLast ||= evenIfDown;
    let verdict = await gathering.verdict().finally(() => {
      if (evenIfDown) this.#isTryingLast = false;
    });
    if (verdict === null && isNewestBlock(call)) {
      verdict = await confirmNewest(gathering.replies, (endpoint, number) =>
        this.#ask(endpoint, { method: call.method, params: [number, false] }),
      );
    }
    if (verdict === null) throw gathering.failure();
    const { winner, dissenters } = verdict;
    this.#witness.compare(call, service, winner, dissenters, askedAt);
    this.#witness.agree(call, gathering.replies, winner);
    for (const [endpoint, error] of gathering.unable) endpoint.health.noteUnable(error.message);
    if (winner.error !== null) throw winner.error;
    return winner.result;
  }

  /** Too few endpoints are well to answer: one call at a time asks also those that are left alone. */
  #isLastResort({ first }: Service): boolean {
    const isEnough = this.#endpoints.filter(({ isUp }) => isUp).length >= first;
    return !isEnough && !this.#isTryingLast;
  }

  /** To all at once, also those left alone: taken by one is taken. */
  async #send(call: Call): Promise<unknown> {
    const sending = this.#endpoints.map(async (endpoint) => {
      const result = await this.#ask(endpoint, call, { evenIfDown: true, outlives: true });
      return this.#checkHash(endpoint, call, result);
    });
    try {
      return await Promise.any(sending);
    } catch (error) {
      throw new BroadcastError((error as AggregateError).errors as Error[]);
    }
  }

  /** A node that took a transaction answers its hash; one that answers another has taken something else, or nothing. */
  #checkHash(endpoint: RpcEndpoint, call: Call, result: unknown): unknown {
    const raw: unknown = Array.isArray(call.params) ? call.params[0] : undefined;
    if (typeof result === "string" && isHex(raw) && keccak256(raw) === result.toLowerCase()) return result;
    this.#witness.report(endpoint, call, "lies", "took a transaction, it says, but its hash is another");
    throw new EndpointError("malformed", `${endpoint.name} answered with another transaction's hash.`);
  }

  #ask(
    endpoint: RpcEndpoint,
    call: Call,
    options?: { evenIfDown?: boolean; outlives?: boolean },
  ): Promise<unknown> {
    this.#requests.set(call.method, (this.#requests.get(call.method) ?? 0) + 1);
    return endpoint.request(call, options);
  }

  /** Endpoints that are not asked for their failures would never show that they are well again. */
  #probe(): void {
    const now = performance.now();
    if (now - this.#probedAt < PROBE_INTERVAL) return;
    this.#probedAt = now;
    for (const endpoint of this.#endpoints) {
      if (!endpoint.isUp) endpoint.request({ method: "eth_chainId", params: [] }).catch(() => undefined);
    }
  }
}
