import { expect } from "chai";

import {
  bucketOver,
  keeperBound,
  quoterBound,
  surfaceBound,
  widestExposure,
  withholding,
  WAD,
} from "../../scripts/bound/hotKeyBounds.ts";
import { DEFAULT_SUBJECT } from "../../scripts/bound/parameters.ts";
import { boundReport, renderReport } from "../../scripts/bound/report.ts";
import { expectNear } from "../support/near.ts";

const DAY = 86_400n;
const PERCENT = WAD / 100n;
const { parameters } = DEFAULT_SUBJECT;

describe("The bounds of the hot keys", () => {
  it("count a full bucket and what time gives back, rounded up", () => {
    expect(bucketOver({ capacity: 10n, perDay: 4n }, 0n)).to.equal(10n);
    expect(bucketOver({ capacity: 10n, perDay: 4n }, DAY / 4n)).to.equal(11n);
    expect(bucketOver({ capacity: 10n, perDay: 4n }, 1n)).to.equal(11n);
  });

  it("of the keeper: both losses, and the oracle's gap on both turnovers", () => {
    const { loss, gap, rescueLoss, rescueGap, total } = keeperBound(parameters, DAY);
    expect(loss).to.equal((13n * PERCENT) / 10n);
    expect(gap).to.equal((14n * PERCENT) / 10n); // 1 % of 140 %
    expect(rescueLoss).to.equal((3n * PERCENT) / 2n);
    expect(rescueGap).to.equal(3n * PERCENT); // 5 % of 60 %
    expect(total).to.equal(loss + gap + rescueLoss + rescueGap);
  });

  it("of the quoter: its loss, and the box on what it trades", () => {
    const { loss, price, volatility, total } = quoterBound(parameters, 0n);
    expect([loss, price, volatility]).to.deep.equal([PERCENT / 4n, PERCENT, PERCENT / 2n]);
    expect(total).to.equal((7n * PERCENT) / 4n);
  });

  it("of the surface key: the anchor's pace, compounding, and what no two-sided value covers", () => {
    const exposure = { tenor: 30 * 86_400, volatility: 0.6, vega: 0.5, shape: 0.1, delta: 0.4 };
    const start = surfaceBound(parameters, [exposure], 0n);
    expect([start.volatility, start.shape, start.forward]).to.deep.equal([0n, 0n, 0n]);
    // 0.05 of skew on 0.1 and 0.001 of forward on 0.4: once at once, and twice more a day.
    expectNear(Number(start.once) / 1e18, 0.0054, 1e-8);
    expectNear(Number(start.swings) / 1e18, 0.0054, 1e-8);
    const day = surfaceBound(parameters, [exposure], DAY);
    expectNear(Number(day.volatility) / 1e18, 0.3 * (Math.exp(0.2) - 1), 1e-6);
    expectNear(Number(day.shape) / 1e18, 0.1 * 0.1, 1e-6);
    expectNear(Number(day.forward) / 1e18, 0.004 * 0.4, 1e-6);
    expectNear(Number(day.swings) / 1e18, 0.0054 * 3, 1e-6);
    expect(day.total).to.equal(day.volatility + day.shape + day.forward + day.swings);
    expect(surfaceBound(parameters, [exposure], 40n * DAY).total).to.equal(WAD);
  });

  it("of the surface key are faster for a short tenor, and add up over expiries", () => {
    const exposure = { tenor: 30 * 86_400, volatility: 0.6, vega: 0.5, shape: 0, delta: 0 };
    const short = { ...exposure, tenor: 30 * 21_600 };
    const one = surfaceBound(parameters, [exposure], 3_600n).volatility;
    const two = surfaceBound(parameters, [exposure, exposure], 3_600n).volatility;
    expectNear(Number(two) / Number(one), 2, 1e-6);
    expectNear(Number(surfaceBound(parameters, [short], 3_600n).volatility) / Number(one), 2, 0.02);
  });

  it("take the widest book the limits allow, by vega, gamma or the reserve", () => {
    // A day's options by gamma, a week's by the reserve: 1.45 of NAV of them at the money.
    const { vega, delta } = widestExposure(parameters, 86_400, 0.6);
    expectNear(vega, (10 * 0.6) / 365, 1e-9);
    expectNear(delta, 1 / 0.689487, 1e-5);
    const week = widestExposure(parameters, 7 * 86_400, 0.6).vega;
    expectNear(week, delta * Math.sqrt(7 / 365 / (2 * Math.PI)), 1e-9);
    const limits = { ...parameters.limits, maxVega: PERCENT / 1_000n };
    expectNear(widestExposure({ ...parameters, limits }, 7 * 86_400, 0.6).vega, 0.001, 1e-12);
  });

  it("say apart what a withheld hedge costs", () => {
    const { drift, gamma } = withholding(parameters, 5n * PERCENT, 3_000_000n * 10n ** 6n, 3_000n * WAD);
    expect(drift).to.equal(PERCENT / 20n); // 10 ETH of 30,000 USDC by 5 %, of 3 million
    expect(gamma).to.equal((125n * PERCENT) / 100n);
  });

  it("never fall as time goes by", () => {
    for (const bound of [keeperBound, quoterBound]) {
      expect(bound(parameters, DAY).total > bound(parameters, 3_600n).total).to.equal(true);
    }
  });

  it("print as percentages of NAV, part by part", () => {
    const report = boundReport(DEFAULT_SUBJECT);
    expect(report.keeper.at(-1)!.percent[1]).to.equal(7.2);
    const text = renderReport(report);
    expect(text).to.match(/stolen keeper +1 h +1 day +7 days/);
    expect(text).to.match(/in all +4\.47 % +7\.20 % +24\.30 %/);
    expect(text).to.contain("withheld hedge");
  });
});
