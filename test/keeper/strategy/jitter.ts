import { expect } from "chai";
import fc from "fast-check";

import type { StrategyChoice } from "../../../keeper/config/schema.ts";
import { PolicyInputError } from "../../../keeper/math/policyInputError.ts";
import { recordedStrategy } from "../../../keeper/replay/recordedStrategy.ts";
import { deltaLimit } from "../../../keeper/strategy/deltaLimit.ts";
import { jitterFactor, jitterOf, phaseOf, withJitter } from "../../../keeper/strategy/jitter.ts";
import { selectStrategy } from "../../../keeper/strategy/select.ts";
import { threshold } from "../../../keeper/strategy/threshold.ts";
import type { Decision, DecisionInput, Strategy } from "../../../keeper/strategy/types.ts";
import { expectNear } from "../../support/near.ts";
import { arbitraryInput } from "../utils/arbitraryInput.ts";
import { drifted, NOW, shortCalls } from "../utils/ruleInput.ts";

const VAULT = "0x59b670e9fA9D0A427751Af201D676719a970857b";
const PHASE = phaseOf(VAULT, 1);
const jitter = { spread: 0.2, phase: PHASE };
const RISK_AVERSION = 1e-5;

const CHOICES: readonly StrategyChoice[] = [
  { name: "optimal-impulse", params: {} },
  { name: "threshold", params: { delta: 40, inner: 15 } },
  { name: "time", params: { seconds: 86_400 } },
  { name: "volatility", params: { fraction: 0.05, reference: 0.7, exponent: -0.5 } },
  { name: "margin", params: { trigger: 1.4, restore: 1.7, delta: 20 } },
  { name: "fixed-band", params: { fraction: 0.05 } },
];
const select = (choice: StrategyChoice, spread: number, phase = PHASE): Promise<Strategy> =>
  selectStrategy(choice, {
    riskAversion: RISK_AVERSION,
    jitter: spread === 0 ? null : { spread, phase },
  });

/** A last rebalance whose factor is about what is asked for. */
function rebalancedAt(factor: number): number {
  for (let at = NOW - 5000; at > NOW - 50_000; at--)
    if (Math.abs(jitterFactor(jitter, at) - factor) < 0.01) return at;
  throw new Error("no such factor");
}

/** The drift from which on a strategy acts, to one side. */
function edgeOf(
  strategy: Strategy,
  side: 1 | -1,
  change: Partial<DecisionInput>,
): { edge: number; at: Decision } {
  const decide = (drift: number) => strategy.decide(drifted(side * drift, { legs: [shortCalls], ...change }));
  let [low, high] = [1e-3, 90];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (decide(middle).action === "hold") low = middle;
    else high = middle;
  }
  return { edge: side * high, at: decide(high) };
}

describe("jitter", () => {
  it("draws each factor from the whole range, evenly, by vault, chain and last rebalance", () => {
    const factors = Array.from({ length: 4000 }, (_, i) => jitterFactor(jitter, NOW + 12 * i));
    expect(Math.min(...factors)).to.be.within(0.8, 0.802);
    expect(Math.max(...factors)).to.be.within(1.198, 1.2);
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(factors)).to.be.within(0.995, 1.005);
    expect(mean(factors.map((factor) => (factor - 1) ** 2)) / (0.2 ** 2 / 3)).to.be.within(0.95, 1.05);
    // Neighbours in time and in address have nothing to do with each other.
    const products = factors.slice(1).map((factor, i) => (factor - 1) * (factors[i]! - 1));
    expect(Math.abs(mean(products)) / (0.2 ** 2 / 3)).to.be.below(0.05);
    const next = `${VAULT.slice(0, -1)}c`;
    const of = (vault: string, chain: number) =>
      jitterFactor({ spread: 0.2, phase: phaseOf(vault, chain) }, NOW);
    expect(new Set([of(VAULT, 1), of(next, 1), of(VAULT, 10), of(VAULT, 42_161)])).to.have.lengthOf(4);
    expect(of(VAULT, 1)).to.equal(of(VAULT.toLowerCase(), 1)).and.to.equal(jitterFactor(jitter, NOW));
    expect(jitterFactor(jitter, null)).to.be.within(0.8, 1.2);
  });

  it("is refused without meaning, and is none at 0", () => {
    const make = (factor: number) => threshold({ delta: 5 * factor });
    for (const spread of [0, -0.1, 0.51, NaN])
      expect(() => withJitter({ spread, phase: 1 }, make)).to.throw(PolicyInputError, /at most 0\.5/);
    for (const phase of [-1, 0.5, NaN, 2 ** 60])
      expect(() => withJitter({ spread: 0.1, phase }, make)).to.throw(PolicyInputError);
    expect(jitterOf(0, VAULT, 1)).to.equal(null);
    expect(jitterOf(0.2, VAULT, 1)).to.deep.equal(jitter);
  });

  for (const side of [1, -1] as const) {
    for (const wanted of [0.82, 1.18]) {
      it(`moves the band's ${side > 0 ? "upper" : "lower"} edge by ${String(wanted)} of a trade, and no landing`, async () => {
        const lastRebalanceAt = rebalancedAt(wanted);
        const factor = jitterFactor(jitter, lastRebalanceAt);
        const plain = edgeOf(await select(CHOICES[0]!, 0), side, { lastRebalanceAt });
        const moved = edgeOf(await select(CHOICES[0]!, 0.2), side, { lastRebalanceAt });
        const landing = plain.at.band!.centre + side * plain.at.band!.t;
        expectNear(moved.edge, landing + factor * (plain.edge - landing), 1e-6);
        // A wider trade lands where the impact of its size has it.
        if (wanted < 1) expectNear(moved.edge + moved.at.trade, landing, 1e-6);
        expect(moved.at.reason).to.equal(wanted < 1 ? "jitter" : "gain-over-gas");
        expect(moved.at.gain! - moved.at.cost!).to.be[wanted < 1 ? "below" : "above"](0);
        // The band that is shown is the one that holds.
        const { b, centre, lean = 0 } = moved.at.band!;
        expectNear(centre + lean + side * b, moved.edge, 1e-6);
      });
    }
  }

  it("moves what other rules act at: their drift, or their time", async () => {
    const lastRebalanceAt = rebalancedAt(1.15);
    const factor = jitterFactor(jitter, lastRebalanceAt);
    for (const choice of CHOICES.slice(1).filter(({ name }) => name !== "time")) {
      const plain = edgeOf(await select(choice, 0), 1, { lastRebalanceAt });
      const moved = edgeOf(await select(choice, 0.2), 1, { lastRebalanceAt });
      const landing = plain.edge + plain.at.trade;
      expectNear(moved.edge, landing + factor * (plain.edge - landing), 1e-9);
      expectNear(moved.edge + moved.at.trade, landing, 1e-9);
    }
    const clock = await select({ name: "time", params: { seconds: 1000 } }, 0.2);
    const after = (seconds: number) =>
      clock.decide(drifted(3, { lastRebalanceAt, timestamp: lastRebalanceAt + seconds })).action;
    expect([after(1000 * factor - 0.1), after(1000 * factor + 0.1)]).to.deep.equal(["hold", "rebalance"]);
  });

  it("lets a limit have its own trade, at once", async () => {
    const lastRebalanceAt = rebalancedAt(1.18);
    const [plain, late] = [await select(CHOICES[0]!, 0), await select(CHOICES[0]!, 0.2)];
    const { edge } = edgeOf(plain, 1, { lastRebalanceAt });
    const at = (limits: DecisionInput["limits"]) =>
      drifted(edge + 0.01, { legs: [shortCalls], lastRebalanceAt, limits });
    const free = { delta: Infinity, minDrift: 1e-6, maxAge: Infinity };
    expect(late.decide(at(free))).to.include({ action: "hold", reason: "inside-band", trade: 0 });
    for (const limits of [
      { ...free, delta: edge },
      { ...free, maxAge: 60 },
    ]) {
      const { action, trade } = late.decide(at(limits));
      expect([action, trade]).to.deep.equal(["rebalance", plain.decide(at(limits)).trade]);
    }
    const early = drifted(edge * 0.95, { legs: [shortCalls], lastRebalanceAt: rebalancedAt(0.82) });
    expect(late.decide(early).reason).to.equal("jitter");
    const refused = { ...early, limits: { ...early.limits, minDrift: edge } };
    expect(late.decide(refused)).to.include({ action: "hold", reason: "below-trigger", trade: 0 });
  });

  for (const choice of CHOICES) {
    it(`never rests past a limit, nor leads away from zero, and comes out again: ${choice.name}`, async () => {
      const strategy = await select(choice, 0.5);
      const again = await recordedStrategy(strategy.name, JSON.parse(JSON.stringify(strategy.params)));
      expect(again.params).to.deep.equal(strategy.params).and.to.include({ jitter: 0.5, phase: PHASE });
      fc.assert(
        fc.property(arbitraryInput, (input) => {
          const decision = strategy.decide(input);
          expect(again.decide(input)).to.deep.equal(decision);
          const { action, reason, drift, trade } = decision;
          const size = Math.abs(drift);
          if (size >= input.limits.minDrift && size >= deltaLimit(input).delta)
            expect(action).to.equal("rebalance");
          if (action === "hold") {
            expect(trade).to.equal(0);
            return;
          }
          expect(trade !== 0 || reason === "margin").to.equal(true);
          if (trade !== 0) expect(Math.abs(drift + trade)).to.be.below(size);
          expect(size >= input.limits.minDrift || input.marginCall).to.equal(true);
        }),
        { numRuns: 500 },
      );
    });
  }
});
