import type { StrategyChoice } from "../config/schema.ts";
import { withJitter, type Jitter } from "./jitter.ts";
import type { Strategy } from "./types.ts";
import { withLimits } from "./withLimits.ts";

/**
 * Recorded with the parameters of what decided under the hard limits. A rule recorded without it, by a keeper of before, knew none:
 * to decide the same again it must be made without them.
 */
const LIMITS_APPLIED = { limits: 1 } as const;

export interface SelectOptions {
  readonly riskAversion: number | undefined;
  /** Whether the hard limits apply beside the strategy. */
  readonly limited?: boolean;
  /** Null or absent: trades are of the size that the strategy has. */
  readonly jitter?: Jitter | null;
}

/** The strategy an operator chose, jittered if asked for, under the hard limits; only its own code is loaded. */
export async function selectStrategy(
  choice: StrategyChoice,
  { riskAversion, limited = true, jitter = null }: SelectOptions,
): Promise<Strategy> {
  const make = await load(choice, riskAversion);
  const strategy = jitter === null ? make(1) : withJitter(jitter, make);
  if (!limited) return strategy;
  return { ...withLimits(strategy), params: { ...strategy.params, ...LIMITS_APPLIED } };
}

/** A strategy by how many times as large its trades are as it has them: between two of them more drift builds up, or more time passes. */
type Make = (factor: number) => Strategy;

async function load(choice: StrategyChoice, riskAversion: number | undefined): Promise<Make> {
  switch (choice.name) {
    case "optimal-impulse": {
      if (riskAversion === undefined) throw new Error("The strategy optimal-impulse needs a risk aversion.");
      const { optimalImpulse } = await import("./optimalImpulse.ts");
      const { scaledTrades } = await import("./scaledTrades.ts");
      const strategy = optimalImpulse({ riskAversion });
      return (factor) => (factor === 1 ? strategy : scaledTrades(strategy, factor));
    }
    case "threshold": {
      const { threshold } = await import("./threshold.ts");
      const { delta, inner } = choice.params;
      // As it stands where nothing moves it: the sum may be another number.
      return (factor) => threshold({ delta: factor === 1 ? delta : inner + (delta - inner) * factor, inner });
    }
    case "time": {
      const { time } = await import("./time.ts");
      return (factor) => time({ seconds: choice.params.seconds * factor });
    }
    case "volatility": {
      const { volatility } = await import("./volatility.ts");
      return (factor) => volatility({ ...choice.params, fraction: choice.params.fraction * factor });
    }
    case "margin": {
      const { margin } = await import("./margin.ts");
      return (factor) => margin({ ...choice.params, delta: choice.params.delta * factor });
    }
    case "fixed-band": {
      const { fixedBand } = await import("./fixedBand.ts");
      return (factor) => fixedBand({ fraction: choice.params.fraction * factor });
    }
  }
}
