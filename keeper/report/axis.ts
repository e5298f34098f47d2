/** An axis of a picture: where a value is, from 0 to 1, and where it has ticks. */
export interface Axis {
  readonly isLog: boolean;
  readonly ticks: readonly number[];
  place(value: number): number;
}

/** Logarithmic from here on. */
const LOG_FROM = 20;

/** An axis that has all of the values, with room around them; logarithmic where they are far apart. */
export function axisFor(values: readonly number[]): Axis {
  const low = Math.min(...values);
  const high = Math.max(...values);
  if (low > 0 && high / low > LOG_FROM) {
    const from = Math.log(low / 1.3);
    const to = Math.log(high * 1.3);
    return {
      isLog: true,
      ticks: logTicks(Math.exp(from), Math.exp(to)),
      place: (value) => (Math.log(value) - from) / (to - from),
    };
  }
  const room = high > low ? 0.08 * (high - low) : Math.max(1, 0.1 * Math.abs(high));
  const from = low >= 0 ? Math.max(0, low - room) : low - room;
  const to = high + room;
  return {
    isLog: false,
    ticks: linearTicks(from, to),
    place: (value) => (value - from) / (to - from),
  };
}

function linearTicks(from: number, to: number): number[] {
  const raw = (to - from) / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5, 10].find((each) => each * power >= raw) ?? 10);
  const first = Math.ceil(from / step);
  return Array.from({ length: Math.floor(to / step) - first + 1 }, (_, index) => (first + index) * step);
}

function logTicks(from: number, to: number): number[] {
  const decades = Math.log10(to / from);
  const steps = decades > 3 ? [1] : decades > 1.5 ? [1, 3] : [1, 2, 5];
  const first = Math.floor(Math.log10(from));
  const count = Math.ceil(Math.log10(to)) - first + 1;
  return Array.from({ length: count }, (_, index) => 10 ** (first + index))
    .flatMap((power) => steps.map((step) => step * power))
    .filter((tick) => tick >= from && tick <= to);
}
