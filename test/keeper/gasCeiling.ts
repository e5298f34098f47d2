import { expect } from "chai";
import fc from "fast-check";

import { fixedBand } from "../../keeper/strategy/fixedBand.ts";
import { gasCeiling } from "../../keeper/strategy/gasCeiling.ts";
import type { Jitter } from "../../keeper/strategy/jitter.ts";
import { optimalImpulse } from "../../keeper/strategy/optimalImpulse.ts";
import { selectStrategy } from "../../keeper/strategy/select.ts";
import type { DecisionInput } from "../../keeper/strategy/types.ts";

const MOST = 1000;

/** A book short 100 calls at the money, a month from expiry. */
function inputOf(hedgeDelta: number, gasUsd: number): DecisionInput {
  const timestamp = 1_700_000_000;
  const leg = { type: "call", strike: 3000, cap: 6000, sigma: 0.6, forwardRatio: 1 } as const;
  return {
    ...{ timestamp, spot: 3000, sigma: 0.6, gasUsd, feeRate: 0.0005, kappa: 0.001, hedgeDelta },
    legs: [{ ...leg, expiry: timestamp + 30 * 86_400, quantity: -100 }],
    ...{ checkInterval: 12, lastRebalanceAt: null, marginCall: false },
    limits: { delta: 1e6, minDrift: 0.01, maxAge: 1e9 },
  };
}

describe("what the gas of a trade is worth", () => {
  const strategy = optimalImpulse({ riskAversion: 1e-4 });

  it("is where the decision turns to holding, and rises with the drift", () => {
    fc.assert(
      fc.property(fc.double({ min: -60, max: 150, noNaN: true }), (hedge) => {
        const input = inputOf(hedge, 0.01);
        if (strategy.decide(input).action === "hold") return;
        const ceiling = gasCeiling(strategy, input, MOST);
        expect(ceiling).to.be.within(input.gasUsd, MOST);
        expect(strategy.decide({ ...input, gasUsd: ceiling }).action).to.equal("rebalance");
        if (ceiling < MOST)
          expect(strategy.decide({ ...input, gasUsd: ceiling * 1.011 }).action).to.equal("hold");
      }),
      { numRuns: 60 },
    );
    const near = gasCeiling(strategy, inputOf(70, 0.01), MOST);
    const far = gasCeiling(strategy, inputOf(90, 0.01), MOST);
    expect(far).to.be.greaterThan(near);
  });

  it("is the operator's most for what asks for the trade whatever it costs", () => {
    expect(gasCeiling(fixedBand({ fraction: 0.01 }), inputOf(0, 5), MOST)).to.equal(MOST);
    const limited = { ...inputOf(60, 5), limits: { delta: 1, minDrift: 0.01, maxAge: 1e9 } };
    expect(gasCeiling(strategy, limited, MOST)).to.equal(MOST);
  });

  it("is that of a trade of the strategy's own size, where jitter makes it sooner or later", async () => {
    const select = (jitter: Jitter | null) =>
      selectStrategy({ name: "optimal-impulse", params: {} }, { riskAversion: 1e-4, jitter });
    const plain = await select(null);
    let early = 0;
    for (let phase = 0; phase < 12; phase++) {
      const jittered = await select({ spread: 0.5, phase });
      for (let hedge = -60; hedge <= 150; hedge += 5) {
        const input = inputOf(hedge, 5);
        const decision = jittered.decide(input);
        if (decision.action === "hold") continue;
        const ceiling = gasCeiling(jittered, input, MOST);
        if (decision.reason === "jitter") {
          early++;
          expect(ceiling).to.equal(input.gasUsd);
        } else {
          expect(ceiling).to.equal(gasCeiling(plain, input, MOST));
          const { gain, cost } = plain.decide({ ...input, gasUsd: ceiling });
          expect(gain!).to.be.at.least(cost!);
        }
      }
    }
    expect(early).to.be.above(5);
    // A rule that looks at no cost does not, sooner or later.
    const edgy = await selectStrategy(
      { name: "threshold", params: { delta: 40, inner: 0 } },
      { riskAversion: undefined, jitter: { spread: 0.5, phase: 1 } },
    );
    expect(gasCeiling(edgy, inputOf(150, 5), MOST)).to.equal(MOST);
  });

  it("is never more than the operator's most", () => {
    expect(gasCeiling(strategy, inputOf(0, 2000), MOST)).to.equal(MOST);
  });
});
