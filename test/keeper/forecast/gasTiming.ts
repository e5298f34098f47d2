import { expect } from "chai";
import fc from "fast-check";

import { effectiveGas, type GasTiming } from "../../../keeper/forecast/gasTiming.ts";
import { waitSaving } from "../../../keeper/forecast/waitRule.ts";
import { marketModel } from "../../../keeper/math/impulseBand.ts";
import { PolicyInputError } from "../../../keeper/math/policyInputError.ts";
import { expectNear } from "../../support/near.ts";

/** rho = k·b²/a² is 9. */
const CALM: GasTiming = { gas: 12, median: 12, s: 0.6, k: 1500, b: 6, a2: 6000 };
const STAR = 12 * Math.exp(0.6 * (0.2 - 0.36 * Math.log(9)));

describe("the effective gas", () => {
  it("is the formula of the policy", () => {
    const expected = 12 * (12 / STAR) ** (10 ** 0.3 - 1);
    expectNear(effectiveGas(CALM) / expected, 1, 1e-12);
  });

  it("is the gas itself where it does not move, where no time passes, and at the price that is worth taking", () => {
    expect(effectiveGas({ ...CALM, s: 0 })).to.equal(12);
    expect(effectiveGas({ ...CALM, k: 0 })).to.equal(12);
    expect(effectiveGas({ ...CALM, b: 0 })).to.equal(12);
    expect(effectiveGas({ ...CALM, a2: 0 })).to.equal(12);
    expect(effectiveGas({ ...CALM, gas: 0 })).to.equal(0);
    expectNear(effectiveGas({ ...CALM, gas: STAR }), STAR, 1e-12);
    expectNear(effectiveGas({ ...CALM, k: 1e-12 }), 12, 1e-6);
  });

  it("takes dear gas for dearer and cheap gas for cheaper, the more so the sooner gas reverts", () => {
    for (const rho of [1, 10, 100]) {
      const k = (rho * CALM.a2) / CALM.b ** 2;
      const faster = { ...CALM, k: 10 * k };
      expect(effectiveGas({ ...CALM, k, gas: 60 })).to.be.above(60);
      expect(effectiveGas({ ...faster, gas: 60 })).to.be.above(effectiveGas({ ...CALM, k, gas: 60 }));
      expect(effectiveGas({ ...CALM, k, gas: 1 })).to.be.below(1);
    }
  });

  it("grows with gas, does not depend on the unit, and stays finite", () => {
    const positive = fc.double({ min: 1e-6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(
        positive,
        positive,
        fc.double({ min: 0, max: 3, noNaN: true }),
        positive,
        positive,
        (gas, median, s, k, b) => {
          const timing = { ...CALM, gas, median, s, k, b };
          const taken = effectiveGas(timing);
          expect(taken > 0 && Number.isFinite(taken)).to.equal(true);
          expect(effectiveGas({ ...timing, gas: gas * 1.5 })).to.be.above(taken);
          const scaled = effectiveGas({ ...timing, gas: gas * 8, median: median * 8 });
          expectNear(scaled / (8 * taken), 1, 1e-6);
        },
      ),
    );
  });

  it("refuses what has no meaning", () => {
    for (const bad of [{ gas: -1 }, { median: 0 }, { s: NaN }, { k: -1 }, { b: Infinity }, { a2: -1 }]) {
      expect(() => effectiveGas({ ...CALM, ...bad }), JSON.stringify(bad)).to.throw(PolicyInputError);
    }
  });
});

describe("waiting for cheaper gas", function () {
  this.timeout(30_000);
  const book = { S: 3000, sigma: 0.6, gamma: 0.077, riskAversion: 1e-4, feeRate: 0.0005, kappa: 0.008 };

  it("saves trading cost at equal risk, the more the more gas moves: as the policy was measured", () => {
    // Of the policy: 7–9 %, 17–24 % and 34–37 % at a half-life of 4 h; between 5 and 30 gwei for this book.
    const at = (gwei: number, s: number) =>
      waitSaving({
        model: marketModel({ ...book, gasUsd: gwei * 1e-9 * 800_000 * book.S }),
        ...{ s, halfLifeHours: 4, seed: 7, crossings: 4000 },
      });
    for (const [s, low, high] of [
      [0.3, 0.09, 0.07],
      [0.6, 0.24, 0.17],
      [0.9, 0.37, 0.34],
    ] as const) {
      const [cheap, dear] = [at(5, s), at(30, s)];
      expect(cheap.againstMedian.mean, `5 gwei, ${String(s)}`).to.be.within(0.01, low);
      expect(dear.againstMedian.mean, `30 gwei, ${String(s)}`).to.be.within(high, 0.6);
      expect(dear.againstCurrent.mean, `against current gas, ${String(s)}`).to.be.above(
        2 * dear.againstCurrent.error,
      );
    }
  });

  it("is the same for the same seed and saves nothing where gas does not move", () => {
    const model = marketModel({ ...book, gasUsd: 12 });
    const simulation = { model, s: 0, halfLifeHours: 4, seed: 3, crossings: 400 };
    const still = waitSaving(simulation);
    expect(Math.abs(still.againstMedian.mean)).to.be.lessThan(1e-9);
    expect(still.againstMedian).to.deep.equal(still.againstCurrent);
    expect(waitSaving(simulation)).to.deep.equal(still);
  });
});
