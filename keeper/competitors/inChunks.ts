import { positive } from "../math/policyInputError.ts";
import type { DecisionInput } from "../strategy/types.ts";

/** ETH of drift to land at when one trade may be worth so many USD and the rule wants drift at `target`. */
export function inChunks({ spot }: DecisionInput, drift: number, target: number, chunkUsd: number): number {
  const most = chunkUsd / positive("spot", spot);
  const wanted = target - drift;
  return drift + Math.max(-most, Math.min(most, wanted));
}
