import { expect } from "chai";
import fc from "fast-check";

import { oddsOf, sumBooks, type BookState } from "../../keeper/fleet/book.ts";
import { fleetLimits } from "../../keeper/fleet/limits.ts";
import type { PriceInterval } from "../../keeper/market/breach.ts";
import { PolicyInputError } from "../../keeper/math/policyInputError.ts";
import { expectNear } from "../support/near.ts";

const UNBOUNDED: PriceInterval = { low: 0, high: Infinity };

function state(changes: Partial<BookState> = {}): BookState {
  return {
    timestamp: 1_722_643_200,
    price: 3000,
    sigma: 0.6,
    nav: 1e6,
    delta: -50,
    gamma: -0.1,
    vega: -2e4,
    theta: 3e5,
    hedge: 48,
    drift: -2,
    limit: 10,
    margin: 0.3,
    breach: { delta: UNBOUNDED, margin: UNBOUNDED, any: UNBOUNDED },
    ...changes,
  };
}

/** With limits that break at these parts of the price. */
function between(low: number, high: number, changes: Partial<BookState> = {}): BookState {
  const { price } = state(changes);
  const interval = { low: low * price, high: high * price };
  return state({ ...changes, breach: { delta: interval, margin: UNBOUNDED, any: interval } });
}

describe("several books as one", () => {
  const HOUR = 3600;

  it("add up, and have the smallest margin and the largest volatility", () => {
    const other = {
      sigma: 0.9,
      nav: 5e5,
      delta: 20,
      gamma: 0.3,
      vega: 1e4,
      theta: -1e5,
      hedge: -19,
      drift: 1,
    };
    const fleet = sumBooks([state(), state({ ...other, limit: 4, margin: 0.1 }), state({ margin: null })])!;
    expect(fleet).to.include({ nav: 2.5e6, delta: -80, hedge: 77, drift: -3, limit: 24, theta: 5e5 });
    expectNear(fleet.gamma, 0.1, 1e-15);
    expect(fleet).to.include({ vega: -3e4, sigma: 0.9, margin: 0.1 });
    expect(sumBooks([state({ margin: null })])!.margin).to.equal(null);
    expect(sumBooks([])).to.equal(null);
  });

  it("breach when the price leaves the intersection of their intervals: one event, not independent ones", () => {
    const [a, b] = [between(0.97, 1.05), between(0.95, 1.02)];
    const fleet = sumBooks([a, b])!;
    expect(fleet.breach.any).to.deep.equal({ low: 2910, high: 3060 });
    expect(oddsOf(fleet, HOUR)).to.deep.equal(oddsOf(between(0.97, 1.02), HOUR));
    // Twice the same vault is no more likely to breach than once.
    expect(oddsOf(sumBooks([a, a, a])!, HOUR)).to.deep.equal(oddsOf(a, HOUR));
  });

  it("take each interval relative to its own price, and show it at that of the newest", () => {
    const older = between(0.9, 1.1, { price: 2990 });
    const newer = between(0.8, 1.2, { price: 3010, timestamp: 1_722_643_201 });
    const fleet = sumBooks([older, newer])!;
    expect(fleet).to.include({ price: 3010, timestamp: 1_722_643_201 });
    expectNear(fleet.breach.any.low, 2709, 1e-9);
    expectNear(fleet.breach.any.high, 3311, 1e-9);
  });

  it("have breached when one of them has", () => {
    const prices = fc.double({ min: 100, max: 20_000, noNaN: true });
    fc.assert(
      fc.property(prices, prices, (price, newest) => {
        const fleet = sumBooks([
          between(1, 1, { price }),
          between(0.5, 2, { price: newest, timestamp: 1_722_643_201 }),
        ])!;
        expect(oddsOf(fleet, 0)).to.deep.equal({ delta: 1, margin: 0, any: 1 });
      }),
    );
  });

  it("breach at least as likely as any of them, at most as likely as their sum at the largest volatility", () => {
    const one = fc
      .tuple(
        fc.double({ min: 0.5, max: 0.9999, noNaN: true }),
        fc.double({ min: 1.0001, max: 2, noNaN: true }),
        fc.double({ min: 0.01, max: 2, noNaN: true }),
      )
      .map(([low, high, sigma]) => between(low, high, { sigma }));
    fc.assert(
      fc.property(
        fc.array(one, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 1e7 }),
        (books, horizon) => {
          const fleet = sumBooks(books)!;
          const { any } = oddsOf(fleet, horizon);
          const each = books.map((book) => oddsOf(book, horizon).any);
          const atWorst = books.map((book) => oddsOf({ ...book, sigma: fleet.sigma }, horizon).any);
          expect(any >= Math.max(...each) - 1e-13, "likeliest").to.equal(true);
          expect(any <= atWorst.reduce((sum, odds) => sum + odds, 0) + 1e-13, "sum").to.equal(true);
        },
      ),
    );
  });
});

describe("limits of the fleet", () => {
  it("are shared out in proportion to what the vaults have", () => {
    const vaults = [
      { name: "a", delta: 30 },
      { name: "b", delta: 10 },
    ];
    const [a, b] = fleetLimits({ fleet: { delta: 20 }, vaults });
    expectNear(a!.delta, 15, 1e-13);
    expectNear(b!.delta, 5, 1e-13);
    expect([a!.name, b!.name]).to.deep.equal(["a", "b"]);
    // What is left to spare is nobody's.
    expect(fleetLimits({ fleet: { delta: 40 }, vaults })).to.deep.equal(vaults);
    expect(fleetLimits({ fleet: {}, vaults })).to.deep.equal(vaults);
  });

  it("on gas and base fee hold for each vault", () => {
    const [tight, wide, none] = fleetLimits({
      fleet: { maxBaseFeeGwei: 50, gasUsd: 100 },
      vaults: [
        { delta: 1, maxBaseFeeGwei: 20, gasUsd: 10 },
        { delta: 1, maxBaseFeeGwei: 80, gasUsd: 1000 },
        { delta: 1 },
      ],
    });
    expect(tight).to.deep.equal({ delta: 1, maxBaseFeeGwei: 20, gasUsd: 10 });
    expect(wide).to.deep.equal({ delta: 1, maxBaseFeeGwei: 50, gasUsd: 100 });
    expect(none).to.deep.equal({ delta: 1, maxBaseFeeGwei: 50, gasUsd: 100 });
  });

  it("only ever tighten, and bound the sum of the drifts", () => {
    const bound = fc.double({ min: 1e-6, max: 1e9, noNaN: true });
    const maybe = fc.option(bound, { nil: undefined });
    const vault = fc.record({ delta: bound, maxBaseFeeGwei: maybe, gasUsd: maybe });
    const fleet = fc.record({ delta: maybe, maxBaseFeeGwei: maybe, gasUsd: maybe });
    fc.assert(
      fc.property(fleet, fc.array(vault, { maxLength: 40 }), (of, vaults) => {
        const tightened = fleetLimits({ fleet: of, vaults });
        expect(tightened).to.have.length(vaults.length);
        for (const [i, own] of vaults.entries()) {
          const { delta, maxBaseFeeGwei = Infinity, gasUsd = Infinity } = tightened[i]!;
          expect(delta > 0 && delta <= own.delta).to.equal(true);
          expect(
            maxBaseFeeGwei <= Math.min(own.maxBaseFeeGwei ?? Infinity, of.maxBaseFeeGwei ?? Infinity),
          ).to.equal(true);
          expect(gasUsd <= Math.min(own.gasUsd ?? Infinity, of.gasUsd ?? Infinity)).to.equal(true);
        }
        const total = tightened.reduce((sum, { delta }) => sum + delta, 0);
        const untouched = vaults.reduce((sum, { delta }) => sum + delta, 0);
        expect(total <= (of.delta ?? Infinity), "sum").to.equal(true);
        // And nothing is given away.
        if (vaults.length > 0)
          expect(total >= Math.min(untouched, of.delta ?? Infinity) * (1 - 1e-13)).to.equal(true);
      }),
      { numRuns: 500 },
    );
  });

  it("refuse to be none of a limit", () => {
    const vaults = [{ delta: 1 }];
    for (const fleet of [{ delta: 0 }, { delta: NaN }, { gasUsd: -1 }, { maxBaseFeeGwei: Infinity }]) {
      expect(() => fleetLimits({ fleet, vaults })).to.throw(PolicyInputError, /must be a finite number/);
    }
  });
});
