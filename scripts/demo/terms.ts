/** One series of the demo; prices in whole USD. */
export interface SeriesTerms {
  readonly type: "call" | "put";
  readonly strike: number;
  /** A put's floor. */
  readonly cap: number;
  /** Unix seconds. */
  readonly expiry: number;
}

/** Of the spot: how far the strikes, and the end of each payout, are from it. */
const NEAR_STRIKE = 0.01;
const FAR_STRIKE = 0.03;
const WING_STRIKE = 0.1;
const PAYOUT_END = 0.4;

/**
 * What a seller of short strangles would write: a call and a put for each expiry, the near ones closer to the money, and
 * wings for the far one, which keep gamma in the book when the price runs away from the other strikes.
 */
export function listSeries({
  spot,
  expiries,
}: {
  readonly spot: number;
  readonly expiries: readonly [number, number];
}): SeriesTerms[] {
  const step = strikeStep(spot);
  // As many decimals as the contracts keep: a step of 0.1 is none in binary.
  const listed = (share: number) => Number((Math.round((spot * share) / step) * step).toFixed(8));
  const [near, far] = expiries;
  return [
    { expiry: near, distance: NEAR_STRIKE },
    { expiry: far, distance: FAR_STRIKE },
    { expiry: far, distance: WING_STRIKE },
  ].flatMap(({ expiry, distance }) => [
    { type: "call", strike: listed(1 + distance), cap: listed(1 + PAYOUT_END), expiry },
    { type: "put", strike: listed(1 - distance), cap: listed(1 - PAYOUT_END), expiry },
  ]);
}

/** Strikes listed are multiples of the largest 1, 2.5 or 5 times a power of ten within 1 % of the spot, USD. */
function strikeStep(spot: number): number {
  const most = spot / 100;
  const decade = 10 ** Math.floor(Math.log10(most));
  return decade * ([5, 2.5].find((multiple) => multiple * decade <= most) ?? 1);
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
