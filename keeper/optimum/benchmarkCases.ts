import { PolicyInputError } from "../math/policyInputError.ts";
import type { LatticeLeg } from "./problem.ts";

/** Years in a day. */
const DAY = 1 / 365;
/** Gas of a rebalance on spot with eight series, as `npm run bench -- gas` measures it, rounded. */
const GAS = 360_000;
/** USD per ETH at the start. */
export const SPOT = 3000;

/** A book to hedge. */
export interface BenchmarkBook {
  readonly name: string;
  /** Whether its gamma is of one sign everywhere. */
  readonly isSingleSign: boolean;
  readonly legs: readonly LatticeLeg[];
}

const leg = (type: "call" | "put", strike: number, quantity: number, days = 30): LatticeLeg => ({
  type,
  strike,
  quantity,
  opens: 0,
  expiry: days * DAY,
});

/** Of 100 options a strike, around a spot of 3,000 USD; thirty days, but for the rolling one. */
export const BOOKS: readonly BenchmarkBook[] = [
  { name: "short-call", isSingleSign: true, legs: [leg("call", 3000, -100)] },
  { name: "long-call", isSingleSign: true, legs: [leg("call", 3000, 100)] },
  { name: "short-straddle", isSingleSign: true, legs: [leg("call", 3000, -100), leg("put", 3000, -100)] },
  { name: "short-strangle", isSingleSign: true, legs: [leg("call", 3300, -100), leg("put", 2700, -100)] },
  {
    name: "rolling-weekly",
    isSingleSign: true,
    legs: [7, 14, 21, 28].map((days) => leg("call", 3000, -50, days)),
  },
  { name: "call-spread", isSingleSign: false, legs: [leg("call", 3000, -100), leg("call", 3450, 100)] },
  { name: "risk-reversal", isSingleSign: false, legs: [leg("call", 3300, -100), leg("put", 2700, 100)] },
  {
    name: "butterfly",
    isSingleSign: false,
    legs: [leg("call", 2700, -100), leg("call", 3000, 200), leg("call", 3300, -100)],
  },
];

/** What a transaction costs. */
export interface CostLevel {
  readonly name: string;
  /** USD. */
  readonly gasUsd: number;
  /** Looks of the hedger over a book's life: more where bands are narrow. */
  readonly steps: number;
}

const atGwei = (gwei: number): number => GAS * gwei * 1e-9 * SPOT;

export const COST_LEVELS: readonly CostLevel[] = [
  { name: "L2", gasUsd: 0.05, steps: 2000 },
  { name: "5-gwei", gasUsd: atGwei(5), steps: 1000 },
  { name: "30-gwei", gasUsd: atGwei(30), steps: 1000 },
];

/** 1/USD. With 100 options: 0.001 and 0.01 an option. */
export const RISK_AVERSIONS: readonly number[] = [1e-5, 1e-4];

/** The rules of others that the default is held against. */
export const INCUMBENTS: readonly string[] = [
  "periodic",
  "band-to-centre",
  "band-to-edge",
  "leland",
  "whalley-wilmott",
  "zakamouline",
  "crab-v1",
  "crab-v2",
  "lyra-avalon",
  "lyra-newport",
  "rage",
  "panoptic",
  "set-fli",
  "charm",
];

/** Those of the names given, in the order of `all`. @throws {PolicyInputError} for a name that is none, at `path`. */
export function named<Named extends { readonly name: string }>(
  path: string,
  all: readonly Named[],
  names: readonly string[] | undefined,
): readonly Named[] {
  if (names === undefined) return all;
  for (const name of names) {
    if (!all.some((each) => each.name === name)) {
      const known = all.map((each) => each.name).join(", ");
      throw new PolicyInputError(path, `must be of ${known}, got ${name}`);
    }
  }
  return all.filter(({ name }) => names.includes(name));
}
