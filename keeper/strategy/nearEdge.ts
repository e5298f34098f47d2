import { edgeOf } from "./bandEdge.ts";
import type { Decision } from "./types.ts";

/** Within this part of the band a decision is worth a fresh look at gas. */
const NEAR = 0.9;

/** Whether a held drift is so close to the edge of its band that the price of gas may decide. */
export function isNearEdge({ drift, band }: Decision): boolean {
  if (band === null || drift === band.centre) return false;
  const side = drift > band.centre ? 1 : -1;
  return Math.abs(drift - band.centre) >= NEAR * Math.abs(edgeOf(band, side) - band.centre);
}

/** The trade that the band would ask for at this drift, ETH. */
export function landingTrade({ drift, band }: Decision): number {
  if (band === null) return -drift;
  const side = drift > band.centre ? 1 : -1;
  return band.centre + side * band.t - drift;
}
