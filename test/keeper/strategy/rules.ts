import { expect } from "chai";

import { PolicyInputError } from "../../../keeper/math/policyInputError.ts";
import { margin } from "../../../keeper/strategy/margin.ts";
import { threshold } from "../../../keeper/strategy/threshold.ts";
import type { DecisionInput, Strategy } from "../../../keeper/strategy/types.ts";
import { volatility } from "../../../keeper/strategy/volatility.ts";
import { expectNear } from "../../support/near.ts";
import { drifted, idle } from "../utils/ruleInput.ts";

const trade = (strategy: Strategy, drift: number, change: Partial<DecisionInput> = {}): number => {
  const decision = strategy.decide(drifted(drift, change));
  expect(decision.action).to.equal(decision.trade === 0 ? "hold" : "rebalance");
  return decision.trade;
};
/** The least drift, to a thousandth, that a strategy acts on. */
const edgeOf = (strategy: Strategy, change: Partial<DecisionInput> = {}): number => {
  let drift = 0.001;
  while (trade(strategy, drift, change) === 0) drift += 0.001;
  return drift;
};

describe("threshold", () => {
  it("acts from its ETH on, and lands inside on the same side", () => {
    const strategy = threshold({ delta: 5, inner: 2 });
    expect(strategy.params).to.deep.equal({ delta: 5, inner: 2 });
    expect([4.999, 5, 40, -4.999, -5].map((drift) => trade(strategy, drift))).to.deep.equal([
      ...[0, -3, -38, 0, 3],
    ]);
    expect(trade(threshold({ delta: 5 }), -7)).to.equal(7);
  });

  it("does not look at the size of the book, nor at gas", () => {
    const large = [{ ...idle, quantity: 1e6 }];
    expect(trade(threshold({ delta: 5 }), 5, { legs: large, gasUsd: 1e9 })).to.equal(-5);
  });

  it("closes all of a hedge that has lost its book", () => {
    expect(trade(threshold({ delta: 5, inner: 2 }), 1, { legs: [] })).to.equal(-1);
  });

  it("answers a margin call, with its trade where it has one", () => {
    const { decide } = threshold({ delta: 5, inner: 2 });
    const called = { marginCall: true };
    expect(decide(drifted(6, called))).to.include({ action: "rebalance", reason: "margin", trade: -4 });
    expect(decide(drifted(4, called))).to.include({ action: "rebalance", reason: "margin", trade: 0 });
  });

  it("refuses what has no meaning", () => {
    for (const bad of [
      { delta: 0 },
      { delta: NaN },
      { delta: 1, inner: -1 },
      { delta: 1, inner: 1 },
      { delta: Infinity },
    ])
      expect(() => threshold(bad)).to.throw(PolicyInputError);
  });
});

describe("volatility", () => {
  const options = { fraction: 0.05, reference: 0.6 };

  it("is a share of the size at its reference, and narrows as the root of volatility", () => {
    // 5 % of 100 options; at four times the volatility half of that, at a quarter twice.
    expect([0.6, 2.4, 0.15].map((sigma) => Math.round(edgeOf(volatility(options), { sigma }) * 100))).to.eql([
      ...[500, 250, 1000],
    ]);
  });

  it("follows the exponent it is given", () => {
    expectNear(edgeOf(volatility({ ...options, exponent: -1 }), { sigma: 1.2 }), 2.5, 0.002);
    expectNear(edgeOf(volatility({ ...options, exponent: 0 }), { sigma: 1.2 }), 5, 0.002);
    expectNear(edgeOf(volatility({ ...options, exponent: 1 }), { sigma: 1.2 }), 10, 0.002);
  });

  it("is never four times wider or narrower than at its reference", () => {
    expectNear(edgeOf(volatility({ ...options, exponent: -2 }), { sigma: 3 }), 1.25, 0.002);
    expectNear(edgeOf(volatility({ ...options, exponent: -2 }), { sigma: 0.01 }), 20, 0.002);
  });

  it("lands at zero, and closes what has lost its book", () => {
    expect(trade(volatility(options), -9)).to.equal(9);
    expect(trade(volatility(options), 0.01, { legs: [] })).to.equal(-0.01);
  });

  it("refuses what has no meaning", () => {
    for (const bad of [{ fraction: 0 }, { reference: -1 }, { exponent: 2.1 }, { exponent: NaN }])
      expect(() => volatility({ ...options, ...bad })).to.throw(PolicyInputError);
    expect(() => volatility(options).decide(drifted(1, { sigma: 0 }))).to.throw(PolicyInputError);
  });
});

describe("margin", () => {
  const options = { trigger: 1.4, restore: 1.8, delta: 10 };
  const strategy = margin(options);
  const at = (healthFactor: number) => ({ observed: { healthFactor } });

  it("lets drift be while health is good, and where there is none", () => {
    expect([9.99, 10].map((drift) => trade(strategy, drift))).to.deep.equal([0, -10]);
    expect([9.99, -10].map((drift) => trade(strategy, drift, at(1.8)))).to.deep.equal([0, 10]);
    expect(trade(strategy, 9.99, at(Infinity))).to.equal(0);
    expect(strategy.decide(drifted(10, at(3)))).to.include({ reason: "rule" });
  });

  it("lets it be less the nearer health is to the trigger", () => {
    expectNear(edgeOf(strategy, at(1.6)), 5, 0.002);
    expectNear(edgeOf(strategy, at(1.5)), 2.5, 0.002);
  });

  it("hedges all that the chain takes from the trigger down", () => {
    for (const health of [1.4, 1.1]) {
      const decision = strategy.decide(drifted(0.02, at(health)));
      expect(decision).to.include({ action: "rebalance", reason: "margin", trade: -0.02 });
      const small = drifted(0.02, { ...at(health), limits: { delta: 1e9, minDrift: 0.1, maxAge: 1e9 } });
      expect(strategy.decide(small)).to.include({ action: "hold", reason: "below-trigger" });
    }
    expect(strategy.decide(drifted(0, at(1.1)))).to.include({ action: "hold", reason: "inside-band" });
  });

  it("refuses what has no meaning", () => {
    for (const bad of [{ trigger: 0.9 }, { trigger: NaN }, { restore: 1.4 }, { delta: 0 }])
      expect(() => margin({ ...options, ...bad })).to.throw(PolicyInputError);
    expect(() => strategy.decide(drifted(1, at(NaN)))).to.throw(PolicyInputError);
  });
});
