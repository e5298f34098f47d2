import type { DecisionBand } from "../strategy/types.ts";
import type { RunSeries } from "./result.ts";

/** The most points of a series. */
export const MAX_POINTS = 2000;

/** Every so many steps of a run, and its last. */
export class Samples implements RunSeries {
  readonly time: number[] = [];
  readonly spot: number[] = [];
  readonly equity: number[] = [];
  readonly drift: number[] = [];
  readonly low: (number | null)[] = [];
  readonly high: (number | null)[] = [];
  readonly gasGwei: number[] = [];
  readonly #stride: number;
  readonly #last: number;

  /** @param count Of the run's prices. @param points At most so many samples; 0 for none. */
  constructor(count: number, points: number) {
    this.#last = points > 0 ? count - 1 : -1;
    this.#stride = points > 0 ? Math.max(1, Math.ceil((count - 1) / Math.max(1, points - 1))) : Infinity;
  }

  takes(index: number): boolean {
    return index % this.#stride === 0 ? this.#last >= 0 : index === this.#last;
  }

  add(sample: {
    readonly time: number;
    readonly spot: number;
    readonly equity: number;
    readonly drift: number;
    readonly band: DecisionBand | null;
    readonly gasGwei: number;
  }): void {
    const { band } = sample;
    this.time.push(sample.time);
    this.spot.push(sample.spot);
    this.equity.push(sample.equity);
    this.drift.push(sample.drift);
    const middle = band === null ? 0 : band.centre + (band.lean ?? 0);
    this.low.push(band === null ? null : middle - band.b);
    this.high.push(band === null ? null : middle + band.b);
    this.gasGwei.push(sample.gasGwei);
  }

  get series(): RunSeries {
    const { time, spot, equity, drift, low, high, gasGwei } = this;
    return { time, spot, equity, drift, low, high, gasGwei };
  }
}
