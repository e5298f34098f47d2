import { strategyNamed } from "../competitors/catalogue.ts";
import { PolicyInputError } from "../math/policyInputError.ts";
import type { Strategy } from "../strategy/types.ts";
import {
  DAY_MOVE_EACH,
  inputAt,
  L2_GAS_USD,
  MAINNET_GAS_USD,
  OPTIONS,
  riskAversionAt,
  type Costs,
} from "./book.ts";
import { BLOCK_SECONDS } from "./fundamental.ts";

/** Sizes of drift, as multiples of an edge, at which a landing was asked for. */
const OVERSHOOTS = [1, 1.02, 1.05, 1.1, 1.15, 1.2, 1.25, 1.3, 1.4, 1.5, 1.75, 2, 3, 5, 10] as const;

/** One side of a band, ETH of drift on that side. */
export interface BandSide {
  readonly edge: number;
  /** Where to land from each of `OVERSHOOTS` times the edge. */
  readonly landings: readonly number[];
}

export interface Band {
  readonly above: BandSide;
  readonly below: BandSide;
}

/** A rule as the herd follows it: what the strategy said for every drift, asked once, instead of at every block. */
export type HerdRule =
  | { readonly kind: "band"; readonly bandAt: (depth: number) => Band }
  | { readonly kind: "clock"; readonly blocks: number };

/** "optimal-l2" is "optimal" where gas costs next to nothing. */
export type RuleName = "threshold" | "optimal" | "optimal-l2" | "clock";

/**
 * The three rules at equal risk (E[d²] is a sixth of the square of one day's delta move): `fixed-band` to zero at one day's move,
 * `time` every 8 hours, and `optimal-impulse`.
 *
 * @param perEth log price per ETH at full depth.
 */
export function ruleNamed(name: RuleName, perEth: number): HerdRule {
  // A reset every tau carries a²·tau/2, a band to zero day²/6 with day² = a²/365.
  if (name === "clock") return clockOf(strategyNamed("time", { seconds: 86_400 / 3 }, { riskAversion: 1 }));
  const costs = { perEth, gasUsd: name === "optimal-l2" ? L2_GAS_USD : MAINNET_GAS_USD };
  const strategy =
    name === "threshold"
      ? strategyNamed("fixed-band", { fraction: DAY_MOVE_EACH / OPTIONS }, { riskAversion: 1 })
      : strategyNamed("optimal-impulse", {}, { riskAversion: riskAversionAt(costs) });
  const known = new Map<number, Band>();
  const bandAt = (depth: number): Band => {
    // In steps of 5 %: each takes some hundred decisions to ask.
    const step = Math.round(Math.log(depth) / Math.log(1.05));
    const band = known.get(step) ?? probe(strategy, costs, 1.05 ** step);
    known.set(step, band);
    return band;
  };
  return { kind: "band", bandAt };
}

function clockOf({ params }: Strategy): HerdRule {
  return { kind: "clock", blocks: Math.round(params.seconds! / BLOCK_SECONDS) };
}

/** Asks a strategy from which drift on it acts, on either side, and where it lands. */
function probe(strategy: Strategy, costs: Costs, depth: number): Band {
  const decide = (drift: number) => strategy.decide(inputAt(drift, costs, depth));
  const side = (sign: 1 | -1): BandSide => {
    let [holds, acts] = [0, 100 * DAY_MOVE_EACH];
    if (decide(sign * acts).action === "hold")
      throw new PolicyInputError("strategy", `${strategy.name} does not act on drift`);
    while (acts - holds > 1e-9 * acts) {
      const middle = (holds + acts) / 2;
      if (decide(sign * middle).action === "hold") holds = middle;
      else acts = middle;
    }
    const landings = OVERSHOOTS.map((times) => {
      const { drift, trade } = decide(sign * acts * times);
      return sign * (drift + trade);
    });
    return { edge: acts, landings };
  };
  return { above: side(1), below: side(-1) };
}

/** Where to land from a drift at or past the edge, between the landings that were asked for; past the last, as from there. */
export function landingFrom({ edge, landings }: BandSide, drift: number): number {
  const times = drift / edge;
  for (let i = 1; i < OVERSHOOTS.length; i++) {
    const [from, to] = [OVERSHOOTS[i - 1]!, OVERSHOOTS[i]!];
    if (times < to)
      return landings[i - 1]! + (landings[i]! - landings[i - 1]!) * Math.max(0, (times - from) / (to - from));
  }
  return landings.at(-1)!;
}
