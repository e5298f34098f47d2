import { expect } from "chai";

import { leland } from "../../../keeper/competitors/leland.ts";
import { whalleyWilmott } from "../../../keeper/competitors/whalleyWilmott.ts";
import { zakamouline } from "../../../keeper/competitors/zakamouline.ts";
import { bookDelta } from "../../../keeper/strategy/bookRisk.ts";
import type { OptionLeg, Strategy } from "../../../keeper/strategy/types.ts";
import { expectNear } from "../../support/near.ts";
import { DAY, drifted, NOW, quiet, shortCalls } from "../utils/ruleInput.ts";

/*
 * Expected numbers are computed apart from the keeper's code, in Python with math.erfc: 100 calls of strike 3,000 capped at 6,000, 30
 * days, spot 3,100, volatility 0.7, fee 5 bps, A = 1e-4. The short book has a delta of −60.32960501281064 and a gamma of
 * −0.06153906643736293.
 */
const short = [shortCalls];
const long = [{ ...shortCalls, quantity: 100 }];

/** Where drift lies after the decision at a drift. */
const landing = (strategy: Strategy, drift: number, legs: readonly OptionLeg[], change = {}): number => {
  const decision = strategy.decide(drifted(drift, { legs, ...change }));
  return decision.drift + decision.trade;
};

describe("Leland", () => {
  const daily = leland({ seconds: DAY });
  const due = { lastRebalanceAt: NOW - DAY };

  it("hedges by the delta at the volatility that trading costs", () => {
    // Variance times 1 ± √(2/π)·2·0.0005/(0.7·√(1/365)) = 1 ± 0.0217765: deltas −60.29454857627216 and 60.3656592991924.
    expectNear(landing(daily, 4, short, due), -60.32960501281064 + 60.29454857627216, 1e-9);
    expectNear(landing(daily, 4, long, due), 60.32960501281064 - 60.3656592991924, 1e-9);
  });

  it("does so for each leg by its own volatility, by the sign of the whole", () => {
    const spread = [
      shortCalls,
      { ...shortCalls, strike: 3500, cap: 9000, expiry: NOW + 10 * DAY, quantity: 40, sigma: 0.9 },
    ];
    expectNear(bookDelta(spread, 3100, NOW), -51.14587472973611, 1e-9);
    expectNear(landing(daily, 4, spread, due), -51.14587472973611 + 51.02028322141241, 1e-9);
  });

  it("waits for its time", () => {
    expect(landing(daily, 40, short, { lastRebalanceAt: NOW - DAY + 1 })).to.equal(
      daily.decide(drifted(40, { legs: short })).drift,
    );
    expect(landing(daily, 40, short, { lastRebalanceAt: null })).to.be.below(0);
  });

  it("still has a volatility where the cost of a long book's trades is more than all of it", () => {
    const dear = { ...due, feeRate: 0.05, lastRebalanceAt: null };
    expect(Number.isFinite(landing(leland({ seconds: 60 }), 4, long, dear))).to.equal(true);
  });
});

describe("Whalley–Wilmott", () => {
  const H = 4.44878674542523;

  it("trades to the edge of its band, and no further", () => {
    const strategy = whalleyWilmott({ riskAversion: 1e-4, scale: 1 });
    for (const side of [1, -1]) {
      expectNear(landing(strategy, side * (H + 3), short), side * H, 1e-9);
      expect(strategy.decide(drifted(side * H * 0.9999, { legs: short })).action).to.equal("hold");
      // On the edge itself nothing is left to trade, whatever rounding says.
      expect(strategy.decide(drifted(side * H * (1 + 1e-13), { legs: short })).action).to.equal("hold");
    }
  });

  it("grows as gamma^⅔ and with its scale", () => {
    const twice = [{ ...shortCalls, quantity: -200 }];
    const strategy = whalleyWilmott({ riskAversion: 1e-4, scale: 1 });
    expectNear(landing(strategy, 50, twice), H * 2 ** (2 / 3), 1e-9);
    expectNear(landing(whalleyWilmott({ riskAversion: 1e-4, scale: 3 }), 50, short), 3 * H, 1e-9);
  });
});

describe("Zakamouline", () => {
  const strategy = zakamouline({ riskAversion: 1e-4, scale: 1 });
  // H0 + H1 = 0.0400483 + 2.5406280; K = −0.0268543, so that the adjusted deltas are −60.286503847423134 and 60.374224303823745.
  const H = 2.5806763079953976;

  it("trades to the edges of its band around its own delta", () => {
    const centre = -60.32960501281064 + 60.286503847423134;
    expectNear(landing(strategy, 9, short), centre + H, 1e-9);
    expectNear(landing(strategy, -9, short), centre - H, 1e-9);
    const inside = strategy.decide(drifted(centre + 0.999 * H, { legs: short }));
    expect(inside.action).to.equal("hold");
    expectNear(landing(strategy, 9, long), 60.32960501281064 - 60.374224303823745 + H, 1e-9);
  });

  it("is finite to the end, and closes what has lost its book", () => {
    const timestamp = shortCalls.expiry + 60;
    const late = { timestamp, lastRebalanceAt: timestamp - 5 };
    expect(Number.isFinite(landing(strategy, 300, short, late))).to.equal(true);
    expect(landing(strategy, 0.3, [])).to.equal(0);
    expect(quiet.legs).to.have.length(1);
  });
});
