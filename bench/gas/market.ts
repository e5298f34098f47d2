import { bootDate } from "../../scripts/localMainnet/bootLocalMainnet.ts";
import { DAY, keelFixture, seriesId, type SeriesTerms } from "../../test/contracts/utils/keel.ts";
import type { Keel } from "../../test/contracts/utils/useKeel.ts";

/** 1 March 2026: a date of its own makes every byte, and so all gas, the same on every run. */
const START = 1_772_323_200;

/** USD per ETH at the start. */
export const PRICE = 3_000;

/** Keel on the local mainnet at a fixed date. */
export async function benchKeel(): Promise<Keel> {
  return keelFixture({ initialDate: bootDate(START) });
}

/**
 * Capped series as a vault writes them: calls above, puts below, two strikes a step, whole weeks to expiry.
 * @param expiries How many different ones, taken in turn as fills come in.
 * @param isPut Undefined for both in turn.
 */
export function capped(
  count: number,
  expiries: number,
  now: number,
  { isPut }: { readonly isPut?: boolean } = {},
): bigint[] {
  return [...Array(count).keys()].map((i) => {
    const put = isPut ?? i % 2 === 1;
    const away = 50 + 25 * Math.floor(i / 2);
    const terms: SeriesTerms = {
      isPut: put,
      strike: put ? PRICE - away : PRICE + away,
      cap: put ? PRICE - away - 600 : PRICE + away + 600,
      expiry: now + (2 + 4 * (i % expiries)) * DAY,
    };
    return seriesId(terms);
  });
}

/** A leg as the vault stores it. @param quantity Options, 18 decimals; negative is short. */
export function packLeg(id: bigint, quantity: bigint): bigint {
  return id | (BigInt.asUintN(80, quantity) << 176n);
}
