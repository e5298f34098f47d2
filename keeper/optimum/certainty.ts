/**
 * Certainty equivalent of paying `a` with the probability `up` and otherwise `b`, USD, under exponential utility:
 * (1/A)·ln(p·exp(A·a) + (1 − p)·exp(A·b)), told from the greater of the two, so that no exponential is without a value.
 */
export function certainty(A: number, up: number, a: number, b: number): number {
  return a > b
    ? a + Math.log1p((1 - up) * Math.expm1(A * (b - a))) / A
    : b + Math.log1p(up * Math.expm1(A * (a - b))) / A;
}
