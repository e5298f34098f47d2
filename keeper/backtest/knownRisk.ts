import type { BookRisk } from "../strategy/bookRisk.ts";
import type { BookValuer } from "./bookValuer.ts";

/**
 * A book's risk at one moment, as `bookRisk` has it, worked out by a {@link BookValuer} when a strategy reads it. One object serves all
 * decisions of a run: what it says is true until {@link look} is called again.
 */
export class KnownRisk implements BookRisk {
  #valuer: BookValuer;
  #spot = 0;
  #timestamp = 0;
  #delta = 0;
  #hasDelta = false;
  #hasCurvature = false;
  /** Gamma, vega, horizon. */
  readonly #curvature = new Float64Array(3);

  constructor(valuer: BookValuer) {
    this.#valuer = valuer;
  }

  /** Turns to a book at a moment. @param spot USD per ETH. @param timestamp Unix seconds. */
  look(valuer: BookValuer, spot: number, timestamp: number): void {
    this.#valuer = valuer;
    this.#spot = spot;
    this.#timestamp = timestamp;
    this.#hasDelta = false;
    this.#hasCurvature = false;
  }

  get delta(): number {
    if (!this.#hasDelta) this.#delta = this.#valuer.deltaAt(this.#spot, this.#timestamp);
    this.#hasDelta = true;
    return this.#delta;
  }

  get gamma(): number {
    return this.#measured()[0]!;
  }

  get vega(): number {
    return this.#measured()[1]!;
  }

  get horizon(): number {
    return this.#measured()[2]!;
  }

  /** Delta of the same book elsewhere, as `bookDelta`. */
  deltaAt(spot: number, timestamp: number, varianceScale = 1): number {
    return this.#valuer.deltaAt(spot, timestamp, varianceScale);
  }

  #measured(): Float64Array {
    if (!this.#hasCurvature) this.#valuer.curvature(this.#spot, this.#timestamp, this.#curvature);
    this.#hasCurvature = true;
    return this.#curvature;
  }
}
