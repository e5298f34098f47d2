import type { StrategyChoice } from "../config/schema.ts";
import type { Strategy } from "./types.ts";
import { withLimits } from "./withLimits.ts";

/**
 * Recorded with the parameters of what decided under the hard limits. A rule recorded without it, by a keeper of before, knew none:
 * to decide the same again it must be made without them.
 */
export const LIMITS_APPLIED = { limits: 1 } as const;

export interface SelectOptions {
  readonly riskAversion: number | undefined;
  /** Whether the hard limits apply beside the strategy. */
  readonly limited?: boolean;
}

/** The strategy an operator chose, under the hard limits; only its own code is loaded. */
export async function selectStrategy(
  choice: StrategyChoice,
  { riskAversion, limited = true }: SelectOptions,
): Promise<Strategy> {
  const strategy = await load(choice, riskAversion);
  if (!limited) return strategy;
  return { ...withLimits(strategy), params: { ...strategy.params, ...LIMITS_APPLIED } };
}

async function load(choice: StrategyChoice, riskAversion: number | undefined): Promise<Strategy> {
  switch (choice.name) {
    case "optimal-impulse": {
      if (riskAversion === undefined) throw new Error("The strategy optimal-impulse needs a risk aversion.");
      const { optimalImpulse } = await import("./optimalImpulse.ts");
      return optimalImpulse({ riskAversion });
    }
    case "threshold": {
      const { threshold } = await import("./threshold.ts");
      return threshold(choice.params);
    }
    case "time": {
      const { time } = await import("./time.ts");
      return time(choice.params);
    }
    case "volatility": {
      const { volatility } = await import("./volatility.ts");
      return volatility(choice.params);
    }
    case "margin": {
      const { margin } = await import("./margin.ts");
      return margin(choice.params);
    }
    case "fixed-band": {
      const { fixedBand } = await import("./fixedBand.ts");
      return fixedBand(choice.params);
    }
  }
}
