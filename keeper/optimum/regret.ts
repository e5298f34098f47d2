import { Random } from "../math/random.ts";
import { SECONDS_PER_YEAR } from "../math/units.ts";
import type { DecisionInput, OptionLeg, Strategy } from "../strategy/types.ts";
import { certainty } from "./certainty.ts";
import type { HedgeGrid } from "./hedgeGrid.ts";
import type { Lattice } from "./lattice.ts";
import { legsAlive } from "./legsAlive.ts";
import type { HedgingProblem } from "./problem.ts";

/** What a strategy costs above the optimum. */
export interface Regret {
  /** Certainty equivalent, USD. */
  readonly regret: number;
  readonly standardError: number;
  /** A path, on average. */
  readonly trades: number;
}

export interface RegretOptions {
  readonly problem: HedgingProblem;
  readonly lattice: Lattice;
  readonly grid: HedgeGrid;
  /** Of {@link solveOptimum}: the value of every hedge at every node. */
  readonly values: Float32Array;
  /** At least 2: of one there is no standard error. */
  readonly paths: number;
  readonly seed: number;
}

/**
 * How much certainty-equivalent friction a strategy has above the optimum, by simulation with its own `decide`.
 *
 * Let J be the optimum's value and C that of waiting a step (`sweep`). A strategy that goes from hedge y to y' pays K and gives
 * up K + C(y') − J(y) ≥ 0. As C is the certainty equivalent of the next J, its loss over a path is J at the start, plus all it
 * has given up, plus martingale increments whose exponentials have the mean 1; taken as a change of measure, which tilts each
 * step up by exp(A·(its value − C)), they are gone:
 *
 *     E[exp(A·loss)] = exp(A·J0)·E*[exp(A·Σ given up)]
 *
 * What is averaged is then the regret alone: a few hundred paths tell what would take millions by the difference of two losses.
 * The identity holds for any J, and is exact for the discrete problem. Trades are rounded to whole lots.
 */
export function strategyRegret(strategy: Strategy, options: RegretOptions): Regret {
  const { paths, seed, problem } = options;
  const { riskAversion: A } = problem;
  const books = booksOf(options);
  const losses: number[] = [];
  let trades = 0;
  for (let path = 0; path < paths; path++) {
    const walked = walk(strategy, options, books, new Random(seed, `regret ${String(path)}`));
    losses.push(A * walked.givenUp);
    trades += walked.trades;
  }
  // Measured from the largest: where aversion is great an exponential would have no value.
  const most = losses.reduce((largest, loss) => Math.max(largest, loss), -Infinity);
  const weights = losses.map((loss) => Math.exp(loss - most));
  const mean = weights.reduce((sum, weight) => sum + weight, 0) / paths;
  const squares = weights.reduce((sum, weight) => sum + weight * weight, 0);
  const variance = Math.max(0, squares / paths - mean * mean) / (paths - 1);
  return {
    regret: (most + Math.log(mean)) / A,
    standardError: Math.sqrt(variance) / (mean * A),
    trades: trades / paths,
  };
}

/** The legs at each step; the same array while they stay the same. */
function booksOf({ problem, lattice }: RegretOptions): OptionLeg[][] {
  const changes = new Set(problem.legs.flatMap(({ opens, expiry }) => [opens, expiry]));
  const steps = new Set([...changes].map((time) => Math.round(time / lattice.dt)));
  const books: OptionLeg[][] = [];
  for (let n = 0; n < problem.steps; n++)
    books.push(n === 0 || steps.has(n) ? legsAlive(problem, n * lattice.dt) : books[n - 1]!);
  return books;
}

function walk(
  strategy: Strategy,
  { problem, lattice, grid, values }: RegretOptions,
  books: readonly OptionLeg[][],
  random: Random,
): { givenUp: number; trades: number } {
  const { riskAversion: A, steps, gasUsd, feeRate, kappa, sigma } = problem;
  const { levels, up, spot, delta } = lattice;
  const { lot, size, base } = grid;
  const step = lattice.dt * SECONDS_PER_YEAR;

  /** The value at a node of the step n of a hedge in lots, as `sweep` continues it beyond the grid. */
  const valueAt = (n: number, i: number, j: number, lots: number): number => {
    if (n === steps) return 0;
    const node = levels[n]!.offset + i;
    const k = lots - base[node]!;
    const inside = Math.max(0, Math.min(size - 1, k));
    return values[node * size + inside]! + feeRate * spot(j) * lot * Math.abs(k - inside);
  };

  let i = 0;
  let lots = Math.round(-delta[0]! / lot);
  let givenUp = 0;
  let trades = 0;
  let lastRebalanceAt: number | null = 0;
  let lastRebalanceSpot = problem.spot;
  for (let n = 0; n < steps; n++) {
    const { top, offset } = levels[n]!;
    const j = 2 * i - top;
    const S = spot(j);
    const timestamp = n * step;
    const input: DecisionInput = {
      timestamp,
      spot: S,
      legs: books[n]!,
      hedgeDelta: lots * lot,
      sigma,
      gasUsd,
      feeRate,
      kappa,
      checkInterval: step,
      lastRebalanceAt,
      marginCall: false,
      limits: { delta: Infinity, minDrift: lot / 2, maxAge: Infinity },
      observed: { lastRebalanceSpot, twap60: S, twap420: S, sigma600: sigma },
    };
    const decision = strategy.decide(input);
    const wanted = decision.action === "hold" ? lots : Math.round((lots * lot + decision.trade) / lot);
    let paid = 0;
    const before = valueAt(n, i, j, lots);
    if (wanted !== lots) {
      const w = Math.abs(wanted - lots) * lot;
      paid = gasUsd + w * (feeRate * S + kappa * w);
      lots = wanted;
      trades++;
      lastRebalanceAt = timestamp;
      lastRebalanceSpot = S;
    }
    const next = levels[n + 1]!.top;
    const iUp = Math.min(next, (j + 1 + next) >> 1);
    const iDown = Math.max(0, (j - 1 + next) >> 1);
    const residual = lots * lot + delta[offset + i]!;
    const a = valueAt(n + 1, iUp, j + 1, lots) - residual * (spot(j + 1) - S);
    const b = valueAt(n + 1, iDown, j - 1, lots) - residual * (spot(j - 1) - S);
    const waiting = certainty(A, up, a, b);
    givenUp += paid + waiting - before;
    i = random.uniform() < up * Math.exp(A * (a - waiting)) ? iUp : iDown;
  }
  return { givenUp, trades };
}
