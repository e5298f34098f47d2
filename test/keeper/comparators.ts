import { expect } from "chai";
import { PolicyInputError } from "../../keeper/math/policyInputError.ts";
import { fixedBand } from "../../keeper/strategy/fixedBand.ts";
import { time } from "../../keeper/strategy/time.ts";
import type { Decision, DecisionInput, OptionLeg } from "../../keeper/strategy/types.ts";

const NOW = 1_722_643_200;
/** Expired in the money, so that its delta is exactly −1 each, and not settled yet. */
const expired: OptionLeg = {
  type: "call",
  strike: 2000,
  cap: 9000,
  expiry: NOW - 60,
  quantity: -10,
  sigma: 0.7,
  forwardRatio: 1,
};
/** Far out of the money: delta is 0, but it counts as size. */
const live: OptionLeg = { ...expired, strike: 9e6, cap: 9e7, expiry: NOW + 86_400, quantity: 100 };

const quiet: DecisionInput = {
  timestamp: NOW,
  spot: 3000,
  legs: [expired, live],
  hedgeDelta: 10,
  sigma: 0.7,
  gasUsd: 8,
  feeRate: 0.0005,
  kappa: 0,
  checkInterval: 12,
  lastRebalanceAt: NOW - 1000,
  marginCall: false,
  limits: { delta: 1, minDrift: 0.5, maxAge: 10 },
};

describe("fixedBand", () => {
  const { decide } = fixedBand({ fraction: 0.05 });
  const at = (drift: number, change: Partial<DecisionInput> = {}): Decision =>
    decide({ ...quiet, hedgeDelta: 10 + drift, ...change });

  it("hedges to zero from its fraction of the live options on, and not before", () => {
    expect(at(4.75)).to.include({ action: "hold", reason: "inside-band", trade: 0, drift: 4.75 });
    expect(at(5)).to.deep.equal({
      action: "rebalance",
      reason: "rule",
      drift: 5,
      trade: -5,
      band: null,
      gain: null,
      cost: null,
    });
    expect(at(-7)).to.include({ action: "rebalance", trade: 7 });
    expect(
      decide({ ...quiet, legs: [expired, { ...live, quantity: -200 }], hedgeDelta: 18 }).action,
    ).to.equal("hold");
    // At its expiry an option no longer counts.
    expect(at(3, { legs: [expired, { ...live, expiry: NOW }] }).action).to.equal("rebalance");
  });

  it("does not look at gas", () => {
    expect(at(5, { gasUsd: 1e9 }).action).to.equal("rebalance");
  });

  it("holds what the chain would refuse and answers a margin call", () => {
    const limits = { ...quiet.limits, minDrift: 6 };
    expect(at(6, { limits }).action).to.equal("rebalance");
    expect(at(5.5, { limits })).to.include({ action: "hold", reason: "below-trigger", trade: 0 });
    expect(at(5.5, { limits, marginCall: true })).to.include({
      action: "rebalance",
      reason: "margin",
      trade: -5.5,
    });
    expect(at(1, { marginCall: true })).to.include({ action: "rebalance", reason: "margin", trade: 0 });
  });

  it("closes a hedge that has lost its book", () => {
    expect(at(0, { legs: [], hedgeDelta: 2 })).to.include({ action: "rebalance", reason: "rule", trade: -2 });
    expect(at(0, { legs: [], hedgeDelta: 0 })).to.include({ action: "hold", reason: "flat" });
  });
});

describe("time", () => {
  const { decide } = time({ seconds: 1000 });

  it("hedges to zero when its time has come, and the first time at once", () => {
    expect(decide({ ...quiet, hedgeDelta: 11 })).to.include({
      action: "rebalance",
      reason: "rule",
      trade: -1,
    });
    expect(decide({ ...quiet, hedgeDelta: 60, lastRebalanceAt: NOW - 999 }).action).to.equal("hold");
    expect(decide({ ...quiet, hedgeDelta: 9, lastRebalanceAt: null })).to.include({
      action: "rebalance",
      trade: 1,
    });
  });

  it("has nothing to do when level, and holds what the chain would refuse", () => {
    expect(decide(quiet)).to.include({ action: "hold", reason: "inside-band", trade: 0 });
    expect(decide({ ...quiet, hedgeDelta: 10.4 })).to.include({ action: "hold", reason: "below-trigger" });
  });
});

describe("the comparators' options", () => {
  it("must be above 0", () => {
    for (const bad of [0, -1, NaN]) {
      expect(() => fixedBand({ fraction: bad })).to.throw(PolicyInputError);
      expect(() => time({ seconds: bad })).to.throw(PolicyInputError);
    }
  });
});
