import { ETHER } from "../history/heston.ts";
import { Random } from "../math/random.ts";
import { SECONDS_PER_YEAR } from "../math/units.ts";

/** One block, which is also one step of the market. */
export const BLOCK_SECONDS = 12;
export const BLOCKS_PER_MINUTE = 60 / BLOCK_SECONDS;
export const BLOCKS_PER_HOUR = 3_600 / BLOCK_SECONDS;
export const BLOCKS_PER_DAY = 24 * BLOCKS_PER_HOUR;

/** "calm": geometric Brownian motion. "rough": volatility that swings and a jump every two weeks, as `ETHER`. */
export type Weather = "calm" | "rough";

export interface FundamentalOptions {
  readonly weather: Weather;
  /** Fraction per root year; of "rough" its long-run mean. */
  readonly sigma: number;
  readonly blocks: number;
  readonly seed: number;
  /** Which of a seed's paths. */
  readonly path: number;
}

/**
 * The logarithm of the price nobody's hedging has moved, at each block, from 0 on and without drift.
 *
 * "rough" is Heston with lognormal jumps (Bates 1996), Euler steps of a block with full truncation.
 */
export function fundamentalPath({ weather, sigma, blocks, seed, path }: FundamentalOptions): Float64Array {
  const random = new Random(seed, `fundamental ${String(path)}`);
  const dt = BLOCK_SECONDS / SECONDS_PER_YEAR;
  const log = new Float64Array(blocks + 1);
  if (weather === "calm") {
    const deviation = sigma * Math.sqrt(dt);
    const drift = (-sigma * sigma * dt) / 2;
    for (let block = 1; block <= blocks; block++)
      log[block] = log[block - 1]! + drift + deviation * random.normal();
    return log;
  }
  const { meanReversion, volOfVol, correlation, jumpRate, jumpMean, jumpDeviation } = ETHER;
  const orthogonal = Math.sqrt(1 - correlation ** 2);
  const compensator = jumpRate * (Math.exp(jumpMean + jumpDeviation ** 2 / 2) - 1);
  const mean = sigma * sigma;
  let variance = mean;
  for (let block = 1; block <= blocks; block++) {
    const shock = random.normal();
    const current = Math.max(variance, 0);
    const deviation = Math.sqrt(current * dt);
    let step = -(current / 2 + compensator) * dt + deviation * shock;
    if (random.uniform() < jumpRate * dt) step += jumpMean + jumpDeviation * random.normal();
    variance +=
      meanReversion * (mean - current) * dt +
      volOfVol * deviation * (correlation * shock + orthogonal * random.normal());
    log[block] = log[block - 1]! + step;
  }
  return log;
}

/** A move of the fundamental on top of what it does anyway. */
export interface Shock {
  /** Block at which it begins. */
  readonly at: number;
  /** Blocks over which it is spread evenly. */
  readonly blocks: number;
  /** Fraction of the price; −0.1 is a fall of 10 %. */
  readonly size: number;
}

/** The path with the shock in it; the given one is left as it is. */
export function withShock(path: Float64Array, { at, blocks, size }: Shock): Float64Array {
  const move = Math.log1p(size);
  return path.map((log, block) => log + move * Math.min(1, Math.max(0, (block - at) / blocks)));
}
