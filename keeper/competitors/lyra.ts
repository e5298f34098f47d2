import { positive } from "../math/policyInputError.ts";
import { bookDelta } from "../strategy/bookRisk.ts";
import { hasElapsed } from "../strategy/elapsed.ts";
import { ruleDecision } from "../strategy/ruleDecision.ts";
import type { Decision, DecisionInput, Strategy } from "../strategy/types.ts";

export interface LyraAvalonOptions {
  /** Since the last hedge. */
  readonly seconds: number;
  /** Largest hedge, ETH. */
  readonly cap: number;
}

/**
 * All of the book's delta once a day, as far as the cap on the hedge lets it. (Lyra Avalon, ShortPoolHedger:
 * clamp(net delta − locked base, ±cap), interactionDelay 86,400 s.) Keel locks no base; the cap is whoever runs the pool's to set.
 *
 * @throws {PolicyInputError} if a parameter is not above 0.
 */
export function lyraAvalon(options: LyraAvalonOptions): Strategy {
  const seconds = positive("seconds", options.seconds);
  const cap = positive("cap", options.cap);
  return {
    name: "lyra-avalon",
    params: { seconds, cap },
    decide: (input) => clampedHedge(input, cap, () => hasElapsed(input, seconds)),
  };
}

export interface LyraNewportOptions extends LyraAvalonOptions {
  /** ETH between the hedge and its target from which on nobody waits. */
  readonly bypass: number;
}

/**
 * As {@link lyraAvalon}, and at once where hedge and target are far apart. (Lyra Newport, GMXFuturesPoolHedger:
 * deltaThreshold 100 ETH.)
 *
 * @throws {PolicyInputError} if a parameter is not above 0.
 */
export function lyraNewport(options: LyraNewportOptions): Strategy {
  const seconds = positive("seconds", options.seconds);
  const cap = positive("cap", options.cap);
  const bypass = positive("bypass", options.bypass);
  return {
    name: "lyra-newport",
    params: { seconds, cap, bypass },
    decide: (input) =>
      clampedHedge(input, cap, (trade) => hasElapsed(input, seconds) || Math.abs(trade) >= bypass),
  };
}

function clampedHedge(input: DecisionInput, cap: number, firesFor: (trade: number) => boolean): Decision {
  const delta = bookDelta(input.legs, input.spot, input.timestamp);
  const hedge = Math.max(-cap, Math.min(cap, -delta));
  return ruleDecision(input, {
    drift: delta + input.hedgeDelta,
    fires: firesFor(hedge - input.hedgeDelta),
    target: delta + hedge,
  });
}
