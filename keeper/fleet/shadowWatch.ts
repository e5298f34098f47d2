import { hedgeOf } from "../chain/snapshot.ts";
import { fromWad } from "../math/units.ts";
import type { Cycle } from "../vaultKeeper.ts";

/** What two keepers of one vault did with the same stretch of time. */
export interface Comparison {
  /** ETH the other keeper has added to the hedge. */
  readonly theirs: number;
  /** ETH the shadow wanted to add when it last decided; 0 where it held. */
  readonly ours: number;
  /** Seconds the shadow had wanted to trade for; 0 where it held. */
  readonly waited: number;
}

/** Sees what the keeper of a vault does, and sets beside it what a shadow decided. */
export class ShadowWatch {
  #last: Cycle | null = null;
  /** Unix seconds of the first decision to trade since the last trade or hold. */
  #wantedSince: number | null = null;

  /** Takes in a cycle. @returns What differs, where the other keeper has traded since the one before. */
  observe(cycle: Cycle): Comparison | null {
    const last = this.#last;
    const traded = last !== null && cycle.snapshot.rebalanceNonce > last.snapshot.rebalanceNonce;
    const comparison = traded ? this.#compare(last, cycle) : null;
    if (traded || cycle.decision?.action === "hold") this.#wantedSince = null;
    if (cycle.decision?.action === "rebalance") this.#wantedSince ??= Number(cycle.snapshot.timestamp);
    this.#last = cycle;
    return comparison;
  }

  #compare({ snapshot: before, decision }: Cycle, { snapshot: after }: Cycle): Comparison {
    return {
      theirs: fromWad(hedgeOf(after) - hedgeOf(before)),
      ours: decision?.trade ?? 0,
      waited: this.#wantedSince === null ? 0 : Number(after.timestamp) - this.#wantedSince,
    };
  }
}
