import type { Keel } from "../../test/contracts/utils/useKeel.ts";
import { benchKeel } from "./market.ts";
import { cdfAccuracy, measureBooks, measureMaths } from "./maths.ts";
import type { AccuracyRow, GasGroup, GasRow } from "./row.ts";
import {
  measureEntry,
  measureFills,
  measureParts,
  measureQueue,
  measureRebalances,
  measureSettlement,
  measureWhereItGoes,
} from "./vault.ts";

const GROUPS: readonly (readonly [title: string, measure: (keel: Keel) => Promise<GasRow[]>])[] = [
  ["Mathematics, warm, inside the library", measureMaths],
  ["Books of capped series, one call to the risk engine", measureBooks],
  ["Entry and exit, whole transactions", measureEntry],
  ["Exits that wait, whole transactions", measureQueue],
  ["Writing, whole transactions", measureFills],
  ["Rebalancing, whole transactions", measureRebalances],
  ["Where a spot rebalance and a deposit go, 8 series", measureWhereItGoes],
  ["Settlement and the option book, whole transactions", measureSettlement],
  ["Valuation and its parts, cold, within a transaction", measureParts],
];

export interface Measurements {
  readonly groups: readonly GasGroup[];
  readonly accuracy: readonly AccuracyRow[];
}

/** Measures everything, each group from the same state of the chain. */
export async function measureGas(): Promise<Measurements> {
  const keel = await benchKeel();
  const pristine = await keel.networkHelpers.takeSnapshot();
  const groups: GasGroup[] = [];
  for (const [title, measure] of GROUPS) {
    groups.push({ title, rows: await measure(keel) });
    await pristine.restore();
  }
  return { groups, accuracy: [await cdfAccuracy(keel)] };
}
