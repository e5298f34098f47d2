import { SECONDS_PER_YEAR } from "../math/units.ts";
import type { OptionLeg } from "../strategy/types.ts";
import type { HedgingProblem } from "./problem.ts";

/** The book of a problem as a strategy is shown it, at a time in years from the start. */
export function legsAlive({ legs, sigma }: HedgingProblem, time: number): OptionLeg[] {
  // The nodes of the lattice meet opens and expiries but for rounding.
  const now = time * (1 + 1e-12);
  return legs
    .filter(({ opens, expiry }) => opens <= now && expiry > now)
    .map(({ type, strike, expiry, quantity }) => ({
      type,
      strike,
      // A vanilla: its cap is where no price gets.
      cap: type === "call" ? Number.MAX_VALUE : 0,
      expiry: expiry * SECONDS_PER_YEAR,
      quantity,
      sigma,
      forwardRatio: 1,
    }));
}
