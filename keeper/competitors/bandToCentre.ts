import { fixedBand, type FixedBandOptions } from "../strategy/fixedBand.ts";
import type { Strategy } from "../strategy/types.ts";

/**
 * To zero from a share of the book's size on. As `fixedBand`, but as a competitor under no limits.
 *
 * @throws {PolicyInputError} if the fraction is not above 0.
 */
export function bandToCentre(options: FixedBandOptions): Strategy {
  return { ...fixedBand(options), name: "band-to-centre" };
}
