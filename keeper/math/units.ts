/** In the year of every annualised quantity here and on the chain: 365 days. */
export const SECONDS_PER_YEAR = 365 * 86_400;

/** Decimals of ether, prices, deltas and fractions on the chain. */
const WAD = 1e18;
/** Decimals of USDC. */
const USDC = 1e6;
/** Decimals of a volatility pillar. */
const NANO = 1e9;

/** An 18-decimal integer as a float64, to within one unit in the last place. */
export function fromWad(value: bigint): number {
  return Number(value) / WAD;
}

/** A float64 as an 18-decimal integer, rounded towards zero. Throws a RangeError unless `value` is finite. */
export function toWad(value: number): bigint {
  return BigInt(Math.trunc(value * WAD));
}

/** A 6-decimal USDC amount as a float64. */
export function fromUsdc(value: bigint): number {
  return Number(value) / USDC;
}

/** A 9-decimal fraction of a volatility pillar as a float64. */
export function fromNano(value: number): number {
  return value / NANO;
}

/** Gwei as wei, rounded to a whole wei. */
export function gweiToWei(gwei: number): bigint {
  return BigInt(Math.round(gwei * NANO));
}
