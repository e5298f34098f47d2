import type { DecisionInput } from "../strategy/types.ts";

/**
 * By what part the price has moved since the last rebalance, |P/P_last − 1|; 0 where nobody has recorded what it was then, so that a
 * rule on it waits for its other trigger.
 *
 * @param price USD per ETH; spot when absent.
 */
export function moveSinceLast({ spot, observed }: DecisionInput, price: number = spot): number {
  const last = observed?.lastRebalanceSpot;
  return last === undefined ? 0 : Math.abs(price / last - 1);
}
