import { expect } from "chai";
import fc from "fast-check";
import { bandCost } from "../../keeper/math/bandCost.ts";
import { discreteCheckBand } from "../../keeper/math/discreteCheck.ts";
import { expiryFloor } from "../../keeper/math/expiryFloor.ts";
import { hardLimitLanding } from "../../keeper/math/hardLimit.ts";
import {
  impulseBand,
  marketModel,
  type ImpulseBand,
  type ImpulseModel,
} from "../../keeper/math/impulseBand.ts";
import { PolicyInputError } from "../../keeper/math/policyInputError.ts";
import { waitingValue } from "../../keeper/math/waitingValue.ts";
import vectors from "./vectors/impulse-band.json" with { type: "json" };
import { expectNear } from "../support/near.ts";

const relative = (actual: number, expected: number): number =>
  actual === expected ? 0 : Math.abs(actual - expected) / Math.max(Math.abs(expected), Number.MIN_VALUE);

/** 10^x for x uniform: the coefficients span the orders of magnitude of L2 dust to mainnet whales. */
const log = (low: number, high: number): fc.Arbitrary<number> =>
  fc.double({ min: low, max: high, noNaN: true }).map((x) => 10 ** x);
const orZero = (positive: fc.Arbitrary<number>): fc.Arbitrary<number> =>
  fc.oneof({ arbitrary: fc.constant(0), weight: 1 }, { arbitrary: positive, weight: 4 });

const models: fc.Arbitrary<ImpulseModel> = fc.record({
  a2: log(-4, 6),
  h: log(-2, 5),
  G: log(-3, 3),
  ell: orZero(log(-3, 1)),
  kappa: orZero(log(-4, 1)),
});

/** Central difference of the optimal cost rate in one coefficient. */
function slope(model: ImpulseModel, key: keyof ImpulseModel): number {
  const step = 1e-5 * model[key];
  const above = impulseBand({ ...model, [key]: model[key] + step }).c;
  const below = impulseBand({ ...model, [key]: model[key] - step }).c;
  return (above - below) / (2 * step);
}

describe("impulseBand", () => {
  for (const [row, { name, input, model, out }] of vectors.entries()) {
    it(`meets vector ${row}, ${name}, to 1e-12`, () => {
      const band = impulseBand("S" in input ? marketModel(input as never) : (input as ImpulseModel));
      for (const [key, expected] of Object.entries(out)) {
        const actual = band[key as keyof ImpulseBand];
        if (expected === null) expect(actual, key).to.equal(Infinity);
        else expect(relative(actual, expected), `${key} = ${actual}, not ${expected}`).to.be.below(1e-12);
      }
      if ("S" in input) {
        for (const [key, expected] of Object.entries(model)) {
          const actual = marketModel(input as never)[key as keyof ImpulseModel];
          expect(relative(actual, expected), key).to.be.below(1e-12);
        }
      }
    });
  }

  it("solves both of its equations", () => {
    fc.assert(
      fc.property(models, (model) => {
        const { b, t, m, w } = impulseBand(model);
        const alpha = (1.5 * model.a2) / model.h;
        const slopeOfCost = alpha * (model.ell + 2 * model.kappa * w);
        expect(relative(2 * m * b * t, slopeOfCost)).to.be.below(1e-12);
        expect(relative(2 * m * w ** 3 + 4 * alpha * model.kappa * w * w, 4 * alpha * model.G)).to.be.below(
          1e-12,
        );
        // (1) again, from b and t themselves: this is where a t taken from b − w would lose its digits.
        expect(Math.abs(m * 2 - (b + t))).to.be.below(1e-12 * b);
        expect(Math.abs(w - (b - t))).to.be.below(1e-12 * b);
      }),
    );
  });

  it("has the cost's derivatives as trades, their sizes and the mean square", () => {
    fc.assert(
      fc.property(models, (model) => {
        const { tradesPerYear: N, w, meanSquareDelta } = impulseBand(model);
        expect(relative(slope(model, "G"), N), "dc/dG = N").to.be.below(1e-5);
        expect(relative(slope(model, "h"), meanSquareDelta), "dc/dh = E[d²]").to.be.below(1e-5);
        if (model.ell > 0) {
          expect(Math.abs(slope(model, "ell") - N * w), "dc/dell = N·w").to.be.below(
            1e-5 * N * w + noise(model, "ell"),
          );
        }
        if (model.kappa > 0) {
          const expected = N * w * w;
          expect(Math.abs(slope(model, "kappa") - expected), "dc/dkappa = N·w²").to.be.below(
            1e-5 * expected + noise(model, "kappa"),
          );
        }
      }),
    );
  });

  it("is the cheapest band: any other (b, t) costs more", () => {
    fc.assert(
      fc.property(
        models,
        fc.double({ min: 0.5, max: 2, noNaN: true }),
        fc.double({ min: 0, max: 0.99, noNaN: true }),
        (model, stretch, ratio) => {
          const band = impulseBand(model);
          expect(relative(bandCost(model, band).c, band.c)).to.be.below(1e-9);
          const b = band.b * stretch;
          expect(bandCost(model, { b, t: b * ratio }).c).to.be.at.least(band.c * (1 - 1e-9));
        },
      ),
    );
  });

  it("scales as gamma^⅔ when fees dominate and as the root of gamma when gas does", () => {
    const fees: ImpulseModel = { a2: 1e4, h: 50, G: 0, ell: 1.5, kappa: 0 };
    const gas: ImpulseModel = { a2: 1e4, h: 50, G: 30, ell: 0, kappa: 0 };
    const eightfold = (model: ImpulseModel): number =>
      impulseBand({ ...model, a2: model.a2 * 64 }).b / impulseBand(model).b;
    expectNear(eightfold(fees), 4, 1e-12);
    expectNear(eightfold(gas), Math.sqrt(8), 1e-12);
    // Whalley and Wilmott's exponent with the exact constant; and the pure gas limit.
    expectNear(impulseBand(fees).b ** 3, (0.75 * fees.a2 * fees.ell) / fees.h, 1e-9);
    expectNear(impulseBand(gas).b ** 4, (6 * gas.a2 * gas.G) / gas.h, 1e-6);
    expect(impulseBand(gas).t).to.equal(0);
  });

  it("approaches the band without gas as gas vanishes", () => {
    const limit = impulseBand({ a2: 3, h: 2, G: 0, ell: 0.7, kappa: 0.4 });
    expect(limit.b).to.equal(limit.t);
    let last = Infinity;
    for (const G of [1e-3, 1e-6, 1e-9, 1e-12, 1e-15]) {
      const { b, t, c } = impulseBand({ a2: 3, h: 2, G, ell: 0.7, kappa: 0.4 });
      const distance = Math.abs(b - limit.b) + Math.abs(t - limit.t) + Math.abs(c - limit.c);
      expect(distance).to.be.below(last);
      last = distance;
    }
    expect(last).to.be.below(1e-4);
  });

  it("keeps t at or below b also where the trade is smaller than the digits of b", () => {
    const extreme = log(-12, 12);
    const thin = { a2: 4.1e10, h: 3.7e-8, G: 1.7e-10, ell: 1317, kappa: 2.9e9 };
    fc.assert(
      fc.property(
        fc.record({ a2: extreme, h: extreme, G: extreme, ell: extreme, kappa: extreme }),
        (model) => {
          const { b, t } = impulseBand(model);
          expect(t).to.be.within(0, b);
        },
      ),
      { numRuns: 20_000, examples: [[thin]] },
    );
  });

  it("closes without diffusion, and without costs", () => {
    for (const model of [
      { a2: 0, h: 1, G: 1, ell: 1, kappa: 1 },
      { a2: 0, h: 1, G: 0, ell: 0, kappa: 0 },
    ]) {
      expect(impulseBand(model)).to.include({ b: 0, t: 0, c: 0, w: 0, tradesPerYear: 0, meanSquareDelta: 0 });
    }
    expect(impulseBand({ a2: 1, h: 1, G: 0, ell: 0, kappa: 0 })).to.include({
      b: 0,
      c: 0,
      tradesPerYear: Infinity,
    });
  });

  it("refuses what has no optimum, naming the coefficient", () => {
    const good: ImpulseModel = { a2: 1, h: 1, G: 1, ell: 1, kappa: 1 };
    const refusal = (change: Partial<ImpulseModel>): string => {
      try {
        impulseBand({ ...good, ...change });
      } catch (error) {
        if (error instanceof PolicyInputError) return error.path;
        throw error;
      }
      return "accepted";
    };
    for (const key of ["a2", "h", "G", "ell", "kappa"] as const) {
      for (const bad of [-1, NaN, Infinity]) expect(refusal({ [key]: bad }), `${key} = ${bad}`).to.equal(key);
    }
    expect(refusal({ h: 0 })).to.equal("h");
    expect(refusal({ G: 0, ell: 0 })).to.equal("G");
    expect(refusal({ G: 0, ell: 0, kappa: 0 })).to.equal("accepted");
  });
});

describe("waitingValue", () => {
  it("is c·d²/a2 − h·d⁴/(6·a2) inside the long-run band", () => {
    fc.assert(
      fc.property(models, fc.double({ min: 0, max: 0.999, noNaN: true }), (model, fraction) => {
        const band = impulseBand(model);
        const d = fraction * band.b;
        const expected = (band.c * d * d - (model.h * d ** 4) / 6) / model.a2;
        const scale = (band.c * band.b ** 2) / model.a2;
        expect(Math.abs(waitingValue(model, band).valueOfWaiting(d) - expected)).to.be.below(1e-9 * scale);
      }),
    );
  });

  const floored = fc
    .tuple(models, fc.option(log(-5, 1)), fc.double({ min: 0, max: 0.3, noNaN: true }))
    .map(([model, tau, gap]) => {
      const longRun = impulseBand(model);
      const levels = tau === null ? { ...longRun, curvature: 1 } : expiryFloor(model, longRun, tau);
      const interval = (gap * longRun.b ** 2) / model.a2;
      const b = discreteCheckBand(levels.b, levels.t, Math.sqrt(model.a2), interval);
      return { model, levels: { ...levels, b } };
    });

  it("has gain and cost meet at b, and gain below cost inside, with or without an expiry and a check interval", () => {
    fc.assert(
      fc.property(floored, fc.double({ min: 0, max: 3, noNaN: true }), ({ model, levels }, fraction) => {
        const value = waitingValue(model, levels, levels.curvature);
        const d = -fraction * levels.b;
        expect(value.gain(d) >= value.cost(d)).to.equal(Math.abs(d) >= levels.b);
        expect(value.acts(d)).to.equal(Math.abs(d) >= levels.b);
        if (levels.b > levels.t) {
          const just = levels.b - 1e-9 * (levels.b - levels.t);
          expect(relative(value.gain(just), value.cost(just))).to.be.below(1e-6);
        }
      }),
    );
  });

  it("lands at t without price impact, and where V'(y) = K'(|d| − y) after a jump with it", () => {
    fc.assert(
      fc.property(models, fc.double({ min: 1, max: 1.5, noNaN: true }), (model, jump) => {
        const band = impulseBand(model);
        const value = waitingValue(model, band);
        const d = band.b * jump;
        const y = value.landing(d);
        expect(y).to.be.within(band.t, band.b);
        if (model.kappa === 0) expect(y).to.equal(band.t);
        const total = (at: number): number =>
          value.valueOfWaiting(at) + model.G + (d - at) * (model.ell + model.kappa * (d - at));
        for (const other of [0.2, 0.5, 0.8]) {
          const at = band.t + other * (band.b - band.t);
          expect(total(y)).to.be.at.most(total(at) * (1 + 1e-9));
        }
      }),
    );
  });

  it("lands deeper in the band the farther the jump, when trades move the price", () => {
    const model: ImpulseModel = { a2: 1, h: 1, G: 1, ell: 1, kappa: 0.1 };
    const band = impulseBand(model);
    const value = waitingValue(model, band);
    const landings = [1, 1.2, 1.4, 1.6].map((jump) => value.landing(band.b * jump));
    expectNear(landings[0], band.t, 1e-9);
    for (let i = 1; i < landings.length; i++) expect(landings[i]).to.be.above(landings[i - 1]!);
    // V'(y) = K'(|d| − y), the slope of V taken numerically.
    const y = landings[2]!;
    const slopeOfV = (value.valueOfWaiting(y + 1e-6) - value.valueOfWaiting(y - 1e-6)) / 2e-6;
    expectNear(slopeOfV, model.ell + 2 * model.kappa * (band.b * 1.4 - y), 1e-6);
  });
});

describe("expiryFloor", () => {
  it("is the long-run band far from expiry and the one-trade rule at it", () => {
    const model: ImpulseModel = { a2: 400, h: 100, G: 10, ell: 1.5, kappa: 0.02 };
    const longRun = impulseBand(model);
    const far = expiryFloor(model, longRun, 1e6);
    expect(relative(far.b, longRun.b)).to.be.below(1e-9);
    expectNear(far.curvature, 1, 1e-9);
    // Without diffusion: b and t solve h·tau·(b² − t²) = K(b − t), 2·h·tau·t = K'(b − t).
    const tau = 0.01;
    const still = { ...model, a2: 0 };
    const { b, t, curvature } = expiryFloor(still, impulseBand(still), tau);
    const w = b - t;
    expect(curvature).to.equal(0);
    expect(
      relative(model.h * tau * (b * b - t * t), model.G + model.ell * w + model.kappa * w * w),
    ).to.be.below(1e-12);
    expect(relative(2 * model.h * tau * t, model.ell + 2 * model.kappa * w)).to.be.below(1e-12);
  });

  it("only ever widens, and the more the nearer", () => {
    fc.assert(
      fc.property(models, log(-5, 0), (model, tau) => {
        const longRun = impulseBand(model);
        const later = expiryFloor(model, longRun, tau);
        const sooner = expiryFloor(model, longRun, tau / 2);
        expect(later.b).to.be.at.least(longRun.b * (1 - 1e-12));
        expect(sooner.b).to.be.above(later.b * (1 - 1e-12));
        expect(sooner.t).to.be.at.least(later.t * (1 - 1e-12));
      }),
    );
  });
});

describe("hardLimitLanding", () => {
  it("is the optimal t at the optimal b, and the cheapest landing below it", () => {
    fc.assert(
      fc.property(
        models,
        fc.double({ min: 0.1, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (model, cut, ratio) => {
          const band = impulseBand(model);
          expect(Math.abs(hardLimitLanding(model, band.b) - band.t)).to.be.below(1e-7 * band.b);
          const B = cut * band.b;
          const t = hardLimitLanding(model, B);
          expect(bandCost(model, { b: B, t }).c).to.be.at.most(
            bandCost(model, { b: B, t: ratio * B }).c * (1 + 1e-9),
          );
        },
      ),
    );
  });
});

/** What rounding of c leaves in a central difference. */
function noise(model: ImpulseModel, key: keyof ImpulseModel): number {
  return (1e-15 * impulseBand(model).c) / (1e-5 * model[key]);
}
