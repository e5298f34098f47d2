/** One leg of the book as the chain holds it; prices are USD with 8 decimals. */
export interface BookLeg {
  readonly isPut: boolean;
  /** USD, 8 decimals. */
  readonly strike: bigint;
  /** USD, 8 decimals: the price beyond which the payout stops growing; a put's floor. */
  readonly cap: bigint;
  /** Unix seconds. */
  readonly expiry: bigint;
  /** Options on 1 ETH, 18 decimals; negative is short. */
  readonly quantity: bigint;
}

/** Unpacks `Leg` of contracts/types/Series.sol: bits 0-39 expiry, 40-103 cap, 104-167 strike, 168 put, 176-255 quantity. */
export function unpackLeg(packed: bigint): BookLeg {
  return {
    expiry: BigInt.asUintN(40, packed),
    cap: BigInt.asUintN(64, packed >> 40n),
    strike: BigInt.asUintN(64, packed >> 104n),
    isPut: ((packed >> 168n) & 1n) === 1n,
    quantity: BigInt.asIntN(80, packed >> 176n),
  };
}

/** Packs a leg as the chain does. Throws a RangeError for a field that does not fit. */
export function packLeg(leg: BookLeg): bigint {
  const fits =
    leg.expiry === BigInt.asUintN(40, leg.expiry) &&
    leg.cap === BigInt.asUintN(64, leg.cap) &&
    leg.strike === BigInt.asUintN(64, leg.strike) &&
    leg.quantity === BigInt.asIntN(80, leg.quantity);
  if (!fits) throw new RangeError("A field of the leg does not fit its bits.");
  return (
    leg.expiry |
    (leg.cap << 40n) |
    (leg.strike << 104n) |
    (leg.isPut ? 1n << 168n : 0n) |
    (BigInt.asUintN(80, leg.quantity) << 176n)
  );
}

/** `Leg.series` of contracts/types/Series.sol: the ERC-1155 id of the leg's series. Throws as {@link packLeg} does. */
export function seriesIdOf(leg: BookLeg): bigint {
  return packLeg({ ...leg, quantity: 0n });
}
