import { EndpointError, NoMajorityError, RpcError } from "./errors.ts";
import type { Call } from "./exchange.ts";
import type { Service } from "./methods.ts";
import { refusalOf, replyOf, type Reply, type Stage, type Verdict } from "./quorum.ts";

/** What a gathering needs to know of an endpoint. */
export interface Respondent {
  readonly name: string;
  readonly health: { readonly latency: number };
}

export interface GatheringOptions<From> {
  readonly ask: (from: From) => Promise<unknown>;
  /** Milliseconds an endpoint may take. */
  readonly timeout: number;
  /** A reply that came after the verdict. */
  readonly onLate: (reply: Reply<From>, verdict: Verdict<From>) => void;
}

/** An endpoint is late after so many times what it usually takes, within these milliseconds. */
const LATE = { factor: 4, least: 250 } as const;

/** Asks endpoints one call, as many as it takes: first the best, another for each that fails, is late or disagrees. */
export class Gathering<From extends Respondent> {
  readonly replies: Reply<From>[] = [];
  /** Errors of endpoints that had no answer, in the order they came. */
  readonly failures: unknown[] = [];
  /** Endpoints that answered with an error of their own. */
  readonly unable = new Map<From, RpcError>();
  readonly first: number;
  readonly #call: Call;
  readonly #service: Service;
  readonly #options: GatheringOptions<From>;
  readonly #waiting: From[];
  readonly #asked: number;
  #running = 0;
  #verdict: Verdict<From> | null = null;
  #settle: (verdict: Verdict<From> | null) => void = () => undefined;
  #lateTimer: NodeJS.Timeout | undefined;
  #isOverdue = false;
  #isDone = false;

  /** @param order The endpoints, the best first. */
  constructor(call: Call, service: Service, order: readonly From[], options: GatheringOptions<From>) {
    this.#call = call;
    this.#service = service;
    this.#options = options;
    this.#waiting = [...order];
    this.#asked = order.length;
    this.first = service.first;
  }

  /** What the rule makes of the replies; null when all have been heard and it is nothing. */
  verdict(): Promise<Verdict<From> | null> {
    return new Promise((resolve) => {
      this.#settle = resolve;
      for (let count = 0; count < this.first; count += 1) this.#askNext();
    });
  }

  /** Why there is no verdict. An error that nodes gave for an answer is kept as it is: callers know its code. */
  failure(): Error {
    const { method } = this.#call;
    if (this.replies.length > 0) {
      const said = `${String(this.replies.length)} of ${String(this.#asked)} endpoints answered`;
      const reasons = this.failures.map((error) => (error as Error).message).join(" ");
      return new NoMajorityError(
        `No two endpoints agree on ${method}: ${said}, ${String(this.#distinct())} in different ways. ${reasons}`,
      );
    }
    const own = this.failures.find((error) => error instanceof RpcError);
    if (own !== undefined) return own;
    const [only] = this.failures;
    if (this.failures.length === 1 && only instanceof Error) return only;
    const reasons = this.failures.map((error) => (error as Error).message).join(" ");
    const kind = only instanceof EndpointError ? only.kind : "network";
    return new EndpointError(kind, `No endpoint answers ${method}. ${reasons}`);
  }

  #distinct(): number {
    return new Set(this.replies.map(({ key }) => key)).size;
  }

  #askNext(): void {
    const from = this.#waiting.shift();
    if (from === undefined) return;
    this.#running += 1;
    this.#watch(from);
    void this.#options
      .ask(from)
      .then(
        (result) => replyOf(from, this.#call, result),
        (error: unknown) => this.#noteError(from, error),
      )
      .then((reply) => {
        this.#running -= 1;
        this.#hear(reply);
      });
  }

  #noteError(from: From, error: unknown): Reply<From> | null {
    const reply = error instanceof RpcError ? refusalOf(from, error) : null;
    if (reply !== null) return reply;
    this.failures.push(error);
    if (error instanceof RpcError) this.unable.set(from, error);
    return null;
  }

  #hear(reply: Reply<From> | null): void {
    if (this.#isDone) {
      if (reply !== null && this.#verdict !== null) this.#options.onLate(reply, this.#verdict);
      return;
    }
    if (reply !== null) this.replies.push(reply);
    if (this.#decide()) return;
    // A failure is made up for at once; replies that disagree are once those asked have all been heard.
    if (reply === null || this.#running === 0) this.#askNext();
    if (this.#running === 0 && this.#waiting.length === 0) this.#finish(null);
  }

  #watch({ health }: From): void {
    clearTimeout(this.#lateTimer);
    const { timeout } = this.#options;
    const wait = Math.min(Math.max(LATE.factor * health.latency, LATE.least), timeout);
    this.#lateTimer = setTimeout(() => {
      if (this.#waiting.length > 0) {
        this.#askNext();
        return;
      }
      this.#isOverdue = true;
      this.#decide();
    }, wait);
  }

  #decide(): boolean {
    const verdict = this.#service.rule(this.replies, this.#stage());
    if (verdict !== null) this.#finish(verdict);
    return verdict !== null;
  }

  #stage(): Stage {
    if (this.#running === 0 && this.#waiting.length === 0) return "complete";
    return this.#isOverdue ? "overdue" : "open";
  }

  #finish(verdict: Verdict<From> | null): void {
    this.#isDone = true;
    this.#verdict = verdict;
    clearTimeout(this.#lateTimer);
    this.#settle(verdict);
  }
}
