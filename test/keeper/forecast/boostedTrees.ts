import { expect } from "chai";

import { fitBoostedTrees, predictBoostedTrees } from "../../../keeper/forecast/boostedTrees.ts";
import { boosted, linear, type Learned } from "../../../keeper/forecast/learner.ts";
import { Random } from "../../../keeper/math/random.ts";

/** Two features in [−1, 1] and what a function of them comes to, with noise. */
function sample(count: number, seed: number, truth: (x: number, y: number) => number) {
  const random = new Random(seed);
  const rows = Array.from({ length: count }, () => [1, 2 * random.uniform() - 1, 2 * random.uniform() - 1]);
  return { rows, targets: rows.map(([, x, y]) => truth(x!, y!) + 0.1 * random.normal()) };
}

/** Mean square error on another sample of the same function. */
function errorOf(model: Learned, truth: (x: number, y: number) => number): number {
  const { rows, targets } = sample(2000, 99, truth);
  return rows.reduce((sum, row, i) => sum + (model.predict(row) - targets[i]!) ** 2, 0) / rows.length;
}

const OPTIONS = { trees: 200, depth: 2, rate: 0.1, leaf: 20, sample: 0.7, seed: 1 };

describe("boosted trees", () => {
  it("learn what no line can, an interaction of two features, to its noise", () => {
    const truth = (x: number, y: number): number => (x > 0.2 === y > -0.1 ? 1 : -1);
    const { rows, targets } = sample(4000, 61, truth);
    const trees = fitBoostedTrees(rows, targets, OPTIONS);
    const learned = {
      predict: (row: readonly number[]) => predictBoostedTrees(trees, row),
      residualVariance: 0,
    };
    expect(errorOf(learned, truth)).to.be.below(0.08);
    expect(errorOf(linear(rows, targets), truth)).to.be.above(0.8);
  });

  it("are the same for a seed and after a way through JSON", () => {
    const { rows, targets } = sample(500, 62, (x, y) => x * y);
    const trees = fitBoostedTrees(rows, targets, OPTIONS);
    expect(fitBoostedTrees(rows, targets, OPTIONS)).to.deep.equal(trees);
    expect(fitBoostedTrees(rows, targets, { ...OPTIONS, seed: 2 })).to.not.deep.equal(trees);
    expect(JSON.parse(JSON.stringify(trees))).to.deep.equal(trees);
  });

  it("add little to a formula that is right, and much to one that is not", () => {
    const line = (x: number, y: number): number => 2 * x - y;
    const straight = sample(2000, 63, line);
    const right = errorOf(linear(straight.rows, straight.targets), line);
    expect(errorOf(boosted(straight.rows, straight.targets), line)).to.be.below(1.05 * right);
    const bend = (x: number, y: number): number => 2 * x - y + (x > 0.5 ? 1 : 0);
    const bent = sample(2000, 64, bend);
    const wrong = errorOf(linear(bent.rows, bent.targets), bend);
    expect(errorOf(boosted(bent.rows, bent.targets), bend)).to.be.below(0.75 * wrong);
  });
});
