import { byNumber, fieldOf, numberOf, type Reply, type Verdict } from "./quorum.ts";

/**
 * Where no two endpoints name the same newest block nor build one on the other's: the highest that another endpoint,
 * further ahead, has at that number.
 * @param ask The block at a number (hex) as one endpoint has it; may reject.
 */
export async function confirmNewest<From>(
  replies: readonly Reply<From>[],
  ask: (from: From, number: string) => Promise<unknown>,
): Promise<Verdict<From> | null> {
  const descending = byNumber(replies, numberOf);
  for (const [index, candidate] of descending.entries()) {
    const number = fieldOf(candidate.result, "number");
    const hash = fieldOf(candidate.result, "hash");
    if (typeof number !== "string") continue;
    for (const { from } of descending.slice(0, index)) {
      const block = await ask(from, number).catch(() => null);
      if (block === null || fieldOf(block, "hash") !== hash) continue;
      return { winner: candidate, dissenters: replies.filter(({ key }) => key !== candidate.key) };
    }
  }
  return null;
}
