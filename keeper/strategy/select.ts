import type { StrategyChoice } from "../config/schema.ts";
import type { Strategy } from "./types.ts";

/** The strategy an operator chose; only its own code is loaded. */
export async function selectStrategy(
  choice: StrategyChoice,
  { riskAversion }: { readonly riskAversion: number | undefined },
): Promise<Strategy> {
  switch (choice.name) {
    case "optimal-impulse": {
      if (riskAversion === undefined) throw new Error("The strategy optimal-impulse needs a risk aversion.");
      const { optimalImpulse } = await import("./optimalImpulse.ts");
      return optimalImpulse({ riskAversion });
    }
    case "fixed-band": {
      const { fixedBand } = await import("./fixedBand.ts");
      return fixedBand(choice.params);
    }
    case "clock": {
      const { clock } = await import("./clock.ts");
      return clock(choice.params);
    }
  }
}
