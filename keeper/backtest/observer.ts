import { SECONDS_PER_YEAR } from "../math/units.ts";
import type { Observations } from "../strategy/types.ts";
import type { PricePath } from "./pricePath.ts";

/** What rules may look at besides the book, worked out only when one does. */
export class Observer implements Observations {
  lastRebalanceSpot: number | undefined;
  healthFactor: number | undefined;
  baseFeeGwei: number | undefined;
  /** Index of the price that is the present. */
  now = 0;
  readonly #path: PricePath;

  constructor(path: PricePath) {
    this.#path = path;
  }

  get twap60(): number {
    return this.#mean(60);
  }

  get twap420(): number {
    return this.#mean(420);
  }

  /** Undefined at the first price, when nothing has moved. */
  get sigma600(): number | undefined {
    const { prices, step } = this.#path;
    const first = this.#first(600);
    if (first === this.now) return undefined;
    let squares = 0;
    for (let index = first + 1; index <= this.now; index++)
      squares += Math.log(prices[index]! / prices[index - 1]!) ** 2;
    return Math.sqrt((squares * SECONDS_PER_YEAR) / ((this.now - first) * step));
  }

  /** Each price holds until the next; the present one has held for no time yet. */
  #mean(seconds: number): number {
    const { prices } = this.#path;
    const first = this.#first(seconds);
    if (first === this.now) return prices[this.now]!;
    let sum = 0;
    for (let index = first; index < this.now; index++) sum += prices[index]!;
    return sum / (this.now - first);
  }

  #first(seconds: number): number {
    return Math.max(0, this.now - Math.ceil(seconds / this.#path.step));
  }
}
