import { CAUTIOUS, fitBoostedTrees, predictBoostedTrees } from "./boostedTrees.ts";
import { leastSquares, predictLinear } from "./leastSquares.ts";

/** What was learnt from rows of features and their targets. */
export interface Learned {
  predict(row: readonly number[]): number;
  /** Mean square of what is left, in the square of the target's unit. */
  readonly residualVariance: number;
}

export type Learner = (rows: readonly (readonly number[])[], targets: readonly number[]) => Learned;

/** Least squares: the formula. */
export const linear: Learner = (rows, targets) => {
  const fit = leastSquares(rows, targets);
  return { predict: (row) => predictLinear(fit, row), residualVariance: fit.residualVariance };
};

/**
 * What a learned model is made by: with the version, the same data give the same model, so that it is trained again rather than
 * kept. Another way of learning is another version.
 */
export const LEARNED = {
  version: 1,
  kind: "boosted trees on what least squares leave",
  ...CAUTIOUS,
} as const;

/**
 * The formula, and boosted trees on what it leaves: trees alone cannot go beyond the levels they have seen. The residual
 * variance stays the formula's, for what trees explain within the sample they do not explain outside.
 */
export const boosted: Learner = (rows, targets) => {
  const formula = linear(rows, targets);
  const rest = targets.map((target, index) => target - formula.predict(rows[index]!));
  const trees = fitBoostedTrees(rows, rest, LEARNED);
  return {
    predict: (row) => formula.predict(row) + predictBoostedTrees(trees, row),
    residualVariance: formula.residualVariance,
  };
};
