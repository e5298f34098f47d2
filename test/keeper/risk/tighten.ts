import { expect } from "chai";
import fc from "fast-check";

import { riskSchema, type RiskSettings } from "../../../keeper/config/riskSettings.ts";
import { RISK_LEVELS } from "../../../keeper/risk/riskRules.ts";
import { tighten } from "../../../keeper/risk/tighten.ts";
import { deltaLimit } from "../../../keeper/strategy/deltaLimit.ts";
import { optimalImpulse } from "../../../keeper/strategy/optimalImpulse.ts";
import { stretchOf } from "../../../keeper/strategy/realisedGain.ts";
import { threshold } from "../../../keeper/strategy/threshold.ts";
import type { Decision, DecisionInput, Strategy } from "../../../keeper/strategy/types.ts";
import { withLimits } from "../../../keeper/strategy/withLimits.ts";
import { arbitraryInput } from "../utils/arbitraryInput.ts";
import { RISK } from "../utils/riskFacts.ts";
import { drifted, quiet, shortCalls } from "../utils/ruleInput.ts";

const part = fc.double({ min: 1e-6, max: 1, noNaN: true });
/** Whatever settings the schema lets through. */
const tightenings: fc.Arbitrary<RiskSettings["tighten"]> = fc
  .record({
    cautious: fc.record({ delta: part, age: part }),
    defensive: fc.record({
      delta: part,
      age: part,
      riskAversion: fc.double({ min: 1, max: 100, noNaN: true }),
    }),
  })
  .filter((tighten) => riskSchema.safeParse({ tighten }).success);
const levels = fc.constantFrom(...RISK_LEVELS);

const impulse = withLimits(optimalImpulse({ riskAversion: 1e-4 }));
/** Trades only what a limit asks for. */
const lazy = withLimits(threshold({ delta: 1e12 }));
const wild = (trade: number, reason: Decision["reason"] = "rule"): Strategy => ({
  name: "wild",
  params: {},
  decide: ({ hedgeDelta }) => {
    const drift = hedgeDelta;
    return {
      action: "rebalance",
      reason,
      drift,
      trade,
      band: { b: 1, t: 0, c: 0, centre: 0 },
      gain: 0,
      cost: 0,
    };
  },
});

describe("what a risk state does", () => {
  it("shrinks the limits step by step, and asks a strategy for more care", () => {
    const input = { ...quiet, limits: { delta: 20, minDrift: 0.1, maxAge: 604_800, gamma: 1, vega: 2 } };
    const at = (level: (typeof RISK_LEVELS)[number]) => {
      const { limits, caution } = tighten(input, level, RISK.tighten);
      return [limits.delta, limits.maxAge / 86_400, caution];
    };
    expect(tighten(input, "normal", RISK.tighten)).to.equal(input);
    expect(at("cautious")).to.deep.equal([15, 3.5, undefined]);
    expect(at("defensive")).to.deep.equal([10, 1.75, { riskAversion: 4, reduceOnly: false }]);
    expect(at("halt")).to.deep.equal([10, 1.75, { riskAversion: 4, reduceOnly: true }]);
    expect(tighten(input, "halt", RISK.tighten)).to.deep.include({ gasUsd: 8, legs: input.legs });
  });

  it("never loosens anything, whatever the input, the level and the settings", () => {
    fc.assert(
      fc.property(arbitraryInput, levels, tightenings, (input, level, tightening) => {
        const { limits, caution, ...rest } = tighten(input, level, tightening);
        const { limits: own, ...others } = input;
        expect(rest).to.deep.equal(others);
        expect(limits.delta).to.be.at.most(own.delta);
        // Not below what the vault would refuse, where the operator's own was not.
        expect(limits.delta).to.be.at.least(Math.min(own.delta, own.minDrift));
        expect(limits.delta).to.be.above(0);
        expect(limits.maxAge).to.be.at.most(own.maxAge);
        expect([limits.minDrift, limits.gamma, limits.vega]).to.deep.equal([
          own.minDrift,
          own.gamma,
          own.vega,
        ]);
        expect(caution?.riskAversion ?? 1).to.be.at.least(1);
        const after = { ...input, limits };
        expect(deltaLimit(after).delta).to.be.at.most(deltaLimit(input).delta);
      }),
      { numRuns: 500 },
    );
  });

  it("acts on every limit that it acted on, at every level", () => {
    let acted = 0;
    fc.assert(
      fc.property(arbitraryInput, levels, tightenings, (input, level, tightening) => {
        const [own, tight] = [lazy.decide(input), lazy.decide(tighten(input, level, tightening))];
        if (own.action !== "rebalance") return;
        acted += 1;
        expect(tight.action).to.equal("rebalance");
        // What a margin call alone would have left, a tighter limit may hedge too.
        expect(Math.abs(tight.drift + tight.trade)).to.be.at.most(Math.abs(own.drift + own.trade));
      }),
      { numRuns: 500 },
    );
    expect(acted).to.be.greaterThan(50);
  });

  it("never stops de-risking: halted, it trades what it would, as far as zero", () => {
    let traded = 0;
    fc.assert(
      fc.property(arbitraryInput, (input) => {
        const halted = tighten(input, "halt", RISK.tighten);
        const free = { ...halted, caution: { ...halted.caution!, reduceOnly: false } };
        const [open, reduced] = [impulse.decide(free), impulse.decide(halted)];
        expect(reduced.action).to.equal(open.action);
        if (open.action !== "rebalance" || open.trade === 0) return;
        traded += 1;
        const isAcross = Math.abs(open.trade) > Math.abs(open.drift);
        expect(reduced.trade).to.equal(isAcross ? -open.drift : open.trade);
      }),
      { numRuns: 1000 },
    );
    expect(traded).to.be.greaterThan(100);
  });

  it("lets nothing through that adds drift while it halts, and a margin call in any case", () => {
    const halted = (hedgeDelta: number): DecisionInput =>
      tighten(
        { ...quiet, legs: [], hedgeDelta, limits: { ...quiet.limits, delta: 100 } },
        "halt",
        RISK.tighten,
      );
    const decided = (trade: number, reason?: Decision["reason"]) => {
      const { action, reason: why, trade: made } = withLimits(wild(trade, reason)).decide(halted(5));
      return [action, why, made];
    };
    expect(decided(3)).to.deep.equal(["hold", "reduce-only", 0]);
    expect(decided(-3)).to.deep.equal(["rebalance", "rule", -3]);
    expect(decided(-8)).to.deep.equal(["rebalance", "rule", -5]);
    expect(decided(3, "margin")).to.deep.equal(["rebalance", "margin", 0]);
    expect(decided(0, "margin")).to.deep.equal(["rebalance", "margin", 0]);
  });

  it("makes the default strategy act at a smaller drift", () => {
    const input = drifted(0, { legs: [shortCalls], limits: { delta: 1e6, minDrift: 0.1, maxAge: 1e9 } });
    const band = (level: (typeof RISK_LEVELS)[number]) =>
      impulse.decide(tighten(input, level, RISK.tighten)).band!.b;
    expect(band("cautious")).to.equal(band("normal"));
    expect(band("defensive")).to.be.within(0.5 * band("normal"), 0.85 * band("normal"));
  });

  it("measures what a trade saved by the operator's own aversion, until the narrower band is reached", () => {
    const input = drifted(60, { legs: [shortCalls], limits: { delta: 1e6, minDrift: 0.1, maxAge: 1e9 } });
    const stretch = (level: (typeof RISK_LEVELS)[number]) => {
      const tight = tighten(input, level, RISK.tighten);
      return stretchOf(tight, impulse.decide(tight), 1e-4)!;
    };
    expect(stretch("defensive").riskAversion).to.equal(1e-4);
    expect(stretch("defensive").b / stretch("normal").b).to.be.within(0.5, 0.85);
  });
});
