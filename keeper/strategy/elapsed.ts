import type { DecisionInput } from "./types.ts";

/** Whether so many seconds have passed since the last rebalance. Before the first they have. */
export function hasElapsed(
  { timestamp, lastRebalanceAt }: Pick<DecisionInput, "timestamp" | "lastRebalanceAt">,
  seconds: number,
): boolean {
  return lastRebalanceAt === null || timestamp - lastRebalanceAt >= seconds;
}

/** Whether the age limit asks for a trade: not before the first rebalance, which no age can be measured from. */
export function isOverdue(
  input: Pick<DecisionInput, "timestamp" | "lastRebalanceAt"> & {
    readonly limits: { readonly maxAge: number };
  },
): boolean {
  return input.lastRebalanceAt !== null && hasElapsed(input, input.limits.maxAge);
}
