import { nonNegative, PolicyInputError, positive } from "../math/policyInputError.ts";
import { currentDrift } from "./drift.ts";
import { ruleDecision } from "./ruleDecision.ts";
import type { Strategy } from "./types.ts";

export interface ThresholdOptions {
  /** |drift| at which to act, ETH. */
  readonly delta: number;
  /** |drift| to land at, on the side it came from, ETH; 0 when absent. */
  readonly inner?: number;
}

/**
 * Hedges whenever |drift| is at least so many ETH, whatever it costs and however large the book is. A hedge left without options is
 * closed.
 *
 * @throws {PolicyInputError} if `delta` is not above 0, or `inner` not from 0 to below `delta`.
 */
export function threshold(options: ThresholdOptions): Strategy {
  const delta = positive("delta", options.delta);
  const inner = nonNegative("inner", options.inner ?? 0);
  if (inner >= delta) throw new PolicyInputError("inner", `must be below delta, ${String(delta)}`);
  return {
    name: "threshold",
    params: { delta, inner },
    decide(input) {
      const drift = currentDrift(input);
      const isOver = input.legs.length === 0;
      return ruleDecision(input, {
        drift,
        fires: isOver || Math.abs(drift) >= delta,
        target: isOver ? 0 : Math.sign(drift) * inner,
      });
    },
  };
}
