/** What a keeper holds after so many blocks. */
export interface Sample {
  readonly block: number;
  /** Bytes. */
  readonly rss: number;
  /** Bytes, after a collection. */
  readonly heapUsed: number;
  /** Bytes that are not on the heap, buffers and WebAssembly. */
  readonly external: number;
  /** Timers, sockets and whatever else keeps the process alive. */
  readonly handles: number;
  /** Open file descriptors. */
  readonly descriptors: number;
}

export type Quantity = Exclude<keyof Sample, "block">;
export const QUANTITIES: readonly Quantity[] = ["rss", "heapUsed", "external", "handles", "descriptors"];

export interface Trend {
  readonly quantity: Quantity;
  /** Growth in 1,000 blocks, by a straight line through the second half of the samples. */
  readonly slope: number;
  /** Standard deviation of the slope. */
  readonly error: number;
  /** What it may grow in 1,000 blocks. */
  readonly limit: number;
  readonly isFlat: boolean;
}

/** A straight line by least squares. Throws a RangeError for fewer than three points. */
export function fitLine(points: readonly (readonly [x: number, y: number])[]): {
  slope: number;
  error: number;
} {
  if (points.length < 3) throw new RangeError("A line needs three points at least.");
  const mean = (of: 0 | 1) => points.reduce((sum, point) => sum + point[of], 0) / points.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const slope = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread;
  const residual = points.reduce((sum, [x, y]) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0);
  return { slope, error: Math.sqrt(residual / (points.length - 2) / spread) };
}

/**
 * How each quantity grew in the second half, when everything has been used once. One is flat when its slope is not above its limit by
 * more than two standard deviations: what a single collection more or less makes of it is no growth.
 */
export function trends(samples: readonly Sample[], limits: Readonly<Record<Quantity, number>>): Trend[] {
  const half = samples.slice(Math.floor(samples.length / 2));
  return QUANTITIES.map((quantity) => {
    const { slope, error } = fitLine(half.map((sample) => [sample.block / 1000, sample[quantity]] as const));
    const limit = limits[quantity];
    return { quantity, slope, error, limit, isFlat: slope - 2 * error <= limit };
  });
}
