import type { DecisionInput } from "./types.ts";

/** Whether so many seconds have passed since the last rebalance. Before the first they have. */
export function hasElapsed(
  { timestamp, lastRebalanceAt }: Pick<DecisionInput, "timestamp" | "lastRebalanceAt">,
  seconds: number,
): boolean {
  return lastRebalanceAt === null || timestamp - lastRebalanceAt >= seconds;
}
