const MINUTE = 60;
/** Seconds by which a stretch of minutes may be longer than its minutes: single ones are missing in recordings. */
const SLACK = 300;
/** Variance a minute, below which the price is taken for frozen. */
const LEAST = 1e-10;

/** Depth and price of a pool minute by minute, with sums for means over any stretch of them. */
export interface PoolHistory {
  /** Unix seconds, one for each minute that was recorded. */
  readonly times: Float64Array;
  /** ln of the in-range liquidity. */
  readonly depth: Float64Array;
  /** Log price, USDC per ETH. */
  readonly price: Float64Array;
  /** ETH that came in less what went out in the minute. */
  readonly netEth: Float64Array;
  /** Sums of depth and of squared log returns before each minute. */
  readonly depthSums: Float64Array;
  readonly squareSums: Float64Array;
}

export function poolHistory(
  samples: readonly {
    readonly timestamp: number;
    readonly tick: number;
    readonly netEth: number;
    readonly liquidity: number;
  }[],
): PoolHistory {
  const count = samples.length;
  const history = {
    times: Float64Array.from(samples, ({ timestamp }) => timestamp),
    depth: Float64Array.from(samples, ({ liquidity }) => Math.log(liquidity)),
    price: Float64Array.from(samples, ({ tick }) => Math.log(1e12) - tick * Math.log(1.0001)),
    netEth: Float64Array.from(samples, ({ netEth }) => netEth),
    depthSums: new Float64Array(count + 1),
    squareSums: new Float64Array(count + 1),
  };
  const { times, depth, price, depthSums, squareSums } = history;
  for (let i = 0; i < count; i++) {
    // A return over a pause in the recording is none of a minute.
    const isNext = i > 0 && times[i]! - times[i - 1]! <= SLACK;
    depthSums[i + 1] = depthSums[i]! + depth[i]!;
    squareSums[i + 1] = squareSums[i]! + (isNext ? (price[i]! - price[i - 1]!) ** 2 : 0);
  }
  return history;
}

/** Whether the `minutes` after minute `from` were recorded without a pause. */
export function isUnbroken({ times }: PoolHistory, from: number, minutes: number): boolean {
  const end = times[from + minutes];
  return from >= 0 && end !== undefined && end - times[from]! <= minutes * MINUTE + SLACK;
}

/** Mean ln(liquidity) of the `minutes` up to and including `minute`. */
export function meanDepth({ depthSums }: PoolHistory, minute: number, minutes: number): number {
  return (depthSums[minute + 1]! - depthSums[minute + 1 - minutes]!) / minutes;
}

/** ½·ln of the variance a minute over the `minutes` up to and including `minute`. */
export function logVolatility({ squareSums }: PoolHistory, minute: number, minutes: number): number {
  const variance = (squareSums[minute + 1]! - squareSums[minute + 1 - minutes]!) / minutes;
  return Math.log(Math.max(LEAST, variance)) / 2;
}

/** How well the impact that liquidity implies explains the moves that were recorded. */
export interface ImpactCheck {
  readonly minutes: number;
  /** Of the recorded on the implied move of the log price: 1 when depth is all there is. */
  readonly slope: number;
  readonly r2: number;
}

/**
 * Compares each minute's move of the log price with −2·w·√S/L of the ETH that came in, w, at the minute's own depth.
 * @returns undefined when nobody traded or the price never moved.
 */
export function impactCheck({ times, depth, price, netEth }: PoolHistory): ImpactCheck | undefined {
  let [xx, xy, yy, minutes] = [0, 0, 0, 0];
  for (let i = 1; i < times.length; i++) {
    if (times[i]! - times[i - 1]! > SLACK) continue;
    const liquidity = Math.exp((depth[i]! + depth[i - 1]!) / 2) / 1e12;
    const implied = (-2 * netEth[i]! * Math.exp(price[i - 1]! / 2)) / liquidity;
    const move = price[i]! - price[i - 1]!;
    xx += implied * implied;
    xy += implied * move;
    yy += move * move;
    minutes++;
  }
  return xx > 0 && yy > 0 ? { minutes, slope: xy / xx, r2: (xy * xy) / (xx * yy) } : undefined;
}
