import { vanillaGreeks } from "../math/blackScholes.ts";
import type { HedgingProblem, LatticeLeg } from "./problem.ts";

/** Deviations of the end price that the lattice reaches: beyond lies one path in two million. */
const REACH = 5;

/** Of a step: what the payout is averaged over. */
const SMOOTHED = 2 / 3;

/** The nodes of one step: log prices from `−top` to `top` by 2, in units of {@link Lattice.dx}. */
export interface LatticeLevel {
  readonly top: number;
  /** Where its nodes begin in arrays over all nodes. */
  readonly offset: number;
}

/**
 * Prices on a recombining binomial tree (Cox, Ross & Rubinstein 1979) on which the price is a martingale: S·e^(±σ√dt), and the
 * book's delta at every node, which over one step replicates the book exactly. What costs nothing carries no risk there, so that
 * all that is left to minimise is friction.
 */
export interface Lattice {
  /** Years a step. */
  readonly dt: number;
  /** Log price a step, σ√dt. */
  readonly dx: number;
  /** Probability of a step up. */
  readonly up: number;
  /** One more than there are steps. */
  readonly levels: readonly LatticeLevel[];
  readonly nodes: number;
  /** USD per ETH, at log price −N…N of the widest level. */
  spot(j: number): number;
  /** Book delta at every node but the last level's, ETH. */
  readonly delta: Float64Array;
}

/** Years to the last expiry of the book. */
export function horizonOf({ legs }: Pick<HedgingProblem, "legs">): number {
  return Math.max(...legs.map(({ expiry }) => expiry));
}

export function buildLattice(problem: HedgingProblem): Lattice {
  const { steps, sigma, legs } = problem;
  const dt = horizonOf(problem) / steps;
  const dx = sigma * Math.sqrt(dt);
  const up = 1 / (1 + Math.exp(dx));
  const widest = Math.ceil(REACH * Math.sqrt(steps));

  const levels: LatticeLevel[] = [];
  let nodes = 0;
  for (let n = 0; n <= steps; n++) {
    const reached = Math.min(n, widest);
    const top = reached - ((reached - n) & 1);
    levels.push({ top, offset: nodes });
    nodes += top + 1;
  }
  const spots = Float64Array.from(
    { length: 2 * steps + 1 },
    (_, i) => problem.spot * Math.exp((i - steps) * dx),
  );
  const spot = (j: number): number => spots[j + steps]!;

  const delta = new Float64Array(nodes);
  for (const leg of legs) addDelta({ leg, sigma, steps, dt, up, levels, spot, delta });
  return { dt, dx, up, levels, nodes, spot, delta };
}

/**
 * Adds the delta of one leg at every node of its life, by its value's backward induction.
 *
 * Its payout is the average of the leg's over two thirds of a step around each node, its value by Black and Scholes that long before
 * its expiry (after Heston & Zhou 2000, "On the rate of convergence of discrete-time contingent claims"): without the kink, which
 * falls between nodes now here and now there, delta over a step is that of the continuous model at the step's start, which is what
 * a strategy computes. A step's difference quotient averages over the last third.
 */
function addDelta(tree: {
  leg: LatticeLeg;
  sigma: number;
  steps: number;
  dt: number;
  up: number;
  levels: readonly LatticeLevel[];
  spot: (j: number) => number;
  delta: Float64Array;
}): void {
  const { leg, sigma, steps, dt, up, levels, spot, delta } = tree;
  const last = Math.min(steps, Math.round(leg.expiry / dt));
  const first = Math.round(leg.opens / dt);
  // Value at log price −last…last, every other one in use at a level.
  const { type, strike } = leg;
  const value = Float64Array.from(
    { length: 2 * last + 1 },
    (_, i) => vanillaGreeks({ type, spot: spot(i - last), strike, sigma, tau: SMOOTHED * dt }).price,
  );
  for (let n = last - 1; n >= first; n--) {
    const { top, offset } = levels[n]!;
    for (let j = -top; j <= top; j += 2) {
      const rise = value[j + 1 + last]! - value[j - 1 + last]!;
      delta[offset + (j + top) / 2]! += (leg.quantity * rise) / (spot(j + 1) - spot(j - 1));
    }
    for (let j = -n; j <= n; j += 2)
      value[j + last] = up * value[j + 1 + last]! + (1 - up) * value[j - 1 + last]!;
  }
}
