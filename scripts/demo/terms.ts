/** One series of the demo; prices in whole USD. */
export interface SeriesTerms {
  readonly type: "call" | "put";
  readonly strike: number;
  /** A put's floor. */
  readonly cap: number;
  /** Unix seconds. */
  readonly expiry: number;
}

/** Strikes listed are multiples of this, in USD. */
const STRIKE_STEP = 25;

/** A call and a put for each expiry, the near one closer to the money: what a short strangle seller would write. */
export function listSeries({
  spot,
  expiries,
}: {
  readonly spot: number;
  readonly expiries: readonly [number, number];
}): SeriesTerms[] {
  const listed = (usd: number) => Math.round(usd / STRIKE_STEP) * STRIKE_STEP;
  const [near, far] = expiries;
  return [
    { type: "call", strike: listed(spot * 1.01), cap: listed(spot * 1.5), expiry: near },
    { type: "put", strike: listed(spot * 0.99), cap: listed(spot * 0.6), expiry: near },
    { type: "call", strike: listed(spot * 1.03), cap: listed(spot * 1.5), expiry: far },
    { type: "put", strike: listed(spot * 0.97), cap: listed(spot * 0.6), expiry: far },
  ];
}

/** The ERC-1155 id of a series: the packing of contracts/types/Series.sol. */
export function seriesId({ type, strike, cap, expiry }: SeriesTerms): bigint {
  const price = (usd: number) => BigInt(Math.round(usd * 1e8));
  return BigInt(expiry) | (price(cap) << 40n) | (price(strike) << 104n) | (type === "put" ? 1n << 168n : 0n);
}

/** What one option pays at a settlement price, both USD with 8 decimals. */
export function payout({ type, strike, cap }: SeriesTerms, price: bigint): bigint {
  const [k, c] = [BigInt(Math.round(strike * 1e8)), BigInt(Math.round(cap * 1e8))];
  const [intrinsic, most] = type === "call" ? [price - k, c - k] : [k - price, k - c];
  return intrinsic < 0n ? 0n : intrinsic < most ? intrinsic : most;
}

/** "call 3050/4500". */
export function describeSeries({ type, strike, cap }: SeriesTerms): string {
  return `${type} ${String(strike)}/${String(cap)}`;
}
