import { expect } from "chai";
import fc from "fast-check";
import { calibrateRiskAversion, trackingStd, type CalibrationInput } from "../../keeper/math/calibration.ts";
import { impulseBand, marketModel } from "../../keeper/math/impulseBand.ts";
import { PolicyInputError } from "../../keeper/math/policyInputError.ts";
import { expectNear } from "../support/near.ts";

const conditions: Omit<CalibrationInput, "targetStd"> = {
  spot: 3000,
  sigma: 0.6,
  gammaCap: 0.2,
  gasUsd: 36,
  feeRate: 0.0005,
  kappa: 0.01,
};

describe("calibrateRiskAversion", () => {
  it("finds the aversion whose band leaves sigma·S·√((b² + t²)/6) of risk", () => {
    const riskAversion = calibrateRiskAversion({ ...conditions, targetStd: 20_000 });
    const { b, t } = impulseBand(marketModel({ ...conditions, S: 3000, gamma: 0.2, riskAversion }));
    expectNear(0.6 * 3000 * Math.sqrt((b * b + t * t) / 6), 20_000, 1e-6);
  });

  it("inverts the risk of any market", () => {
    const log = (low: number, high: number): fc.Arbitrary<number> =>
      fc.double({ min: low, max: high, noNaN: true }).map((x) => 10 ** x);
    const markets = fc.record({
      spot: log(2, 5),
      sigma: log(-1, 0.5),
      gammaCap: log(-5, 1),
      gasUsd: fc.oneof(fc.constant(0), log(-2, 3)),
      feeRate: log(-5, -2),
      kappa: fc.oneof(fc.constant(0), log(-4, 0)),
    });
    fc.assert(
      fc.property(markets, log(-8, 0), (market, riskAversion) => {
        // Without gas b grows no more when it is t: the risk is still strictly monotone in A.
        const targetStd = trackingStd(market, riskAversion);
        const found = calibrateRiskAversion({ ...market, targetStd });
        expect(Math.abs(found / riskAversion - 1)).to.be.below(1e-10);
      }),
    );
  });

  it("is less averse the more risk is carried, and keeps the band's answer to gas and gamma", () => {
    const aversions = [5e3, 1e4, 2e4, 4e4].map((targetStd) =>
      calibrateRiskAversion({ ...conditions, targetStd }),
    );
    for (let i = 1; i < aversions.length; i++) expect(aversions[i]).to.be.below(aversions[i - 1]!);
    const riskAversion = aversions[2]!;
    const b = (change: object): number =>
      impulseBand(marketModel({ S: 3000, gamma: 0.2, riskAversion, ...conditions, ...change })).b;
    expect(b({ gasUsd: 72 })).to.be.above(b({}));
    // As gamma^⅔ without a fixed cost.
    expectNear(b({ gasUsd: 0, kappa: 0, gamma: 0.4 }) / b({ gasUsd: 0, kappa: 0 }), 2 ** (2 / 3), 1e-12);
  });

  it("refuses conditions without an answer", () => {
    for (const change of [
      { targetStd: 0 },
      { spot: -1 },
      { sigma: NaN },
      { gammaCap: 0 },
      { gasUsd: 0, feeRate: 0 },
    ]) {
      expect(() => calibrateRiskAversion({ ...conditions, targetStd: 1, ...change })).to.throw(
        PolicyInputError,
      );
    }
  });
});
