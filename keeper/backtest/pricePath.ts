import { fillCandle } from "../history/bridge.ts";
import type { Candle } from "../history/candle.ts";
import { ETHER } from "../history/heston.ts";
import { Random } from "../math/random.ts";
import { SECONDS_PER_YEAR } from "../math/units.ts";
import type { CandleColumns, ModelPrices } from "./scenario.ts";

/** Prices at even times. */
export interface PricePath {
  /** Unix seconds of the first. */
  readonly start: number;
  /** Seconds. */
  readonly step: number;
  /** USD per ETH. */
  readonly prices: Float64Array;
}

/** The longest step of a simulated variance, seconds. */
const EULER_SECONDS = 60;
/** A year, of the jumps of `jumps`: its volatility must be above the root of this. */
export const JUMP_VARIANCE = ETHER.jumpRate * (ETHER.jumpMean ** 2 + ETHER.jumpDeviation ** 2);

/** Path number `path` of a scenario's prices; the same for the same numbers, whatever else was drawn before. */
export function pricePath(
  prices: CandleColumns | ModelPrices,
  step: number,
  seed: number,
  path: number,
): PricePath {
  return prices.kind === "candles"
    ? candlePath(prices, step, seed, path)
    : modelPath(prices, step, seed, path);
}

/**
 * Candles filled in by Brownian bridges: each open falls on its time, and a candle's extremes are met within it. The close is where its
 * walk ends, at the time of the next open, which takes its place; only the last candle's own close is a price of the path.
 */
function candlePath(columns: CandleColumns, step: number, seed: number, path: number): PricePath {
  const { start, seconds, open, high, low, close } = columns;
  const steps = seconds / step;
  const prices = new Float64Array(open.length * steps + 1);
  for (let index = 0; index < open.length; index++) {
    const candle: Candle = {
      timestamp: start + index * seconds,
      open: open[index]!,
      high: high[index]!,
      low: low[index]!,
      close: close[index]!,
    };
    const stream = path === 0 ? "bridge" : `bridge ${String(path)}`;
    fillCandle(
      candle,
      steps,
      new Random(seed, `${stream} ${String(candle.timestamp)}`),
      prices,
      index * steps,
    );
  }
  return { start, step, prices };
}

/**
 * `gbm`: geometric Brownian motion. `heston`: its variance is stochastic, as `hestonCandles` has it. `jumps`: constant variance and
 * lognormal jumps (Merton 1976), both together of the volatility that is asked for. Driftless; but for the volatility the parameters
 * are those of `ETHER`.
 */
function modelPath(model: ModelPrices, step: number, seed: number, path: number): PricePath {
  const { start, seconds, spot, volatility } = model;
  const { meanReversion, volOfVol, correlation, jumpRate, jumpMean, jumpDeviation } = ETHER;
  const random = new Random(seed, `${model.model} ${String(path)}`);
  const count = Math.floor(seconds / step) + 1;
  const substeps = model.model === "heston" ? Math.ceil(step / EULER_SECONDS) : 1;
  const dt = step / substeps / SECONDS_PER_YEAR;
  const hasJumps = model.model === "jumps";
  const meanVariance = volatility ** 2 - (hasJumps ? JUMP_VARIANCE : 0);
  const compensator = hasJumps ? jumpRate * (Math.exp(jumpMean + jumpDeviation ** 2 / 2) - 1) : 0;
  const independent = Math.sqrt(1 - correlation ** 2);
  const prices = new Float64Array(count);
  let logReturn = 0;
  let variance = meanVariance;
  prices[0] = spot;
  for (let index = 1; index < count; index++) {
    for (let substep = 0; substep < substeps; substep++) {
      const current = Math.max(variance, 0);
      const shock = random.normal();
      logReturn += Math.sqrt(current * dt) * shock - (current / 2 + compensator) * dt;
      if (model.model === "heston") {
        const varianceShock = correlation * shock + independent * random.normal();
        variance +=
          meanReversion * (meanVariance - current) * dt + volOfVol * Math.sqrt(current * dt) * varianceShock;
      }
      if (hasJumps && random.uniform() < jumpRate * dt)
        logReturn += jumpMean + jumpDeviation * random.normal();
    }
    prices[index] = spot * Math.exp(logReturn);
  }
  return { start, step, prices };
}
