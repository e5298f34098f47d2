import { SECONDS_PER_YEAR } from "../math/units.ts";
import { edgeOf } from "../strategy/bandEdge.ts";
import { planBand } from "../strategy/bandPlan.ts";
import { bookRisk } from "../strategy/bookRisk.ts";
import { hedgeGrid, type HedgeGrid } from "./hedgeGrid.ts";
import { horizonOf, type Lattice } from "./lattice.ts";
import { legsAlive } from "./legsAlive.ts";
import type { HedgingProblem } from "./problem.ts";

/** Lots to half a band, where bands are narrow. */
const LOTS = 16;
/** Room beyond the widest edge. */
const ROOM = 1.3;
/** Looked at: times as parts of the horizon, and prices in deviations from the start. */
const TIMES = [0.02, 0.1, 0.25, 0.4, 0.55, 0.7, 0.8, 0.9, 0.96, 0.985];
const DEVIATIONS = [-2, -1, -0.5, 0, 0.5, 1, 2];

/**
 * A grid on which the policy's own bands can be told apart and held whole, from what `planBand` makes of the problem: fine enough
 * for the narrow ones, wide enough for the widest.
 */
export function gridFor(problem: HedgingProblem, lattice: Lattice): HedgeGrid {
  const horizon = horizonOf(problem);
  const widths: number[] = [];
  let reach = 0;
  for (const part of TIMES) {
    const time = part * horizon;
    const legs = legsAlive(problem, time);
    for (const deviation of DEVIATIONS) {
      const spot = problem.spot * Math.exp(problem.sigma * deviation * Math.sqrt(time));
      const timestamp = time * SECONDS_PER_YEAR;
      const plan = planBand(
        {
          timestamp,
          spot,
          legs,
          hedgeDelta: 0,
          sigma: problem.sigma,
          gasUsd: problem.gasUsd,
          feeRate: problem.feeRate,
          kappa: problem.kappa,
          checkInterval: 0,
          lastRebalanceAt: null,
          marginCall: false,
          limits: { delta: Infinity, minDrift: 0, maxAge: Infinity },
        },
        bookRisk(legs, spot, timestamp),
        problem.riskAversion,
      );
      widths.push(plan.b);
      reach = Math.max(reach, edgeOf(plan, 1), -edgeOf(plan, -1));
    }
  }
  widths.sort((one, other) => one - other);
  const narrow = widths[Math.floor(widths.length / 4)]!;
  return hedgeGrid(lattice, narrow / LOTS, ROOM * reach + stepAtExpiry(problem));
}

/** The most by which delta can step where a part of the book expires before the rest, ETH. */
function stepAtExpiry({ legs }: HedgingProblem): number {
  const expiries = [...new Set(legs.map(({ expiry }) => expiry))].sort((one, other) => one - other);
  const steps = expiries.slice(0, -1).map((each) => {
    const ending = legs.filter(({ expiry }) => expiry === each);
    const of = (type: "call" | "put") =>
      Math.abs(ending.reduce((sum, leg) => sum + (leg.type === type ? leg.quantity : 0), 0));
    return Math.max(of("call"), of("put"));
  });
  return Math.max(0, ...steps);
}
