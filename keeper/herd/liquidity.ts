import { SECONDS_PER_YEAR } from "../math/units.ts";
import { BLOCK_SECONDS } from "./fundamental.ts";

/** Whether the depth of the market stays as it is, or liquidity providers leave when volatility rises. */
export type LiquidityHabit = "stays" | "leaves";

/** Of the volatility that providers see, seconds. */
const MEMORY_HALF_LIFE = 3_600;
/** They leave within minutes and take half a day to come back. */
const LEAVING_HALF_LIFE = 600;
const RETURN_HALF_LIFE = 6 * 3_600;
/** Volatility, as a multiple of what is usual, up to which nobody leaves. */
const TOLERANCE = 1.25;
/** Part of the depth that never leaves: positions nobody watches. */
const LEAST = 0.1;

/** Part of a distance that is left after one block. */
export function decayOf(halfLife: number): number {
  return 2 ** (-BLOCK_SECONDS / halfLife);
}

/**
 * Depth of the market, as a part of what it is in quiet times.
 *
 * A market maker's risk on an inventory grows with the variance, so what is offered falls as (1.25·usual/realised volatility)²,
 * down to a tenth, where realised volatility is exponentially weighted with a half-life of an hour.
 */
export class Liquidity {
  readonly #leaves: boolean;
  readonly #usual: number;
  readonly #memory = decayOf(MEMORY_HALF_LIFE);
  readonly #leaving = decayOf(LEAVING_HALF_LIFE);
  readonly #returning = decayOf(RETURN_HALF_LIFE);
  #variance: number;
  /** From 0.1 to 1. */
  depth = 1;

  /** @param sigma usual volatility, fraction per root year. */
  constructor(habit: LiquidityHabit, sigma: number) {
    this.#leaves = habit === "leaves";
    this.#usual = (sigma * sigma * BLOCK_SECONDS) / SECONDS_PER_YEAR;
    this.#variance = this.#usual;
  }

  /** @param change of the log price over a block. */
  observe(change: number): void {
    if (!this.#leaves) return;
    this.#variance = this.#memory * this.#variance + (1 - this.#memory) * change * change;
    const wanted = Math.max(LEAST, Math.min(1, (TOLERANCE ** 2 * this.#usual) / this.#variance));
    const kept = wanted < this.depth ? this.#leaving : this.#returning;
    this.depth = wanted + (this.depth - wanted) * kept;
  }
}
