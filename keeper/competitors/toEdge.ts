import { ruleDecision } from "../strategy/ruleDecision.ts";
import type { Decision, DecisionInput } from "../strategy/types.ts";

/** A band in ETH of drift. */
export interface Band {
  readonly drift: number;
  readonly centre: number;
  /** From the centre to an edge. */
  readonly width: number;
}

/** The decision of a band without a fixed cost: past an edge trade back to it, no further. */
export function toEdge(input: DecisionInput, { drift, centre, width }: Band): Decision {
  const residual = drift - centre;
  return ruleDecision(input, {
    drift,
    fires: Math.abs(residual) > width,
    target: centre + Math.sign(residual) * width,
  });
}
