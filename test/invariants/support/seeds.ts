import { Random } from "../../../keeper/math/random.ts";

/** Set by `npm run test:deep`: how many seeds each search runs. */
const RUNS = process.env["KEEL_RUNS"];
/** One seed to run again, as a failure's title names it. */
const SEED = process.env["KEEL_SEED"];

export const IS_DEEP = RUNS !== undefined;

/** The seeds of a search: a few in `npm test`, `KEEL_RUNS` of them in `npm run test:deep`. */
export function seeds(quick: readonly number[]): readonly number[] {
  if (SEED !== undefined) return [Number(SEED)];
  return RUNS === undefined ? quick : Array.from({ length: Number(RUNS) }, (_, index) => index + 1);
}

/** Seeded choices of an actor. */
export class Dice {
  readonly #random: Random;

  constructor(seed: number, stream = "") {
    this.#random = new Random(seed, stream);
  }

  uniform(): number {
    return this.#random.uniform();
  }

  normal(): number {
    return this.#random.normal();
  }

  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.uniform() * from.length)]!;
  }

  /** Up to `most`. */
  amount(most: bigint): bigint {
    return (most * BigInt(Math.floor(this.uniform() * 1e9))) / 10n ** 9n;
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /** One of `[weight, item]`. */
  weighted<T>(from: readonly (readonly [number, T])[]): T {
    let at = this.uniform() * from.reduce((sum, [weight]) => sum + weight, 0);
    return from.find(([weight]) => (at -= weight) < 0)![1];
  }
}
