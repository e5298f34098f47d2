import { expect } from "chai";
import fc from "fast-check";

import { walkCandles } from "../../../keeper/history/bridge.ts";
import { HOUR_SECONDS, type Candle } from "../../../keeper/history/candle.ts";
import { readPricePath } from "../../../scripts/market/priceSource.ts";
import { recordedData } from "../../support/recordedData.ts";

const START = 1_700_000_000;

const candleArbitrary = fc
  .record({
    prices: fc.array(fc.double({ min: 1, max: 10_000, noNaN: true }), { minLength: 4, maxLength: 4 }),
    opens: fc.constantFrom("inside", "high", "low"),
    closes: fc.constantFrom("inside", "high", "low"),
  })
  .map(({ prices, opens, closes }): Candle => {
    const [low, first, second, high] = prices.toSorted((a, b) => a - b) as [number, number, number, number];
    const place = (where: string, inside: number): number =>
      where === "high" ? high : where === "low" ? low : inside;
    return { timestamp: START, open: place(opens, second), high, low, close: place(closes, first) };
  });

function expectWalk(candle: Candle, seed: number, stepSeconds: number): void {
  const points = walkCandles([candle], seed, stepSeconds);
  const prices = points.map(({ price }) => price);
  expect(prices[0]).to.equal(candle.open);
  expect(prices.at(-1)).to.equal(candle.close);
  expect(Math.max(...prices)).to.equal(candle.high);
  expect(Math.min(...prices)).to.equal(candle.low);
  expect(points[0]!.timestamp).to.equal(candle.timestamp);
  expect(points.at(-1)!.timestamp).to.equal(candle.timestamp + HOUR_SECONDS - 1);
  for (const [index, { timestamp }] of points.entries()) {
    if (index > 0) expect(timestamp - points[index - 1]!.timestamp).to.be.within(1, stepSeconds);
  }
}

describe("the walk through a candle", () => {
  it("meets open, both extremes and close exactly, stays inside and steps within bounds", () => {
    fc.assert(
      fc.property(candleArbitrary, fc.nat(), fc.constantFrom(60, 30, 12, 7), (candle, seed, step) => {
        expectWalk(candle, seed, step);
      }),
      { numRuns: 200 },
    );
  });

  it("stands still in an hour without trades", () => {
    const points = walkCandles([{ timestamp: START, open: 5, high: 5, low: 5, close: 5 }], 1);
    expect(points.length).to.equal(61);
    expect(points.every(({ price }) => price === 5)).to.equal(true);
  });

  it("repeats for a seed, differs between seeds, and does not depend on the candles before", () => {
    const candle = { timestamp: START, open: 100, high: 104, low: 98, close: 101 };
    const earlier = { ...candle, timestamp: START - HOUR_SECONDS };
    expect(walkCandles([candle], 3)).to.deep.equal(walkCandles([candle], 3));
    expect(walkCandles([earlier, candle], 3).slice(61)).to.deep.equal(walkCandles([candle], 3));
    expect(walkCandles([candle], 4)).not.to.deep.equal(walkCandles([candle], 3));
  });

  it("meets the nearer extreme first as often as a driftless price would", () => {
    const candle = { timestamp: START, open: 101, high: 110, low: 100, close: 105 };
    let lowFirst = 0;
    for (let seed = 0; seed < 400; seed++) {
      const prices = walkCandles([candle], seed).map(({ price }) => price);
      if (prices.indexOf(100) < prices.indexOf(110)) lowFirst++;
    }
    expect(lowFirst / 400).to.be.within(0.84, 0.96);
  });

  it("wanders about as much as the candle's range implies", () => {
    const candle = { timestamp: START, open: 100, high: 102, low: 98, close: 100 };
    const implied = Math.log(102 / 98) ** 2 / (4 * Math.LN2);
    let squares = 0;
    for (let seed = 0; seed < 200; seed++) {
      const points = walkCandles([candle], seed);
      for (let index = 1; index < points.length; index++) {
        squares += Math.log(points[index]!.price / points[index - 1]!.price) ** 2;
      }
    }
    expect(squares / 200 / implied).to.be.within(0.8, 1.5);
  });

  it("refuses steps it does not know", () => {
    expect(() => walkCandles([], 1, 61)).to.throw(RangeError);
    expect(() => walkCandles([], 1, 0)).to.throw(RangeError);
  });

  it("walks the recorded crash of August 2024", function () {
    const prices = recordedData(this, "eth_usd_1h.csv.gz");
    const { candles } = readPricePath({ prices, from: "2024-08-03", to: "2024-08-07" });
    for (const candle of candles) expectWalk(candle, 1, 60);
    const points = walkCandles(candles, 1);
    expect(points.length).to.equal(120 * 61);
    for (const [index, { timestamp }] of points.entries()) {
      if (index > 0) expect(timestamp - points[index - 1]!.timestamp).to.be.within(1, 60);
    }
  });
});
