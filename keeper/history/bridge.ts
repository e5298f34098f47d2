import { HOUR_SECONDS, type Candle } from "./candle.ts";
import { Random } from "../math/random.ts";

/** The longest step: what the market promises those who watch it. */
const MAX_STEP_SECONDS = 60;
/** The close is the last second of its hour, as the next hour's open is the first of its own. */
const WALK_SECONDS = HOUR_SECONDS - 1;

export interface PricePoint {
  /** Unix seconds. */
  readonly timestamp: number;
  readonly price: number;
}

/**
 * Walks candles step by step: each from its open through both extremes to its close, all four met exactly, never outside
 * its range. Between them the log price is a Brownian bridge with the candle's own volatility, reflected at the range.
 * The walk of a candle depends on nothing but the candle, the seed and the step.
 * @param stepSeconds no step is longer; 1 to 60.
 * @throws RangeError when `stepSeconds` is not.
 */
export function walkCandles(
  candles: readonly Candle[],
  seed: number,
  stepSeconds = MAX_STEP_SECONDS,
): PricePoint[] {
  if (!(stepSeconds >= 1 && stepSeconds <= MAX_STEP_SECONDS)) {
    throw new RangeError(`a step of ${String(stepSeconds)} s`);
  }
  const steps = Math.ceil(WALK_SECONDS / stepSeconds);
  return candles.flatMap((candle) => walkCandle(candle, steps, seed));
}

function walkCandle(candle: Candle, steps: number, seed: number): PricePoint[] {
  const prices = new Float64Array(steps + 1);
  fillCandle(candle, steps, new Random(seed, `bridge ${String(candle.timestamp)}`), prices, 0);
  return Array.from(prices, (price, step) => ({
    timestamp: candle.timestamp + Math.floor((step * WALK_SECONDS) / steps),
    price,
  }));
}

/**
 * The walk of one candle, of any length, into `prices` from index `at` on: its open, and `steps` prices after it, the last of which is
 * its close. With fewer steps than it takes to meet open, extremes and close, it goes from open to close without the extremes.
 */
export function fillCandle(
  candle: Candle,
  steps: number,
  random: Random,
  prices: Float64Array,
  at: number,
): void {
  const stops = stopsOf(candle, random);
  const met = stops.length - 1 <= steps ? stops : [candle.open, candle.close];
  const legSteps = allotSteps(met, steps, random);
  // Parkinson (1980): the variance over a candle is ln²(high/low) / (4 ln 2).
  const deviationPerStep = Math.log(candle.high / candle.low) / Math.sqrt(4 * Math.LN2 * steps);
  prices[at] = candle.open;
  let next = at + 1;
  for (let leg = 1; leg < met.length; leg++) {
    const count = legSteps[leg - 1]!;
    bridge(met[leg - 1]!, met[leg]!, count, deviationPerStep, candle, random, prices, next);
    next += count;
  }
}

/** Open, the extremes that are not met there or at the close, close. */
function stopsOf({ open, high, low, close }: Candle, random: Random): number[] {
  // A driftless price meets the high first with the probability of leaving the range by it (gambler's ruin).
  const isHighFirst = random.uniform() * (high - low) < open - low;
  const extremes = isHighFirst ? [high, low] : [low, high];
  return [open, ...extremes.filter((extreme) => extreme !== open && extreme !== close), close];
}

/** Steps of each leg, at least one: in proportion to its length in log price, half to double of that at random. */
function allotSteps(stops: readonly number[], steps: number, random: Random): number[] {
  const lengths = stops.slice(1).map((stop, leg) => Math.abs(Math.log(stop / stops[leg]!)));
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const weights = lengths.map((length) => {
    const share = total > 0 ? length / total : 1;
    return (share + 0.05) * 2 ** (2 * random.uniform() - 1);
  });
  const free = (steps - lengths.length) / weights.reduce((sum, weight) => sum + weight, 0);
  const allotted = weights.map((weight) => 1 + Math.floor(weight * free));
  const rest = steps - allotted.reduce((sum, count) => sum + count, 0);
  return [...allotted.slice(0, -1), allotted.at(-1)! + rest];
}

/** The `steps` prices after `from`, the last of them exactly `to`, into `prices` from index `at` on. */
function bridge(
  from: number,
  to: number,
  steps: number,
  deviationPerStep: number,
  { low, high }: Candle,
  random: Random,
  prices: Float64Array,
  at: number,
): void {
  const target = Math.log(to);
  const [logLow, logHigh] = [Math.log(low), Math.log(high)];
  let current = Math.log(from);
  for (let remaining = steps; remaining > 1; remaining--) {
    // The next point of a bridge: a step towards the end, and what is left of the step's variance.
    const mean = current + (target - current) / remaining;
    const deviation = deviationPerStep * Math.sqrt((remaining - 1) / remaining);
    current = reflect(mean + deviation * random.normal(), logLow, logHigh);
    prices[at + steps - remaining] = Math.min(high, Math.max(low, Math.exp(current)));
  }
  prices[at + steps - 1] = to;
}

/** Folds a value back into [low, high] as mirrors at both ends would. */
function reflect(value: number, low: number, high: number): number {
  const width = high - low;
  if (width <= 0) return low;
  const phase = (((value - low) % (2 * width)) + 2 * width) % (2 * width);
  return low + (phase <= width ? phase : 2 * width - phase);
}
