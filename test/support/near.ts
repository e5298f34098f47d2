import { expect } from "chai";

/**
 * Expects a float within `tolerance` of another. Hardhat's matchers replace Chai's `closeTo` by one for integers alone.
 */
export function expectNear(
  actual: number | null | undefined,
  expected: number,
  tolerance: number,
  what = "value",
): void {
  const gap = Math.abs((actual ?? NaN) - expected);
  expect(gap <= tolerance, `${what}: ${String(actual)} is ${String(gap)} from ${String(expected)}`).to.equal(
    true,
  );
}
