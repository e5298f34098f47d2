import { expect } from "chai";
import fc from "fast-check";

import {
  annualisedVolatility,
  observePrice,
  realisedVolatility,
  type PriceObservation,
} from "../../../keeper/market/realisedVolatility.ts";

const YEAR = 365 * 86_400;
const HALF_LIFE = 86_400;

const series = fc
  .array(
    fc.record({
      elapsed: fc.integer({ min: 1, max: 7200 }),
      price: fc.double({ min: 1, max: 1e5, noNaN: true }),
    }),
    {
      minLength: 2,
      maxLength: 50,
    },
  )
  .map((steps): PriceObservation[] => {
    let timestamp = 1_700_000_000;
    return steps.map(({ elapsed, price }) => ({ timestamp: (timestamp += elapsed), price }));
  });

describe("realised volatility", () => {
  it("is exact for returns of one size, whatever their sign, spacing and weight", () => {
    let price = 2000;
    let timestamp = 0;
    const observations = [{ timestamp, price }];
    for (const [index, elapsed] of [60, 3600, 12, 86_400, 300].entries()) {
      timestamp += elapsed;
      price *= Math.exp((index % 2 === 0 ? 1 : -1) * 0.8 * Math.sqrt(elapsed / YEAR));
      observations.push({ timestamp, price });
    }
    expect(Math.abs(realisedVolatility(observations, HALF_LIFE)! - 0.8)).to.be.lessThan(1e-12);
  });

  it("halves a return's weight once per half-life", () => {
    const day = 86_400;
    const observations = [1, 2, 3].map((index) => ({
      timestamp: index * day,
      price: Math.exp(index === 3 ? 0.03 : index === 2 ? 0.03 : 0),
    }));
    // A return of 3 % a day ago, none since: (½·0.03² + 0) / (½ + 1) a day.
    const expected = Math.sqrt(((0.5 * 0.03 ** 2) / 1.5) * 365);
    expect(Math.abs(realisedVolatility(observations, day)! - expected)).to.be.lessThan(1e-12);
  });

  it("does not depend on the unit of price", () => {
    fc.assert(
      fc.property(series, fc.constantFrom(2, 0.25, 1024), (observations, scale) => {
        const scaled = observations.map(({ timestamp, price }) => ({ timestamp, price: price * scale }));
        const plain = realisedVolatility(observations, HALF_LIFE)!;
        expect(Math.abs(realisedVolatility(scaled, HALF_LIFE)! - plain)).to.be.at.most(1e-9 * (1 + plain));
      }),
    );
  });

  it("is the same taken price by price as over the series, and lies among the returns' own", () => {
    fc.assert(
      fc.property(series, (observations) => {
        let state;
        for (const observation of observations) state = observePrice(state, observation, HALF_LIFE);
        const volatility = annualisedVolatility(JSON.parse(JSON.stringify(state)));
        expect(volatility).to.equal(realisedVolatility(observations, HALF_LIFE));
        const own = observations.slice(1).map(({ timestamp, price }, index) => {
          const before = observations[index]!;
          return Math.abs(Math.log(price / before.price)) * Math.sqrt(YEAR / (timestamp - before.timestamp));
        });
        const slack = 1 + 1e-9;
        expect(volatility! <= Math.max(...own) * slack && volatility! * slack >= Math.min(...own)).to.equal(
          true,
        );
      }),
    );
  });

  it("says nothing before the second price and refuses what is no price or no time", () => {
    expect(annualisedVolatility(undefined)).to.equal(undefined);
    expect(realisedVolatility([{ timestamp: 1, price: 1 }], HALF_LIFE)).to.equal(undefined);
    const first = observePrice(undefined, { timestamp: 10, price: 1 }, HALF_LIFE);
    expect(() => observePrice(first, { timestamp: 10, price: 1 }, HALF_LIFE)).to.throw(RangeError);
    expect(() => observePrice(first, { timestamp: 11, price: 0 }, HALF_LIFE)).to.throw(RangeError);
    expect(() => observePrice(first, { timestamp: 11, price: 1 }, 0)).to.throw(RangeError);
  });
});
