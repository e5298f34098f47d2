/** A linear model `target ≈ Σ coefficient·feature` and the variance it leaves. */
export interface LinearFit {
  readonly coefficients: readonly number[];
  /** Mean square of the residuals, in the square of the target's unit. */
  readonly residualVariance: number;
}

/**
 * Least squares through the normal equations; a column of ones is the caller's.
 * @param ridge share of each column's mean square added to the diagonal: it keeps columns that repeat each other solvable.
 * @throws RangeError when there are fewer rows than columns.
 */
export function leastSquares(
  rows: readonly (readonly number[])[],
  targets: readonly number[],
  ridge = 1e-8,
): LinearFit {
  const width = rows[0]?.length ?? 0;
  if (width === 0 || rows.length < width) throw new RangeError(`${String(rows.length)} rows are too few`);
  const gram = Array.from({ length: width }, () => new Float64Array(width));
  const moment = new Float64Array(width);
  for (const [index, row] of rows.entries()) {
    const target = targets[index]!;
    for (let i = 0; i < width; i++) {
      moment[i]! += row[i]! * target;
      for (let j = 0; j <= i; j++) gram[i]![j]! += row[i]! * row[j]!;
    }
  }
  for (let i = 0; i < width; i++) gram[i]![i]! *= 1 + ridge;
  const coefficients = solveCholesky(gram, moment);
  let squares = 0;
  for (const [index, row] of rows.entries()) {
    squares += (targets[index]! - predictLinear({ coefficients }, row)) ** 2;
  }
  return { coefficients, residualVariance: squares / rows.length };
}

/** The model's value at one row. */
export function predictLinear(
  { coefficients }: Pick<LinearFit, "coefficients">,
  row: readonly number[],
): number {
  let sum = 0;
  for (let i = 0; i < row.length; i++) sum += coefficients[i]! * row[i]!;
  return sum;
}

/** Solves A·x = b of a positive definite A given by its lower half. A direction without any variance gets 0. */
function solveCholesky(lower: Float64Array[], b: Float64Array): number[] {
  const n = b.length;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = lower[i]![j]!;
      for (let k = 0; k < j; k++) sum -= lower[i]![k]! * lower[j]![k]!;
      if (i === j) lower[i]![i] = sum > 0 ? Math.sqrt(sum) : Infinity;
      else lower[i]![j] = sum / lower[j]![j]!;
    }
  }
  const x = new Array<number>(n).fill(0);
  for (let i = 0; i < n; i++) {
    let sum = b[i]!;
    for (let k = 0; k < i; k++) sum -= lower[i]![k]! * x[k]!;
    x[i] = sum / lower[i]![i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = x[i]!;
    for (let k = i + 1; k < n; k++) sum -= lower[k]![i]! * x[k]!;
    x[i] = sum / lower[i]![i]!;
  }
  return x;
}
