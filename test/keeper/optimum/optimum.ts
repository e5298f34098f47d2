import { expect } from "chai";

import { vanillaGreeks } from "../../../keeper/math/blackScholes.ts";
import { bandFriction } from "../../../keeper/optimum/bandPolicy.ts";
import { hedgeGrid } from "../../../keeper/optimum/hedgeGrid.ts";
import { buildLattice, type Lattice } from "../../../keeper/optimum/lattice.ts";
import { solveOptimum } from "../../../keeper/optimum/optimum.ts";
import type { HedgingProblem } from "../../../keeper/optimum/problem.ts";
import { strategyRegret } from "../../../keeper/optimum/regret.ts";
import { optimalImpulse } from "../../../keeper/strategy/optimalImpulse.ts";
import type { Strategy } from "../../../keeper/strategy/types.ts";
import { expectNear } from "../../support/near.ts";
import { BOOKS, laidOut, MONTH, plannedBand, problemOf } from "./problems.ts";

describe("the lattice", () => {
  const problem = problemOf("short call", { steps: 400 });
  const lattice = buildLattice(problem);

  it("is a martingale with the volatility asked for", () => {
    const { up, dx, dt } = lattice;
    expectNear(up * lattice.spot(1) + (1 - up) * lattice.spot(-1), 3000, 1e-9);
    expectNear(dx / Math.sqrt(dt), 0.6, 1e-12);
    expect(lattice.levels.at(-1)!.top).to.equal(100);
  });

  it("has the delta that a strategy computes, until the last day", () => {
    let worst = 0;
    for (const [n, { top, offset }] of lattice.levels.entries()) {
      if (n > 385) break;
      for (let i = 0; i <= top; i++) {
        const tau = MONTH - n * lattice.dt;
        const spot = lattice.spot(2 * i - top);
        const { delta } = vanillaGreeks({ type: "call", spot, strike: 3000, sigma: 0.6, tau });
        worst = Math.max(worst, Math.abs(lattice.delta[offset + i]! + 100 * delta));
      }
    }
    expect(worst).to.be.below(0.3);
  });
});

describe("the optimum", function () {
  this.timeout(60_000);

  it("is what trying every hedge at every node finds", () => {
    const problem = problemOf("short call", { steps: 7, kappa: 0.01, riskAversion: 1e-3 });
    const lattice = buildLattice(problem);
    const grid = hedgeGrid(lattice, 5, 100);
    const lots = Array.from({ length: 41 }, (_, i) => i - 10);
    const best = search(problem, lattice, lots, grid.lot);
    const first = Math.round(-lattice.delta[0]! / grid.lot);
    expectNear(solveOptimum(problem, lattice, grid).friction, best(0, 0, first), 1e-6);
  });

  it("never trades where gas is prohibitive, at the exponential mean of what is then lost", () => {
    const problem = problemOf("call spread", { steps: 60, gasUsd: 1e9, riskAversion: 2e-5 });
    const lattice = buildLattice(problem);
    const grid = hedgeGrid(lattice, 0.5, 110);
    const { friction } = solveOptimum(problem, lattice, grid);
    const hedge = Math.round(-lattice.delta[0]! / grid.lot) * grid.lot;
    const bookAt = (spot: number) =>
      BOOKS["call spread"].reduce((sum, { type, strike, quantity }) => {
        const tau = (2 / 3) * lattice.dt;
        return sum + quantity * vanillaGreeks({ type, spot, strike, sigma: 0.6, tau }).price;
      }, 0);
    // The end prices of 60 steps, by their binomial probabilities.
    let probability = (1 - lattice.up) ** 60;
    const ends = Array.from({ length: 61 }, (_, ups) => {
      const end = { probability, spot: lattice.spot(2 * ups - 60) };
      probability *= ((60 - ups) / (ups + 1)) * (lattice.up / (1 - lattice.up));
      return end;
    });
    const start = ends.reduce((sum, end) => sum + end.probability * bookAt(end.spot), 0);
    const mean = ends.reduce((sum, { probability: weight, spot }) => {
      const gain = bookAt(spot) - start + hedge * (spot - 3000);
      return sum + weight * Math.exp(-2e-5 * gain);
    }, 0);
    expectNear(friction, Math.log(mean) / 2e-5, 0.5);
    expect(friction).to.be.above(100);
  });

  it("is reached by its own policy and by no other", () => {
    const problem = problemOf("risk reversal");
    const { lattice, grid } = laidOut(problem);
    const { friction, policy } = solveOptimum(problem, lattice, grid);
    const own = bandFriction(problem, lattice, grid, (spot, time) => {
      const { top, offset } = lattice.levels[Math.round(time / lattice.dt)]!;
      const j = Math.round(Math.log(spot / problem.spot) / lattice.dx);
      const node = offset + (j + top) / 2;
      const residual = (lots: number) => lots * grid.lot + lattice.delta[node]!;
      return {
        low: residual(policy.low[node]! + 0.01),
        high: residual(policy.high[node]! - 0.01),
        lowTarget: residual(policy.lowTarget[node]!),
        highTarget: residual(policy.highTarget[node]!),
      };
    });
    expectNear(own, friction, 1e-9 * friction);
    const planned = plannedBand(problem, lattice.dt);
    expect(bandFriction(problem, lattice, grid, planned)).to.be.above(friction);
    const wider = (spot: number, time: number) => {
      const band = planned(spot, time);
      return { ...band, low: 1.5 * band.low, high: 1.5 * band.high };
    };
    expect(bandFriction(problem, lattice, grid, wider)).to.be.above(1.02 * friction);
  });

  it("does not depend on how fine the lattice and the lots are", () => {
    const frictions = [300, 900].flatMap((steps) => {
      const problem = problemOf("short call", { steps, gasUsd: 32.4 });
      const { lattice, grid } = laidOut(problem);
      return [1, 2].map((finer) => {
        const { lot, size } = grid;
        const finerGrid = hedgeGrid(lattice, lot / finer, ((size - 1) / 2) * lot);
        return solveOptimum(problem, lattice, finerGrid).friction;
      });
    });
    for (const friction of frictions) expectNear(friction / frictions.at(-1)!, 1, 0.015);
  });
});

describe("the default strategy above the optimum", function () {
  this.timeout(120_000);

  const COSTS = [
    { level: "L2", gasUsd: 0.05 },
    { level: "5 gwei", gasUsd: 5.4 },
    { level: "30 gwei", gasUsd: 32.4 },
  ];
  for (const [book, most] of [
    ["short call", 0.012],
    ["long call", 0.012],
    ["straddle", 0.012],
    ["call spread", 0.02],
    ["risk reversal", 0.02],
    ["butterfly", 0.02],
    ["four weeklies", 0.012],
  ] as const) {
    it(`loses at most ${String(100 * most)} % on a ${book}`, () => {
      for (const { level, gasUsd } of COSTS) {
        const problem = problemOf(book, { gasUsd, riskAversion: gasUsd < 1 ? 1e-5 : 1e-4 });
        const { lattice, grid } = laidOut(problem);
        const { friction } = solveOptimum(problem, lattice, grid);
        const reached = bandFriction(problem, lattice, grid, plannedBand(problem, lattice.dt));
        expect(reached / friction - 1, `${book}, ${level}`).to.be.within(0, most);
      }
    });
  }
});

describe("the regret of a strategy", function () {
  this.timeout(60_000);
  const problem = problemOf("call spread", { gasUsd: 32.4 });
  const { lattice, grid } = laidOut(problem);
  const { friction, values } = solveOptimum(problem, lattice, grid, true);
  const measure = (strategy: Strategy, paths: number, seed = 1) =>
    strategyRegret(strategy, { problem, lattice, grid, values: values!, paths, seed });

  it("is what the lattice says of a band", () => {
    const exact = bandFriction(problem, lattice, grid, plannedBand(problem, lattice.dt)) - friction;
    const { regret, standardError, trades } = measure(optimalImpulse({ riskAversion: 1e-4 }), 400);
    expect(standardError).to.be.below(0.002 * friction);
    expectNear(regret, exact, 3.5 * standardError);
    expect(trades).to.be.within(4, 20);
  });

  it("is what the lattice says of a clock", () => {
    const everyTenth: Strategy = {
      name: "every tenth step",
      params: {},
      decide: (input) => {
        const step = Math.round(input.timestamp / input.checkInterval);
        const node = lattice.levels[step]!;
        const j = Math.round(Math.log(input.spot / 3000) / lattice.dx);
        const delta = lattice.delta[node.offset + (j + node.top) / 2]!;
        const trade = step % 10 === 0 ? -(delta + input.hedgeDelta) : 0;
        const action = trade === 0 ? "hold" : "rebalance";
        return { action, reason: "rule", drift: delta, trade, band: null, gain: null, cost: null };
      },
    };
    const exact =
      bandFriction(problem, lattice, grid, (_, time) =>
        Math.round(time / lattice.dt) % 10 === 0
          ? { low: 0, high: 0, lowTarget: 0, highTarget: 0 }
          : { low: -Infinity, high: Infinity, lowTarget: 0, highTarget: 0 },
      ) - friction;
    const { regret, standardError } = measure(everyTenth, 400);
    expect(standardError).to.be.below(0.02 * exact);
    expectNear(regret, exact, 3.5 * standardError);
  });

  it("repeats for a seed and not for another", () => {
    const strategy = optimalImpulse({ riskAversion: 1e-4 });
    expect(measure(strategy, 20, 7)).to.deep.equal(measure(strategy, 20, 7));
    expect(measure(strategy, 20, 7)).to.not.deep.equal(measure(strategy, 20, 8));
  });
});

/** The least certainty-equivalent friction from a node with a hedge, by trying every hedge of `lots` at every node. */
function search(
  { riskAversion: A, gasUsd, feeRate, kappa, steps }: HedgingProblem,
  { levels, up, spot, delta }: Lattice,
  lots: readonly number[],
  lot: number,
): (n: number, j: number, hedge: number) => number {
  const known = new Map<string, number>();
  const value = (n: number, j: number, hedge: number): number => {
    if (n === steps) return 0;
    const key = `${String(n)} ${String(j)} ${String(hedge)}`;
    const seen = known.get(key);
    if (seen !== undefined) return seen;
    const { top, offset } = levels[n]!;
    const S = spot(j);
    const bookDelta = delta[offset + (j + top) / 2]!;
    const options = [...new Set([...lots, hedge])].map((to) => {
      const w = Math.abs(to - hedge) * lot;
      const paid = w === 0 ? 0 : gasUsd + w * (feeRate * S + kappa * w);
      const loss = (there: number) => -(to * lot + bookDelta) * (spot(there) - S) + value(n + 1, there, to);
      return paid + Math.log(up * Math.exp(A * loss(j + 1)) + (1 - up) * Math.exp(A * loss(j - 1))) / A;
    });
    const best = Math.min(...options);
    known.set(key, best);
    return best;
  };
  return value;
}
