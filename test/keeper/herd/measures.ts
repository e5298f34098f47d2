import { expect } from "chai";

import { impactPerEth, MAINNET_GAS_USD, referenceMarket } from "../../../keeper/herd/book.ts";
import { jitterCost } from "../../../keeper/herd/jitterCost.ts";
import { estimateOf, measuresOf } from "../../../keeper/herd/measures.ts";
import type { PathRecord } from "../../../keeper/herd/simulate.ts";
import { bandCost } from "../../../keeper/math/bandCost.ts";
import { impulseBand, marketModel } from "../../../keeper/math/impulseBand.ts";
import { expectNear } from "../../support/near.ts";

const HOUR = 0.6 / Math.sqrt(8_760);

function record(returns: readonly number[], given: Partial<PathRecord> = {}): PathRecord {
  const sums = (values: readonly number[]): number[] =>
    values.reduce<number[]>((all, value) => [...all, all.at(-1)! + value], [0]);
  return {
    ...{ hours: sums(returns), fundamental: sums(returns.map((value) => value / 2)), largestFlow: 0.5 },
    ...{ maxDrawdown: 0.1, trades: 480, liquidations: 4, rmsDrift: 0.4, leastDepth: 1 },
    ...{ push: null, broke: false, flow: 0, drifts: [], end: 0, ...given },
  };
}

describe("a herd's measures", () => {
  it("are those of the returns", () => {
    const returns = Array.from(
      { length: 48 },
      (_, hour) => (hour === 7 ? 6 : hour % 2 === 0 ? 1 : -1) * HOUR,
    );
    const measures = measuresOf(record(returns), 10);
    expectNear(measures.volatilityRatio, 2, 1e-12);
    expectNear(measures.dailyVolatilityRatio, 2, 1e-12);
    const [square, fourth] = [(47 + 36) / 48, (47 + 6 ** 4) / 48];
    expectNear(measures.kurtosis, fourth / square ** 2, 1e-9);
    expectNear(measures.fiveSigmaHours, 730 / 48, 1e-9);
    expect(measures.fiveOwnSigmaHours).to.equal(0);
    expectNear(measures.tradesPerDay, 24, 1e-12);
    expectNear(measures.closed, 40, 1e-12);
    expectNear(measures.liquidations, (40 * 730) / 48, 1e-9);
  });

  it("leave out what broke", () => {
    const { broke, kurtosis, leastDepth } = measuresOf(record([HOUR, HOUR], { broke: true }), 10);
    expect([broke, kurtosis, leastDepth]).to.deep.equal([1, NaN, 1]);
    expect(estimateOf([NaN, 1, 3])).to.deep.equal({ mean: 2, se: 1, paths: 2 });
    expect(estimateOf([NaN])).to.deep.equal({ mean: null, se: null, paths: 0 });
  });
});

describe("the cost of jitter", () => {
  const costs = { perEth: impactPerEth(0.3, 200), gasUsd: MAINNET_GAS_USD };

  it("is nothing without, and grows with its square", () => {
    const { spread, ...none } = jitterCost(0, costs);
    expect(spread).to.equal(0);
    for (const cost of Object.values(none)) expectNear(cost, 0, 1e-12);
    const [small, large] = [jitterCost(0.05, costs), jitterCost(0.1, costs)];
    for (const key of ["thresholdWidths", "optimalWidths", "optimalRedraw"] as const)
      expectNear(large[key] / small[key], 4, 0.1);
  });

  it("is what the long-run cost of bands says for widths, by another integral", () => {
    const model = marketModel(referenceMarket(costs));
    const { b, t, c } = impulseBand(model);
    const at = (factor: number): number => bandCost(model, { b: b * factor, t: t * factor }).c;
    // Simpson's rule over factors from 0.7 to 1.3.
    const simpson = (at(0.7) + 4 * at(0.85) + 2 * at(1) + 4 * at(1.15) + at(1.3)) / 12;
    expectNear(jitterCost(0.3, costs).optimalWidths, simpson / c - 1, 5e-4);
  });
});
