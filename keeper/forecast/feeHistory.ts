const HOUR_SECONDS = 3600;
const DAY_SECONDS = 86_400;
/** Readings whose median says what is a price. */
const NEIGHBOURS = 24;
/** A reading this many times under the median of those before it is a fault of the source, not a price. */
const FAULT = 20;

/** The logarithm of a gas price (gwei) on an even grid. */
export interface FeeHistory {
  /** Seconds between moments: an hour or a day. */
  readonly step: number;
  /** Unix seconds of the first moment. */
  readonly start: number;
  /** ln(gwei) by moment; NaN where nothing was recorded within half a step. */
  readonly logs: Float64Array;
  /** Readings left out as faults. */
  readonly faults: number;
}

/**
 * Puts readings on a grid of hours, or of days when they are further apart. Readings that are not above 0, or 20 times under
 * the median of the 24 before them, are left out.
 * @param readings in order of time, unix seconds and gwei.
 */
export function feeHistory(
  readings: readonly { readonly timestamp: number; readonly gwei: number }[],
): FeeHistory {
  const sound: { readonly timestamp: number; readonly log: number }[] = [];
  for (const { timestamp, gwei } of readings) {
    const recent = sound.slice(-NEIGHBOURS).map(({ log }) => log);
    const median = recent.toSorted((a, b) => a - b)[recent.length >> 1] ?? -Infinity;
    if (gwei > 0 && Math.log(gwei) >= median - Math.log(FAULT))
      sound.push({ timestamp, log: Math.log(gwei) });
  }
  const [first, last] = [sound[0], sound.at(-1)];
  if (first === undefined || last === undefined || sound.length < 2)
    throw new RangeError("too few gas prices");
  const spacing = (last.timestamp - first.timestamp) / (sound.length - 1);
  const step = spacing > DAY_SECONDS / 2 ? DAY_SECONDS : HOUR_SECONDS;
  // Days are at their noon: rounding to a whole day would be a matter of chance.
  const start = step === DAY_SECONDS ? first.timestamp : Math.round(first.timestamp / step) * step;
  const logs = new Float64Array(Math.round((last.timestamp - start) / step) + 1).fill(NaN);
  for (const { timestamp, log } of sound) logs[Math.round((timestamp - start) / step)] = log;
  return { step, start, logs, faults: readings.length - sound.length };
}

/** Mean of what was recorded in the `steps` moments up to and including `moment`; undefined when it is under half of them. */
export function recentMean({ logs }: FeeHistory, moment: number, steps: number): number | undefined {
  let [sum, count] = [0, 0];
  for (let i = Math.max(0, moment + 1 - steps); i <= moment; i++) {
    const log = logs[i]!;
    if (Number.isNaN(log)) continue;
    sum += log;
    count++;
  }
  return count * 2 >= steps ? sum / count : undefined;
}
