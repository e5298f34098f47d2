import { expect } from "chai";

import { bookRisk } from "../../../keeper/strategy/bookRisk.ts";
import { localBand } from "../../../keeper/strategy/localBand.ts";
import { stepAhead } from "../../../keeper/strategy/stepAhead.ts";
import type { OptionLeg } from "../../../keeper/strategy/types.ts";
import { expectNear } from "../../support/near.ts";

const NOW = 1_722_643_200;
const DAY = 86_400;
const A = 1e-4;
const market = { spot: 3000, sigma: 0.7, gasUsd: 8, feeRate: 0.0005, kappa: 0.008 };
const call = { type: "call", strike: 3000, cap: 6000, sigma: 0.7, forwardRatio: 1 } as const;
const month: OptionLeg = { ...call, expiry: NOW + 30 * DAY, quantity: -100 };
/** In the money and gone tomorrow: a delta of nearly 1 each. */
const tomorrow = (quantity: number): OptionLeg => ({ ...call, strike: 2000, expiry: NOW + DAY, quantity });

const planned = (...legs: readonly OptionLeg[]) => {
  const band = localBand(market, legs, NOW, bookRisk(legs, market.spot, NOW), A);
  return { band, ahead: stepAhead(market, legs, NOW, band, A) };
};

const KEYS = ["low", "lowTarget", "highTarget", "high"] as const;

describe("a book whose delta steps at an expiry", () => {
  it("has the band of one without where the step is hardly noticed: it does not jump where it begins to count", () => {
    expect(planned(month).ahead).to.equal(null);
    expect(planned(month, tomorrow(-0.05)).ahead).to.equal(null);
    for (const quantity of [-0.3, 0.3]) {
      const { band, ahead } = planned(month, tomorrow(quantity));
      const own = { low: -band.b, lowTarget: -band.t, highTarget: band.t, high: band.b };
      // A step of a tenth of what is noticed counts for a hundredth.
      for (const key of KEYS) expectNear(ahead!.thresholds[key], own[key], 0.002 * band.b);
      expect(ahead!.longRun).to.be.within(0.99, 1);
    }
  });

  it("counts a step that is large against the band for the whole: little is bought that is sold again tomorrow", () => {
    const { band, ahead } = planned(month, tomorrow(-10));
    const { low, lowTarget, highTarget, high } = ahead!.thresholds;
    expect(lowTarget).to.be.below(-1.5 * band.t);
    expect(low).to.be.below(-1.1 * band.b);
    // On the other side it acts as it would, or a little sooner.
    expect(highTarget).to.be.within(0.8 * band.t, band.t);
    expect(high).to.be.within(0.9 * band.b, band.b);
  });
});
