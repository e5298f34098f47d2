import type { Series } from "./scenario.ts";

/** Reads a series forwards through time without searching it. */
export class SeriesCursor {
  readonly #series: Series;
  #index = 0;

  constructor(series: Series) {
    this.#series = series;
  }

  /** Unix seconds at which a step series next changes, as of the last {@link at}; Infinity when it does no more. */
  get nextChange(): number {
    return this.#series.times[this.#index + 1] ?? Infinity;
  }

  /** @param timestamp Unix seconds, not before that of an earlier call. */
  at(timestamp: number): number {
    const { times, values, between } = this.#series;
    while (this.#index + 1 < times.length && times[this.#index + 1]! <= timestamp) this.#index++;
    const value = values[this.#index]!;
    const from = times[this.#index]!;
    if (between === "step" || timestamp <= from || this.#index + 1 === times.length) return value;
    const share = (timestamp - from) / (times[this.#index + 1]! - from);
    return value * (values[this.#index + 1]! / value) ** share;
  }
}

/** A quantity that never changes. */
export function constantSeries(value: number): Series {
  return { times: [0], values: [value], between: "step" };
}
