import { edgeOf } from "./bandEdge.ts";
import { isOverdue } from "./elapsed.ts";
import type { Decision, DecisionBand, DecisionInput, Strategy } from "./types.ts";

/**
 * A strategy with a band of its own whose trades are so many times as large: the edges move from `landing + w` to
 * `landing + factor·w`, the landings stay.
 *
 * Where its band would act and drift is inside the moved edge it holds, unless a limit of the input is reached: then the strategy's own
 * trade stands. Where drift is past an edge that has come nearer it trades to the strategy's landing ("jitter"), with the gain and the
 * cost of doing so now. Such a trade never leads away from zero, and is held where the chain would refuse it.
 */
export function scaledTrades(strategy: Strategy, factor: number): Strategy {
  return {
    name: strategy.name,
    params: strategy.params,
    decide(input) {
      const decision = strategy.decide(input);
      if (decision.band === null) return decision;
      const band = scaled(decision.band, factor);
      const moved = { ...decision, band };
      const isPast = isPastEdge(decision.drift, band);
      if (decision.reason === "gain-over-gas")
        return isPast || isLimited(input, decision) ? moved : { ...moved, ...HELD };
      return decision.reason === "inside-band" && decision.action === "hold" && isPast
        ? early(input, moved, band)
        : moved;
    },
  };
}

const HELD = { action: "hold", reason: "inside-band", trade: 0 } as const;

/** Both edges as far from their landings as the factor has it. */
function scaled({ b, t, lean = 0, ...rest }: DecisionBand, factor: number): DecisionBand {
  return { ...rest, b: t + (b - t) * factor, t, lean: lean * factor };
}

function isPastEdge(drift: number, band: DecisionBand): boolean {
  const side = sideOf(drift, band);
  return side !== 0 && side * (drift - edgeOf(band, side)) >= 0;
}

function sideOf(drift: number, { centre }: DecisionBand): 1 | -1 | 0 {
  if (drift === centre) return 0;
  return drift > centre ? 1 : -1;
}

/** Whether a limit asks for a trade too: the strategy has the better landing for it. */
function isLimited(input: DecisionInput, { drift }: Decision): boolean {
  return Math.abs(drift) >= input.limits.delta || isOverdue(input);
}

/** The trade at an edge that has come nearer. */
function early({ limits }: DecisionInput, held: Decision, band: DecisionBand): Decision {
  const { drift } = held;
  const landing = band.centre + sideOf(drift, band) * band.t;
  if (Math.abs(landing) >= Math.abs(drift)) return held;
  if (Math.abs(drift) < limits.minDrift) return { ...held, reason: "below-trigger" };
  return { ...held, action: "rebalance", reason: "jitter", trade: landing - drift };
}
