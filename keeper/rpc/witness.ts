import { quantityOf } from "./answerKey.ts";
import type { Health } from "./health.ts";
import type { Call } from "./exchange.ts";
import type { Service } from "./methods.ts";
import { fieldOf, isNearEstimate, isNull, NEAR, numberOf, type Reply } from "./quorum.ts";
import { describeError } from "../log/describeError.ts";
import type { Log } from "../log/logger.ts";

/** An endpoint that was outvoted. */
export interface Disagreement {
  /** Host and position in the configuration. */
  readonly endpoint: string;
  readonly method: string;
  /** `lies`: it says something else. `lags`: it is blocks behind. `null`: it has not what others have. */
  readonly kind: "lies" | "lags" | "null";
  readonly detail: string;
}

interface Suspect {
  readonly name: string;
  readonly health: Health;
}

/** Answers that may differ because nodes are at different blocks do not do so so often in a row. */
const STREAK = 3;
/** Milliseconds after which a difference is no longer one of a row: a node that is always a little late differs now and then for ever. */
const FORGOTTEN_AFTER = 600_000;
/** Milliseconds between two lines in the log on the same fault of the same endpoint. */
const LOG_EVERY = 60_000;

/** Tells who was outvoted, and holds it against them. */
export class Witness {
  readonly #log: Log;
  readonly #onDisagreement: (report: Disagreement) => void;
  /** By {@link rowOf}: how often in a row an endpoint was alone with an answer of a method that may differ, and when last. */
  readonly #streaks = new Map<string, { readonly count: number; readonly at: number }>();
  readonly #loggedAt = new Map<string, number>();

  constructor(log: Log, onDisagreement: (report: Disagreement) => void = () => undefined) {
    this.#log = log;
    this.#onDisagreement = onDisagreement;
  }

  /** Judges those that said something else than what is gone by. @param askedAt Milliseconds of `performance.now()`. */
  compare<From extends Suspect>(
    call: Call,
    { dissent }: Service,
    winner: Reply<From>,
    others: readonly Reply<From>[],
    askedAt: number,
  ): void {
    if (dissent === "none" || isNull(winner)) return;
    for (const other of others)
      if (!isSame(call, winner, other)) this.#judge(call, dissent, winner, other, askedAt);
  }

  /** Those that say what is gone by are no longer under suspicion, as far as this method goes: another may be all they lie in. */
  agree<From extends Suspect>(call: Call, replies: readonly Reply<From>[], winner: Reply<From>): void {
    if (this.#streaks.size === 0) return;
    for (const reply of replies)
      if (isSame(call, winner, reply)) this.#streaks.delete(rowOf(reply.from, call));
  }

  report({ name, health }: Suspect, { method }: Call, kind: Disagreement["kind"], detail: string): void {
    health.noteDisagreement(`${method}: ${detail}`);
    const fault = `${name} ${kind} ${method}`;
    const now = performance.now();
    if (now - (this.#loggedAt.get(fault) ?? -Infinity) >= LOG_EVERY) {
      this.#loggedAt.set(fault, now);
      this.#log.warn({ endpoint: name, method, kind, detail }, "An endpoint was outvoted.");
    }
    try {
      this.#onDisagreement({ endpoint: name, method, kind, detail });
    } catch (error) {
      this.#log.error({ error: describeError(error) }, "A disagreement could not be passed on.");
    }
  }

  #judge<From extends Suspect>(
    call: Call,
    dissent: "pinned" | "moving",
    winner: Reply<From>,
    other: Reply<From>,
    askedAt: number,
  ): void {
    const { from } = other;
    if (isNull(other)) {
      this.report(from, call, "null", "has not what two others have");
      return;
    }
    const behind = dissent === "pinned" ? null : blocksBehind(call, winner, other);
    if (behind !== null && behind !== 0n) {
      if (behind > NEAR) this.report(from, call, "lags", `is ${String(behind)} blocks behind`);
      if (behind < -NEAR) this.report(from, call, "lies", `is ${String(-behind)} blocks ahead of all others`);
      return;
    }
    const isOneBlock =
      behind === 0n &&
      fieldOf(winner.result, "hash") !== undefined &&
      fieldOf(winner.result, "hash") === fieldOf(other.result, "hash");
    if (dissent === "pinned" || isOneBlock) {
      this.report(from, call, "lies", `says ${brief(other)}, two others ${brief(winner)}`);
      return;
    }
    const row = rowOf(from, call);
    const now = performance.now();
    let { count, at } = this.#streaks.get(row) ?? { count: 0, at: -Infinity };
    if (now - at > FORGOTTEN_AFTER) count = 0;
    // What was asked side by side met the same blocks: it is one difference.
    else if (askedAt <= at) return;
    count += 1;
    at = now;
    this.#streaks.set(row, { count, at });
    if (count >= STREAK) {
      this.report(from, call, "lies", `differs ${String(count)} times in a row, last ${brief(other)}`);
    }
  }
}

function rowOf({ name }: Suspect, { method }: Call): string {
  return `${name} ${method}`;
}

/** Whether both say the same, as far as two nodes can. */
function isSame<From>({ method }: Call, one: Reply<From>, other: Reply<From>): boolean {
  return one.key === other.key || (method === "eth_estimateGas" && isNearEstimate(one, other));
}

/** Null where the answers are neither blocks nor block numbers. */
function blocksBehind<From>({ method }: Call, winner: Reply<From>, other: Reply<From>): bigint | null {
  const height = method === "eth_blockNumber" ? quantityOf : numberOf;
  const [ahead, at] = [height(winner.result), height(other.result)];
  return ahead === null || at === null ? null : ahead - at;
}

/** A line's worth of an answer. */
function brief<From>({ key, result }: Reply<From>): string {
  const hash = fieldOf(result, "hash");
  const text = typeof hash === "string" ? hash : (quantityOf(result)?.toString() ?? key);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
