import { expect } from "chai";
import fc from "fast-check";

import { stepThresholds } from "../../keeper/math/expiryStep.ts";
import { impulseBand, type ImpulseModel } from "../../keeper/math/impulseBand.ts";
import { waitingShape } from "../../keeper/math/waitingValue.ts";
import { expectNear } from "../support/near.ts";

const DAY = 1 / 365;
const model: ImpulseModel = { a2: 60_000, h: 19, G: 5.4, ell: 1.6, kappa: 0 };
const levels = impulseBand(model);
const shape = waitingShape(model, levels, 1);
const at = (step: number, tau: number) => stepThresholds({ model, levels, shape, tau, step });

describe("the thresholds before a part of a book expires", () => {
  it("are the rest's own where nothing goes, and about the step where it goes at once", () => {
    for (const step of [0, -50, 20]) {
      const { low, lowTarget, highTarget, high } = at(step, 1e-5);
      const slack = 0.12 * (levels.b + Math.abs(step));
      expectNear(lowTarget, step - levels.t, slack);
      expectNear(highTarget, step + levels.t, slack);
      if (step <= 0) expectNear(low, step - levels.b, slack);
      if (step >= 0) expectNear(high, step + levels.b, slack);
    }
  });

  it("buy no hedge that is sold again before it has paid both fees", () => {
    // Short calls in the money whose 50 ETH of hedge go within the day: the marginal hedge saves 2·h·tau·|y| and costs 2·ell.
    for (const days of [0.5, 1]) {
      const { lowTarget, highTarget } = at(-50, days * DAY);
      const paid = -model.ell / (model.h * days * DAY);
      // A little more between t and b, where the last ETH of a sale is worth more than its fee.
      expect(lowTarget).to.be.within(1.25 * Math.max(paid, -50), 0.95 * Math.max(paid, -50 + levels.t));
      // What is there is not sold before its time.
      expect(highTarget).to.be.within(-2, levels.t);
    }
  });

  it("move with the step by about as much, and do not jump from point to point of the grid", () => {
    for (const step of [-60, -20, 20, 60]) {
      const here = at(step, DAY);
      const there = at(step + 0.01, DAY);
      for (const key of ["low", "lowTarget", "highTarget", "high"] as const)
        expect(Math.abs(there[key] - here[key]), `${key} at ${String(step)}`).to.be.below(0.1);
    }
  });

  it("lie in order where there is next to no fee, and rounding alone would part where both sides land", () => {
    const { lowTarget, highTarget } = stepThresholds({
      model: { a2: 1, h: 0.44, G: 0.41, ell: 1e-18, kappa: 0 },
      ...{ levels: { b: 6.4, t: 1.1 }, shape: { p: 0.018, q: 0 } },
      ...{ tau: 1e-6, step: 185 },
    });
    expect(highTarget).to.be.at.least(lowTarget);
  });

  it("turn with the step, and lie in order", () => {
    fc.assert(
      fc.property(
        fc.double({ min: -200, max: 200, noNaN: true }),
        fc.double({ min: 1e-6, max: 0.2, noNaN: true }),
        (step, tau) => {
          const here = at(step, tau);
          const there = at(-step, tau);
          const spacing = (levels.b + Math.abs(step) + Math.sqrt(model.G / shape.p)) / 40;
          expect(here.low).to.be.at.most(here.lowTarget);
          expect(here.lowTarget).to.be.at.most(here.highTarget);
          expect(here.highTarget).to.be.at.most(here.high);
          expectNear(there.lowTarget, -here.highTarget, 2 * spacing);
          expectNear(there.low, -here.high, 2 * spacing);
        },
      ),
    );
  });
});
