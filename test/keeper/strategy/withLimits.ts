import { expect } from "chai";
import fc from "fast-check";

import { PolicyInputError } from "../../../keeper/math/policyInputError.ts";
import { bookRisk } from "../../../keeper/strategy/bookRisk.ts";
import { deltaLimit } from "../../../keeper/strategy/deltaLimit.ts";
import { margin } from "../../../keeper/strategy/margin.ts";
import { optimalImpulse } from "../../../keeper/strategy/optimalImpulse.ts";
import { threshold } from "../../../keeper/strategy/threshold.ts";
import { time } from "../../../keeper/strategy/time.ts";
import type { DecisionInput, HardLimits, Strategy } from "../../../keeper/strategy/types.ts";
import { volatility } from "../../../keeper/strategy/volatility.ts";
import { withLimits } from "../../../keeper/strategy/withLimits.ts";
import { expectNear } from "../../support/near.ts";
import { arbitraryInput } from "../utils/arbitraryInput.ts";
import { drifted, NOW, quiet, shortCalls } from "../utils/ruleInput.ts";

const legs = [shortCalls];
const { gamma, vega } = bookRisk(legs, quiet.spot, NOW);

/** An input with 100 short calls, so many ETH of drift (and a hair, for rounding) and these limits. */
const limited = (drift: number, limits: Partial<HardLimits>, change: Partial<DecisionInput> = {}) =>
  drifted(drift + Math.sign(drift) * 1e-12, { legs, ...change, limits: { ...quiet.limits, ...limits } });

describe("the delta limit", () => {
  const at = (limits: Partial<HardLimits>) => deltaLimit(limited(0, { delta: 20, ...limits }));

  it("stands while gamma and vega are within theirs, or have none", () => {
    const untouched = { delta: 20, reason: "delta-limit" };
    expect(at({})).to.deep.equal(untouched);
    expect(at({ gamma: -gamma, vega: -vega })).to.deep.equal(untouched);
    expect(deltaLimit({ ...limited(0, { delta: 20, gamma: 1e-9, vega: 1e-9 }), legs: [] })).to.deep.equal(
      untouched,
    );
  });

  it("falls as the limit over the gamma or vega there is, down to a half", () => {
    expectNear(at({ gamma: -0.8 * gamma }).delta, 16, 1e-9);
    expect(at({ gamma: -0.8 * gamma }).reason).to.equal("gamma-limit");
    expectNear(at({ vega: -0.6 * vega }).delta, 12, 1e-9);
    expect(at({ vega: -0.6 * vega }).reason).to.equal("vega-limit");
    expect(at({ gamma: -0.1 * gamma })).to.deep.equal({ delta: 10, reason: "gamma-limit" });
    expect(at({ gamma: -0.9 * gamma, vega: -0.7 * vega }).reason).to.equal("vega-limit");
    expect(at({ gamma: -0.7 * gamma, vega: -0.9 * vega }).reason).to.equal("gamma-limit");
  });

  it("is refused without meaning", () => {
    expect(() => at({ gamma: 0 })).to.throw(PolicyInputError);
    expect(() => at({ vega: NaN })).to.throw(PolicyInputError);
  });
});

describe("a strategy with limits", () => {
  const never = withLimits(threshold({ delta: 1e9 }));
  const decided = (strategy: Strategy, input: DecisionInput) => {
    const { action, reason, drift, trade } = strategy.decide(input);
    const round = (eth: number) => Number(eth.toFixed(9));
    return { action, reason, drift: round(drift), trade: round(trade) };
  };

  it("says what it is as without", () => {
    expect(never).to.deep.include({ name: "threshold", params: { delta: 1e9, inner: 0 } });
  });

  it("acts at the delta limit whatever its rule, and hedges all", () => {
    expect(decided(never, limited(19.9, { delta: 20 }))).to.include({
      action: "hold",
      reason: "inside-band",
    });
    for (const drift of [20, -30])
      expect(decided(never, limited(drift, { delta: 20 }))).to.include({
        ...{ action: "rebalance", reason: "delta-limit", trade: -drift, drift },
      });
  });

  it("acts sooner past the limit of gamma or vega, and says so", () => {
    const tight = { delta: 20, gamma: -0.6 * gamma };
    expect(decided(never, limited(11.9, tight)).action).to.equal("hold");
    expect(decided(never, limited(12.1, tight))).to.include({ reason: "gamma-limit", trade: -12.1 });
    expect(decided(never, limited(20, tight)).reason).to.equal("delta-limit");
    expect(decided(never, limited(12.1, { delta: 20, vega: -0.6 * vega })).reason).to.equal("vega-limit");
  });

  it("acts on age once drift is worth the chain's trigger", () => {
    const old = { maxAge: 1000, minDrift: 0.5 };
    expect(decided(never, limited(0.6, old))).to.include({ action: "rebalance", reason: "age", trade: -0.6 });
    expect(decided(never, limited(0.4, old)).action).to.equal("hold");
    expect(decided(never, limited(0.6, { ...old, maxAge: 1001 })).action).to.equal("hold");
    expect(decided(never, limited(0.6, old, { lastRebalanceAt: null })).action).to.equal("hold");
  });

  it("holds what the chain would refuse", () => {
    expect(decided(never, limited(3, { delta: 2, minDrift: 4 }))).to.include({
      ...{ action: "hold", reason: "below-trigger", trade: 0 },
    });
  });

  it("takes the trade with a margin call where a limit asks for it", () => {
    const called = { marginCall: true };
    expect(decided(never, limited(25, { delta: 20 }, called))).to.include({ reason: "margin", trade: -25 });
    expect(decided(never, limited(5, { delta: 20 }, called))).to.include({ reason: "margin", trade: 0 });
  });

  it("lets a rule land where it will, but not past the limit", () => {
    const edgy = withLimits(threshold({ delta: 10, inner: 8 }));
    expect(decided(edgy, limited(12, { delta: 9 }))).to.include({ reason: "rule", trade: -4 });
    expect(decided(edgy, limited(12, { delta: 8 }))).to.include({ reason: "delta-limit", trade: -12 });
  });

  it("leaves the optimal rule its own landing, and the name of what made it act", () => {
    const bare = optimalImpulse({ riskAversion: 1e-7 });
    const strategy = withLimits(bare);
    const limit = 6;
    const input = limited(limit, { delta: limit });
    const decision = strategy.decide(input);
    expect(decision).to.deep.equal(bare.decide(input)).and.to.include({ reason: "delta-limit" });
    expect(decision.trade).to.be.greaterThan(-limit).and.to.be.below(0);
    const tight = limited(limit, { delta: 2 * limit, gamma: -0.5 * gamma });
    expect(bare.decide(tight).action).to.equal("hold");
    expect(strategy.decide(tight)).to.deep.equal({ ...decision, reason: "gamma-limit" });
  });

  it("changes nothing where no limit is reached", () => {
    // Without gas the best landing is the limit itself, but for what rounding makes of it.
    const gasless: DecisionInput = {
      ...{ timestamp: 1_722_643_200, spot: 500, hedgeDelta: -511.4619463409172, sigma: 0.05, gasUsd: 0 },
      legs: [
        {
          ...{ type: "put", strike: 1500, cap: 1400, expiry: 1_723_560_493, quantity: 499.9995561175907 },
          ...{ sigma: 1.9999999999999036, forwardRatio: 1.019999999999998 },
        },
      ],
      ...{ feeRate: 1e-5, kappa: 0, checkInterval: 1, lastRebalanceAt: null, marginCall: false },
      limits: { delta: 0.1, minDrift: 0.001, maxAge: 60 },
    };
    const one = optimalImpulse({ riskAversion: 1e-4 });
    fc.assert(
      fc.property(arbitraryInput, (input) => {
        const { delta, minDrift, maxAge } = input.limits;
        const plain = { ...input, limits: { delta, minDrift, maxAge } };
        expect(withLimits(one).decide(plain)).to.deep.equal(one.decide(plain));
      }),
      { numRuns: 200, examples: [[gasless]] },
    );
  });

  const strategies = [
    optimalImpulse({ riskAversion: 1e-4 }),
    threshold({ delta: 40, inner: 15 }),
    time({ seconds: 86_400 }),
    volatility({ fraction: 0.05, reference: 0.7 }),
    margin({ trigger: 1.4, restore: 1.7, delta: 20 }),
  ];
  for (const strategy of strategies) {
    it(`never rests past a limit, nor asks for what the chain refuses: ${strategy.name}`, () => {
      const { decide } = withLimits(strategy);
      fc.assert(
        fc.property(arbitraryInput, (input) => {
          const { action, reason, drift, trade } = decide(input);
          const { delta } = deltaLimit(input);
          const size = Math.abs(drift);
          const after = Math.abs(drift + trade);
          if (size >= input.limits.minDrift && size >= delta) {
            expect(action).to.equal("rebalance");
            expect(after).to.be.below(delta);
          }
          if (action === "hold") {
            expect(trade).to.equal(0);
          } else {
            expect(trade !== 0 || reason === "margin").to.equal(true);
            if (trade !== 0) expect(after).to.be.below(size);
            expect(size >= input.limits.minDrift || input.marginCall).to.equal(true);
          }
          if (reason === "gamma-limit" || reason === "vega-limit") {
            expect(size).to.be.within(delta, input.limits.delta);
          }
        }),
        { numRuns: 500 },
      );
    });
  }
});
