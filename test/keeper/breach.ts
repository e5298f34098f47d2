import { expect } from "chai";
import fc from "fast-check";

import { breachOdds, breachOf, type BreachInput, type VenueMargin } from "../../keeper/market/breach.ts";
import { bookDelta } from "../../keeper/strategy/bookRisk.ts";
import type { OptionLeg } from "../../keeper/strategy/types.ts";
import { expectNear } from "../support/near.ts";

const NOW = 1_722_643_200;
const DAY = 86_400;
const SPOT = 3000;
const WAD = 10n ** 18n;
const UNLIMITED = 2n ** 256n - 1n;

function option(changes: Partial<OptionLeg> = {}): OptionLeg {
  const call = { type: "call", strike: 3000, cap: 6000, expiry: NOW + 7 * DAY } as const;
  return { ...call, quantity: -100, sigma: 0.6, forwardRatio: 1, ...changes };
}

function book(legs: readonly OptionLeg[], hedgeDelta: number, delta: number): BreachInput {
  return { timestamp: NOW, spot: SPOT, legs, hedgeDelta, limits: { delta } };
}

const SHORT: VenueMargin = { delta: -WAD, liquidationDistance: WAD / 4n, marginTrigger: WAD / 5n };
const SPOT_VENUE: VenueMargin = { delta: 50n * WAD, liquidationDistance: UNLIMITED, marginTrigger: 0n };

describe("prices that break a limit", () => {
  const driftAt = ({ legs, hedgeDelta }: BreachInput, price: number) =>
    bookDelta(legs, price, NOW) + hedgeDelta;

  it("are where the drift of the book reaches it, to either side", () => {
    const legs = [option()];
    const input = book(legs, -bookDelta(legs, SPOT, NOW), 10);
    const { low, high } = breachOf(input, []).delta;
    expect(low).to.be.within(2850, 2999);
    expect(high).to.be.within(3001, 3150);
    expectNear(driftAt(input, low), 10, 1e-9);
    expectNear(driftAt(input, high), -10, 1e-9);
  });

  it("are none where the drift never gets there", () => {
    const legs = [option()];
    // Below, all delta can do is fall away: 40 of hedge are left of it.
    expect(breachOf(book(legs, 40, 41), []).delta.low).to.equal(0);
    expect(breachOf(book([], 2, 3), []).delta).to.deep.equal({ low: 0, high: Infinity });
  });

  it("are the spot where the limit is reached already", () => {
    for (const hedge of [3, 4, -3]) {
      const breach = breachOf(book([], hedge, 3), [SHORT]);
      expect(breach.delta).to.deep.equal({ low: SPOT, high: SPOT });
      expect(breach.any).to.deep.equal({ low: SPOT, high: SPOT });
      expect(breachOdds(breach, SPOT, 0.6, 3600)).to.include({ delta: 1, any: 1 });
    }
  });

  it("are seen behind a step: the strike of an option that has expired", () => {
    const expired = option({ strike: 3300, cap: 3400, expiry: NOW - 1, quantity: 5 });
    const { low, high } = breachOf(book([expired], 0, 5), []).delta;
    expect(low).to.equal(0);
    expectNear(high, 3300, 1e-8);
  });

  it("are seen where the drift is past the limit for a moment only", () => {
    // A butterfly about to expire: its delta spikes within a dollar of the strikes, and is 0 on both sides.
    const soon = { expiry: NOW + 1, cap: Infinity, sigma: 0.6 };
    const legs = [
      option({ ...soon, strike: 3500, quantity: 10 }),
      option({ ...soon, strike: 3500.01, quantity: -10 }),
    ];
    const peak = Math.max(...[3499.9, 3500.005, 3500.1].map((price) => bookDelta(legs, price, NOW)));
    const { low, high } = breachOf(book(legs, 0, 0.99 * peak), []).delta;
    expect(low).to.equal(0);
    expectNear(high, 3500.005, 0.1);
    expect(breachOf(book(legs, 0, 1.01 * peak), []).delta).to.deep.equal({ low: 0, high: Infinity });
  });

  const leg = fc
    .record({
      isPut: fc.boolean(),
      strike: fc.integer({ min: 1500, max: 6000 }),
      width: fc.integer({ min: 50, max: 3000 }),
      days: fc.double({ min: -1, max: 60, noNaN: true }),
      quantity: fc.integer({ min: -100, max: 100 }).filter((quantity) => quantity !== 0),
      sigma: fc.double({ min: 0.2, max: 1.5, noNaN: true }),
      capSigma: fc.double({ min: 0.2, max: 1.5, noNaN: true }),
    })
    .map(({ isPut, strike, width, days, ...rest }): OptionLeg => ({
      ...rest,
      type: isPut ? "put" : "call",
      strike,
      cap: isPut ? Math.max(0, strike - width) : strike + width,
      expiry: NOW + days * DAY,
      forwardRatio: 1.01,
    }));
  const legs = fc.array(leg, { minLength: 1, maxLength: 6 });

  it("hold the limit between them, and break it at them", () => {
    const part = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        legs,
        fc.double({ min: 0.5, max: 100, noNaN: true }),
        part,
        part,
        (written, limit, tilt, where) => {
          const hedge = -bookDelta(written, SPOT, NOW) + (2 * tilt - 1) * 0.9 * limit;
          const input = book(written, hedge, limit);
          const { low, high } = breachOf(input, []).delta;
          expect(low < SPOT && high > SPOT).to.equal(true);
          const [from, to] = [Math.max(low, 10), Math.min(high, 1e6)];
          for (let i = 0; i <= 200; i++) {
            const price = from * (to / from) ** ((i + where) / 201);
            if (price <= from * 1.00001 || price >= to * 0.99999) continue;
            expect(Math.abs(driftAt(input, price)) < limit, `${String(price)}`).to.equal(true);
          }
          // At a step the drift is past the limit on one side only.
          const sizes = (price: number) =>
            [price * (1 - 2e-6), price, price * (1 + 2e-6)].map((near) => Math.abs(driftAt(input, near)));
          if (low > 0) expect(Math.max(...sizes(low)) > limit * (1 - 1e-3), "low").to.equal(true);
          if (high < Infinity) expect(Math.max(...sizes(high)) > limit * (1 - 1e-3), "high").to.equal(true);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("move away with the limit", () => {
    fc.assert(
      fc.property(legs, fc.double({ min: 0.5, max: 50, noNaN: true }), (written, limit) => {
        const hedge = -bookDelta(written, SPOT, NOW);
        const narrow = breachOf(book(written, hedge, limit), []).delta;
        const wide = breachOf(book(written, hedge, 1.3 * limit), []).delta;
        expect(wide.low <= narrow.low && wide.high >= narrow.high).to.equal(true);
      }),
      { numRuns: 100 },
    );
  });
});

describe("prices that liquidate a venue", () => {
  const quiet = book([], 0, 1);

  it("lie above a short by its distance, and nowhere for a venue without margin", () => {
    expect(breachOf(quiet, [SPOT_VENUE]).margin).to.deep.equal({ low: 0, high: Infinity });
    expect(breachOf(quiet, [SPOT_VENUE, SHORT]).margin).to.deep.equal({ low: 0, high: 3750 });
    const nearer = { ...SHORT, liquidationDistance: WAD / 8n };
    expect(breachOf(quiet, [nearer, SHORT]).margin).to.deep.equal({ low: 0, high: 3375 });
  });

  it("lie below a long that has margin", () => {
    expect(breachOf(quiet, [{ ...SHORT, delta: WAD }]).margin).to.deep.equal({ low: 2250, high: Infinity });
  });

  it("are none without a position, and none within reach where the distance is absurd", () => {
    for (const venue of [
      { ...SHORT, delta: 0n, liquidationDistance: UNLIMITED },
      { ...SHORT, liquidationDistance: 10n ** 24n },
    ]) {
      expect(breachOf(quiet, [venue]).margin).to.deep.equal({ low: 0, high: Infinity });
    }
  });

  it("are the spot of a position that can be liquidated now", () => {
    const breach = breachOf(quiet, [{ ...SHORT, liquidationDistance: 0n }]);
    expect(breachOdds(breach, SPOT, 0, 3600)).to.deep.equal({ delta: 0, margin: 1, any: 1 });
  });
});

describe("odds of a breach", () => {
  it("are those of the nearer limit on each side together", () => {
    const legs = [option()];
    const input = book(legs, -bookDelta(legs, SPOT, NOW), 10);
    const breach = breachOf(input, [{ ...SHORT, liquidationDistance: WAD / 100n }]);
    expect(breach.any).to.deep.equal({ low: breach.delta.low, high: 3030 });
    const odds = breachOdds(breach, SPOT, 0.6, DAY);
    expect(odds.any).to.be.above(Math.max(odds.delta, odds.margin));
    expect(odds.any).to.be.below(odds.delta + odds.margin);
    expect(odds.margin).to.be.within(0.1, 0.9);
    expect(breachOdds(breach, SPOT, 0.6, 0)).to.deep.equal({ delta: 0, margin: 0, any: 0 });
  });
});
