import { HOUR_SECONDS, type Candle } from "./candle.ts";
import { Random } from "./random.ts";

const MAX_STEP_SECONDS = 60;
/** The close is the last second of its hour, as the next hour's open is the first of its own. */
const WALK_SECONDS = HOUR_SECONDS - 1;
const STEPS = Math.ceil(WALK_SECONDS / MAX_STEP_SECONDS);

export interface PricePoint {
  /** Unix seconds. */
  readonly timestamp: number;
  readonly price: number;
}

/**
 * Walks candles minute by minute: each from its open through both extremes to its close, all four met exactly, never
 * outside its range and never more than 60 s a step. Between them the log price is a Brownian bridge with the candle's
 * own volatility, reflected at the range. The walk of a candle depends on nothing but the candle and the seed.
 */
export function walkCandles(candles: readonly Candle[], seed: number): PricePoint[] {
  return candles.flatMap((candle) => walkCandle(candle, seed));
}

function walkCandle(candle: Candle, seed: number): PricePoint[] {
  const random = new Random(seed, `bridge ${String(candle.timestamp)}`);
  const stops = stopsOf(candle, random);
  const steps = allotSteps(stops, random);
  // Parkinson (1980): the variance over a candle is ln²(high/low) / (4 ln 2).
  const deviationPerStep = Math.log(candle.high / candle.low) / Math.sqrt(4 * Math.LN2 * STEPS);

  const prices = [candle.open];
  for (let leg = 1; leg < stops.length; leg++) {
    prices.push(...bridge(stops[leg - 1]!, stops[leg]!, steps[leg - 1]!, deviationPerStep, candle, random));
  }
  return prices.map((price, step) => ({
    timestamp: candle.timestamp + Math.round((step * WALK_SECONDS) / STEPS),
    price,
  }));
}

/** Open, the extremes that are not met there or at the close, close. */
function stopsOf({ open, high, low, close }: Candle, random: Random): number[] {
  // A driftless price meets the high first with the probability of leaving the range by it (gambler's ruin).
  const isHighFirst = random.uniform() * (high - low) < open - low;
  const extremes = isHighFirst ? [high, low] : [low, high];
  return [open, ...extremes.filter((extreme) => extreme !== open && extreme !== close), close];
}

/** Steps of each leg, at least one: in proportion to its length in log price, half to double of that at random. */
function allotSteps(stops: readonly number[], random: Random): number[] {
  const legs = stops.length - 1;
  const total = Math.max(
    1e-12,
    stops.slice(1).reduce((sum, stop, leg) => sum + Math.abs(Math.log(stop / stops[leg]!)), 0),
  );
  const weights = stops.slice(1).map((stop, leg) => {
    const share = Math.abs(Math.log(stop / stops[leg]!)) / total;
    return (share + 0.05) * 2 ** (2 * random.uniform() - 1);
  });
  const scale = (STEPS - legs) / weights.reduce((sum, weight) => sum + weight, 0);
  const steps = weights.map((weight) => 1 + Math.floor(weight * scale));
  steps[legs - 1]! += STEPS - steps.reduce((sum, count) => sum + count, 0);
  return steps;
}

/** The `steps` prices after `from`, the last of them exactly `to`. */
function bridge(
  from: number,
  to: number,
  steps: number,
  deviationPerStep: number,
  { low, high }: Candle,
  random: Random,
): number[] {
  const prices: number[] = [];
  const target = Math.log(to);
  let current = Math.log(from);
  for (let remaining = steps; remaining > 1; remaining--) {
    // The next point of a bridge: a step towards the end, and what is left of the step's variance.
    const mean = current + (target - current) / remaining;
    const deviation = deviationPerStep * Math.sqrt((remaining - 1) / remaining);
    current = reflect(mean + deviation * random.normal(), Math.log(low), Math.log(high));
    prices.push(Math.min(high, Math.max(low, Math.exp(current))));
  }
  prices.push(to);
  return prices;
}

/** Folds a value back into [low, high] as mirrors at both ends would. */
function reflect(value: number, low: number, high: number): number {
  const width = high - low;
  if (width <= 0) return low;
  const phase = (((value - low) % (2 * width)) + 2 * width) % (2 * width);
  return low + (phase <= width ? phase : 2 * width - phase);
}
