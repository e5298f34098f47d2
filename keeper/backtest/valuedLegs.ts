import type { OptionLeg } from "../strategy/types.ts";
import { BookValuer } from "./bookValuer.ts";

/**
 * Legs that bring along who values them fast. To all else they are the array they are; a copy of it, or a part, has no valuer.
 */
export type ValuedLegs<Leg extends OptionLeg = OptionLeg> = readonly Leg[] & { readonly valuer: BookValuer };

export function valuedLegs<Leg extends OptionLeg>(legs: readonly Leg[]): ValuedLegs<Leg> {
  return Object.assign([...legs], { valuer: new BookValuer(legs) });
}
