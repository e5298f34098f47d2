import { expect } from "chai";
import fc from "fast-check";

import { CATALOGUE, strategyNamed } from "../../../keeper/competitors/catalogue.ts";
import { strategySchema } from "../../../keeper/config/schema.ts";
import { PolicyInputError } from "../../../keeper/math/policyInputError.ts";
import { arbitraryInput } from "../utils/arbitraryInput.ts";
import { drifted, NOW, shortCalls } from "../utils/ruleInput.ts";

const context = { riskAversion: 1e-4 };
/** Those whose hedge is by another delta than the book's own, or capped: their trade may take drift away from zero. */
const OFF_CENTRE = new Set(["leland", "zakamouline", "lyra-avalon", "lyra-newport"]);

describe("the catalogue of strategies", () => {
  it("has everything that runs live, under its own name", () => {
    const live = strategySchema.options.map(({ shape }) => shape.name.value);
    expect(CATALOGUE.map(({ name }) => name)).to.include.members(live);
  });

  it("refuses what it does not know, naming what it does", () => {
    expect(() => strategyNamed("martingale", {}, context))
      .to.throw(PolicyInputError, /one of optimal-impulse, threshold, .*dual, got martingale/)
      .with.property("path", "strategy");
    expect(() => strategyNamed("rage", { second: 1 }, context))
      .to.throw(PolicyInputError, /no parameter of rage: it has seconds, fraction/)
      .with.property("path", "second");
  });

  it("puts live strategies under the limits, and nobody else", () => {
    const input = drifted(4, { limits: { delta: 3, minDrift: 0, maxAge: Infinity } });
    const reasonOf = (name: string) => strategyNamed(name, {}, context).decide(input).reason;
    expect(["threshold", "time", "volatility", "margin", "fixed-band"].map(reasonOf)).to.deep.equal(
      Array(5).fill("delta-limit"),
    );
    expect(["periodic", "band-to-centre", "rage"].map(reasonOf)).to.deep.equal(Array(3).fill("inside-band"));
    const limited = CATALOGUE.filter(({ name }) => strategyNamed(name, {}, context).isLimited === true);
    const live = strategySchema.options.map(({ shape }) => shape.name.value);
    expect(limited.map(({ name }) => name)).to.have.members(live);
  });

  it("takes risk aversion from what all share, unless it is given", () => {
    const width = (name: string, params: Record<string, number>) => {
      const { drift, trade } = strategyNamed(name, params, context).decide(
        drifted(200, { legs: [shortCalls] }),
      );
      return drift + trade;
    };
    for (const name of ["optimal-impulse", "whalley-wilmott", "zakamouline"]) {
      expect(width(name, { riskAversion: 1e-4 })).to.equal(width(name, {}));
      expect(width(name, { riskAversion: 1e-2 })).to.be.below(width(name, {}));
    }
  });

  it("jitters the default where that is asked for, so that its cost can be played", () => {
    const params = { jitter: 0.2, phase: 7 };
    const strategy = strategyNamed("optimal-impulse", params, context);
    expect(strategy.params).to.include({ ...params, riskAversion: 1e-4 });
    const reasons = Array.from({ length: 400 }, (_, i) => {
      const change = { legs: [shortCalls], lastRebalanceAt: NOW - 1 - i };
      return strategy.decide(drifted(20 - i / 20, change)).reason;
    });
    expect(reasons).to.include("jitter");
    expect(() => strategyNamed("optimal-impulse", { jitter: 0.6 }, context)).to.throw(PolicyInputError);
    expect(() => strategyNamed("optimal-impulse", { phase: 3 }, context)).to.throw(/belongs to jitter/);
    expect(() => strategyNamed("time", { jitter: 0.2 }, context)).to.throw(PolicyInputError, /no parameter/);
  });

  for (const { name, title, defaults, tunable, make } of CATALOGUE) {
    describe(name, () => {
      it("is made of its defaults, and of both ends of what may be tuned", () => {
        expect(title).to.match(/\w/);
        const made = Object.entries(make(defaults, context).params);
        expect(Object.fromEntries(made.filter(([key]) => key !== "riskAversion"))).to.deep.equal(defaults);
        for (const { key, from, to } of tunable) {
          expect(from).to.be.above(0).and.below(to);
          for (const value of [from, to])
            expect(strategyNamed(name, { [key]: value }, context).params).to.include({ [key]: value });
        }
        for (const key of [...Object.keys(defaults), ...tunable.map((range) => range.key)])
          for (const bad of [-3, NaN])
            expect(() => strategyNamed(name, { [key]: bad }, context), key).to.throw(PolicyInputError);
      });

      it("decides any book in any market, and never by more than there is to hedge", () => {
        const { decide } = make(defaults, context);
        fc.assert(
          fc.property(arbitraryInput, (input) => {
            const { action, reason, drift, trade } = decide(input);
            expect(Number.isFinite(drift) && Number.isFinite(trade)).to.equal(true);
            if (action === "hold") {
              expect(trade).to.equal(0);
              expect(input.marginCall).to.equal(false);
            } else {
              expect(trade !== 0 || reason === "margin").to.equal(true);
            }
            if (OFF_CENTRE.has(name) || trade === 0) return;
            expect(Math.abs(drift + trade)).to.be.below(Math.abs(drift));
          }),
          { numRuns: 300 },
        );
      });

      it("reads an input and changes nothing of it, and says the same again", () => {
        const strategy = make(defaults, context);
        const input = drifted(20, { legs: [shortCalls], lastRebalanceAt: NOW - 100_000 });
        const text = JSON.stringify(input);
        expect(strategy.decide(input)).to.deep.equal(strategy.decide(input));
        expect(JSON.stringify(input)).to.equal(text);
      });
    });
  }
});
