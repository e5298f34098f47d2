import { silentLog } from "../log/logger.ts";
import type { VenueState } from "../chain/snapshot.ts";
import { toWad } from "../math/units.ts";
import { RiskManager } from "../risk/riskManager.ts";
import { transitionOf, type RiskTransition } from "../risk/riskRecord.ts";
import type { RiskSight } from "../risk/riskFacts.ts";
import type { DecisionInput } from "../strategy/types.ts";
import type { RiskSettings } from "../config/riskSettings.ts";

/** The most changes that are listed. */
const MAX_CHANGES = 1000;
const NO_VENUE = "0x0000000000000000000000000000000000000000";
/** USD per ETH squared, where trades have no impact: any depth that never changes. */
const SOME_KAPPA = 1e-9;

/** What goes before a number made of these numbers of changes: where one has reached the most, there may have been more. */
export function atLeast(changes: readonly number[]): string {
  return Math.max(...changes) < MAX_CHANGES ? "" : "at least ";
}

/** What of the world the risk state looks at besides a decision's input. */
export interface RiskView {
  /** USD per ETH: the market's. */
  readonly market: number;
  /** Price over which a short hedge is liquidated, USD per ETH; Infinity where nothing can be. */
  readonly liquidationPrice: number;
  /** Distance to that, as a part of the price, below which the venue wants margin. */
  readonly marginTrigger: number;
}

/** The live keeper's risk manager in a backtest. It looks whenever a strategy is asked; no feed speaks to it. */
export class RiskWatch {
  readonly #manager: RiskManager;
  readonly #changes: RiskTransition[] = [];

  constructor(settings: RiskSettings) {
    this.#manager = new RiskManager(settings, silentLog);
  }

  /** The changes of the level, in order; the first ones where they are many. */
  get changes(): readonly RiskTransition[] {
    return this.#changes;
  }

  /** The input as the level has it. @param input With the limits that were asked for. */
  tightened(input: DecisionInput, view: RiskView): DecisionInput {
    const { risk, ...tightened } = this.#manager.assess(
      { ...input, kappa: input.kappa > 0 ? input.kappa : SOME_KAPPA },
      sightOf(input, view),
    );
    // Live, what cannot be told must not stop a hedge; a backtest must not pass for one.
    if (risk === undefined) throw new Error("The risk state cannot be told.");
    this.#manager.commit(risk, {});
    const change = transitionOf(risk);
    if (change !== null && this.#changes.length < MAX_CHANGES) this.#changes.push(change);
    return { ...tightened, kappa: input.kappa };
  }
}

/** As the lens would tell it. The oracle is always in time here. */
function sightOf(
  { spot, hedgeDelta }: DecisionInput,
  { market, liquidationPrice, marginTrigger }: RiskView,
): RiskSight {
  const sight = { fresh: true, open: true, price: toWad(spot), poolPrice: toWad(market) };
  if (liquidationPrice === Infinity) return { ...sight, venues: [] };
  const venue: VenueState = {
    ...{ venue: NO_VENUE, delta: toWad(hedgeDelta), equity: 0n, marginTrigger: toWad(marginTrigger) },
    liquidationDistance: toWad(Math.max(0, liquidationPrice / spot - 1)),
  };
  return { ...sight, venues: [venue] };
}
