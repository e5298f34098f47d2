import { answerKey, quantityOf } from "./answerKey.ts";
import { outcomeOf, type RpcError } from "./errors.ts";
import type { Call } from "./exchange.ts";

/** What one endpoint says of a call: a result, or an error that is the call's own outcome. */
export interface Reply<From> {
  readonly from: From;
  /** Equal for all replies that say the same. */
  readonly key: string;
  readonly result: unknown;
  /** Null where there is a result. */
  readonly error: RpcError | null;
}

/** The reply to go by, and those that say something else. */
export interface Verdict<From> {
  readonly winner: Reply<From>;
  readonly dissenters: readonly Reply<From>[];
}

/**
 * How far the asking is: `open` while an endpoint may yet say something in good time, `overdue` when only late ones may,
 * `complete` when all have.
 */
export type Stage = "open" | "overdue" | "complete";

/** Decides from the replies so far, in the order they came; null asks for more. */
export type Rule = <From>(replies: readonly Reply<From>[], stage: Stage) => Verdict<From> | null;

/** How many endpoints must say the same. */
export const NEEDED = 2;

/** How many blocks a node may be behind the others without being called lagging, or ahead without being called a liar. */
export const NEAR = 3n;

/** The reply that a result is. */
export function replyOf<From>(from: From, { method }: Call, result: unknown): Reply<From> {
  return { from, key: result === null ? "null" : answerKey(method, result), result, error: null };
}

/** The reply that an error is; null when it says nothing of the call. */
export function refusalOf<From>(from: From, error: RpcError): Reply<From> | null {
  const outcome = outcomeOf(error);
  return outcome === null ? null : { from, key: `error ${outcome}`, result: null, error };
}

export function isNull<From>({ result, error }: Reply<From>): boolean {
  return error === null && result === null;
}

/** The first reply is as good as any. */
export const firstReply: Rule = (replies) => decide(replies[0], []);

/** The first reply that is not null; null when all are. */
export const firstPresent: Rule = (replies, stage) =>
  decide(replies.find((reply) => !isNull(reply)) ?? (stage === "complete" ? replies[0] : undefined), []);

/** What two endpoints say. */
export const majority: Rule = (replies) => decide(agreed(replies), replies);

/** What two endpoints say; that there is nothing only when all have been heard. */
export const majorityPresent: Rule = (replies, stage) => {
  const present = agreed(replies.filter((reply) => !isNull(reply)));
  if (present !== undefined) return decide(present, replies);
  // Where others have nothing, what one has is not yet wrong.
  return stage === "complete" ? decide(agreed(replies.filter(isNull)), []) : null;
};

/** As {@link majorityPresent}; where nodes differ only in whether it is mined, the transaction counts as pending. */
export const majorityTransaction: Rule = (replies, stage) => {
  const verdict = majorityPresent(replies, stage);
  const present = replies.filter((reply) => !isNull(reply));
  if (stage !== "complete" || present.length < NEEDED) return verdict;
  if (verdict !== null && !isNull(verdict.winner)) return verdict;
  const isSame = new Set(present.map(({ result }) => fieldOf(result, "hash"))).size === 1;
  const pending = present.find(({ result }) => fieldOf(result, "blockHash") === null);
  return isSame ? (decide(pending, []) ?? verdict) : verdict;
};

/** What two endpoints say, else the lower median: a count too low is refused by every node, one too high gets stuck. */
export const majorityOrMedian: Rule = (replies, stage) => {
  const winner = agreed(replies);
  if (winner !== undefined) return decide(winner, replies);
  return stage === "complete" ? decide(median(replies, Math.floor), []) : null;
};

/** The higher of two estimates that are near each other, else their median; a refusal only when two endpoints have it. */
export const estimate: Rule = (replies, stage) => {
  const refused = agreed(replies.filter(({ error }) => error !== null));
  if (refused !== undefined) return decide(refused, replies);
  const winner = nearest(replies) ?? (stage === "complete" ? estimated(replies) : undefined);
  if (winner === undefined) return null;
  return { winner, dissenters: replies.filter((reply) => !isNearEstimate(winner, reply)) };
};

/** Whether two estimates may be of the same call, by nodes that search for it differently or are a block apart. */
export function isNearEstimate(one: Reply<unknown>, other: Reply<unknown>): boolean {
  const [a, b] = [quantityOf(one.result), quantityOf(other.result)];
  if (a === null || b === null) return false;
  return a < b ? b * 4n <= a * 5n : a * 4n <= b * 5n;
}

/** Two endpoints at one number, else the highest that two have reached. */
export const reachedNumber: Rule = (replies, stage) => {
  const winner = agreed(replies);
  if (winner !== undefined) return decide(winner, replies);
  if (stage === "open") return null;
  return decide(byNumber(replies, quantityOf)[1], replies);
};

/** The block that two endpoints call the newest, else the highest that one has and another builds on. */
export const newestBlock: Rule = (replies, stage) => {
  const winner = agreed(replies);
  if (winner !== undefined) return decide(winner, replies);
  if (stage === "open") return null;
  const linked = byNumber(replies, numberOf).find(({ result }) =>
    replies.some((other) => fieldOf(other.result, "parentHash") === fieldOf(result, "hash")),
  );
  return decide(linked, replies);
};

/** Of two endpoints, where none can be outvoted: the newer block. */
export const highestBlock: Rule = (replies, stage) =>
  stage === "open"
    ? null
    : decide(byNumber(replies, (result) => numberOf(result) ?? quantityOf(result))[0], []);

/** A block's number. */
export function numberOf(block: unknown): bigint | null {
  return quantityOf(fieldOf(block, "number"));
}

/** A field of an answer; undefined where there is none. */
export function fieldOf(value: unknown, field: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[field] : undefined;
}

/** Replies with a number, highest first. */
export function byNumber<From>(
  replies: readonly Reply<From>[],
  read: (result: unknown) => bigint | null,
): Reply<From>[] {
  return replies
    .flatMap((reply) => {
      const number = read(reply.result);
      return number === null ? [] : [{ reply, number }];
    })
    .sort((a, b) => (a.number > b.number ? -1 : a.number < b.number ? 1 : 0))
    .map(({ reply }) => reply);
}

function decide<From>(
  winner: Reply<From> | undefined,
  replies: readonly Reply<From>[],
): Verdict<From> | null {
  if (winner === undefined) return null;
  return { winner, dissenters: replies.filter(({ key }) => key !== winner.key) };
}

/** The first reply that as many as needed agree with. */
function agreed<From>(replies: readonly Reply<From>[]): Reply<From> | undefined {
  const votes = new Map<string, number>();
  for (const reply of replies) {
    const count = (votes.get(reply.key) ?? 0) + 1;
    if (count >= NEEDED) return replies.find(({ key }) => key === reply.key);
    votes.set(reply.key, count);
  }
  return undefined;
}

/** Of the estimates that another is near to, the highest. */
function nearest<From>(replies: readonly Reply<From>[]): Reply<From> | undefined {
  return byNumber(replies, quantityOf).find((reply) =>
    replies.some((other) => other !== reply && isNearEstimate(reply, other)),
  );
}

function estimated<From>(replies: readonly Reply<From>[]): Reply<From> | undefined {
  return replies.length < NEEDED ? undefined : median(replies, Math.ceil, 1);
}

/** @param round Which of the two in the middle of an even number. */
function median<From>(
  replies: readonly Reply<From>[],
  round: (index: number) => number,
  atLeast = NEEDED,
): Reply<From> | undefined {
  const ascending = byNumber(replies, quantityOf).reverse();
  return ascending.length < atLeast ? undefined : ascending[round((ascending.length - 1) / 2)];
}
