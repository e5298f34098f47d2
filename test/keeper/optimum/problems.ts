import { buildLattice, type Lattice } from "../../../keeper/optimum/lattice.ts";
import { gridFor } from "../../../keeper/optimum/gridFor.ts";
import type { HedgeGrid } from "../../../keeper/optimum/hedgeGrid.ts";
import { legsAlive } from "../../../keeper/optimum/legsAlive.ts";
import type { BandAt } from "../../../keeper/optimum/bandPolicy.ts";
import type { HedgingProblem, LatticeLeg } from "../../../keeper/optimum/problem.ts";
import { SECONDS_PER_YEAR } from "../../../keeper/math/units.ts";
import { planBand } from "../../../keeper/strategy/bandPlan.ts";
import { bookRisk } from "../../../keeper/strategy/bookRisk.ts";

/** Thirty days. */
export const MONTH = 30 / 365;

const leg = (type: "call" | "put", strike: number, quantity: number): LatticeLeg => ({
  type,
  strike,
  quantity,
  opens: 0,
  expiry: MONTH,
});

const inDays = (days: number): LatticeLeg => ({ ...leg("call", 3000, -50), expiry: days / 365 });

/** Books around a price of 3,000 USD, of 100 options a strike. */
export const BOOKS = {
  "short call": [leg("call", 3000, -100)],
  "long call": [leg("call", 3000, 100)],
  straddle: [leg("call", 3000, -100), leg("put", 3000, -100)],
  "call spread": [leg("call", 3000, -100), leg("call", 3450, 100)],
  "risk reversal": [leg("call", 3300, -100), leg("put", 2700, 100)],
  butterfly: [leg("call", 2700, -100), leg("call", 3000, 200), leg("call", 3300, -100)],
  "four weeklies": [inDays(7), inDays(14), inDays(21), inDays(28)],
} as const;

export function problemOf(book: keyof typeof BOOKS, change: Partial<HedgingProblem> = {}): HedgingProblem {
  return {
    legs: BOOKS[book],
    spot: 3000,
    sigma: 0.6,
    riskAversion: 1e-4,
    gasUsd: 5.4,
    feeRate: 0.0005,
    kappa: 0,
    steps: 300,
    ...change,
  };
}

export function laidOut(problem: HedgingProblem): { lattice: Lattice; grid: HedgeGrid } {
  const lattice = buildLattice(problem);
  return { lattice, grid: gridFor(problem, lattice) };
}

/** The default policy's band at a node. */
export function plannedBand(problem: HedgingProblem, dt: number): (spot: number, time: number) => BandAt {
  return (spot, time) => {
    const legs = legsAlive(problem, time);
    const timestamp = time * SECONDS_PER_YEAR;
    const { sigma, gasUsd, feeRate, kappa, riskAversion } = problem;
    const { b, t, centre, lean } = planBand(
      {
        ...{ timestamp, spot, legs, sigma, gasUsd, feeRate, kappa, hedgeDelta: 0, lastRebalanceAt: null },
        ...{ marginCall: false, limits: { delta: Infinity, minDrift: 0, maxAge: Infinity } },
        checkInterval: dt * SECONDS_PER_YEAR,
      },
      bookRisk(legs, spot, timestamp),
      riskAversion,
    );
    return {
      low: centre + lean - b,
      high: centre + lean + b,
      lowTarget: centre - t,
      highTarget: centre + t,
    };
  };
}
