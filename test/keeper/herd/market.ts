import { expect } from "chai";

import {
  BLOCK_SECONDS,
  BLOCKS_PER_DAY,
  BLOCKS_PER_HOUR,
  fundamentalPath,
  withShock,
} from "../../../keeper/herd/fundamental.ts";
import { Impact } from "../../../keeper/herd/impact.ts";
import { Liquidity } from "../../../keeper/herd/liquidity.ts";
import { SECONDS_PER_YEAR } from "../../../keeper/math/units.ts";
import { expectNear } from "../../support/near.ts";

const SIGMA = 0.6;
const path = (weather: "calm" | "rough", seed = 1, index = 0, days = 20): Float64Array =>
  fundamentalPath({ weather, sigma: SIGMA, blocks: days * BLOCKS_PER_DAY, seed, path: index });

describe("a herd's market", () => {
  it("has a fundamental that a seed and a path repeat, and nothing else", () => {
    expect(path("rough")).to.deep.equal(path("rough"));
    expect(path("calm")).not.to.deep.equal(path("calm", 2));
    expect(path("calm")).not.to.deep.equal(path("calm", 1, 1));
  });

  it("moves it as its volatility says", () => {
    for (const weather of ["calm", "rough"] as const) {
      let square = 0;
      let steps = 0;
      for (let index = 0; index < 6; index++) {
        const log = path(weather, 1, index);
        for (let block = 1; block < log.length; block++) square += (log[block]! - log[block - 1]!) ** 2;
        steps += log.length - 1;
      }
      const sigma = Math.sqrt((square / steps) * (SECONDS_PER_YEAR / BLOCK_SECONDS));
      // Jumps add variance of their own.
      expect(sigma, weather).to.be.within(0.5, weather === "calm" ? 0.61 : 0.9);
    }
  });

  it("falls by a shock, evenly, and by no more", () => {
    const log = path("calm", 1, 0, 1);
    const at = 10 * BLOCKS_PER_HOUR;
    const fallen = withShock(log, { at, blocks: BLOCKS_PER_HOUR, size: -0.1 });
    const fall = (block: number): number => fallen[block]! - log[block]!;
    expect(fall(at)).to.equal(0);
    expectNear(fall(at + BLOCKS_PER_HOUR / 2), Math.log(0.9) / 2, 1e-12);
    expectNear(fall(at + BLOCKS_PER_HOUR), Math.log(0.9), 1e-12);
    expectNear(fall(log.length - 1), Math.log(0.9), 1e-12);
  });

  it("moves by flow over depth, of which one part stays and the other halves", () => {
    const impact = new Impact({ perEth: 1e-5, permanentShare: 0.25, halfLife: 5 * BLOCK_SECONDS });
    expectNear(impact.next(100, 1), 1e-3, 1e-15);
    for (let block = 0; block < 4; block++) impact.next(0, 1);
    expectNear(impact.next(0, 1), 1e-3 * (0.25 + 0.75 / 2), 1e-15);
    const half = new Impact({ perEth: 1e-5, permanentShare: 0.25, halfLife: 60 });
    expectNear(half.next(-100, 0.5), -2e-3, 1e-15);
  });

  it("grows thin within minutes when volatility rises, and deep again only in hours", () => {
    const usual = SIGMA * Math.sqrt(BLOCK_SECONDS / SECONDS_PER_YEAR);
    const liquidity = new Liquidity("leaves", SIGMA);
    const hours = (count: number, times: number): number => {
      for (let block = 0; block < count * BLOCKS_PER_HOUR; block++) liquidity.observe(times * usual);
      return liquidity.depth;
    };
    expect(hours(5, 1)).to.equal(1);
    expect(hours(1, 4)).to.be.below(0.3);
    expect(hours(5, 4)).to.be.within(0.1, 0.11);
    expect(hours(4, 1)).to.be.below(0.5);
    expect(hours(48, 1)).to.be.above(0.95);
    const staying = new Liquidity("stays", SIGMA);
    staying.observe(1);
    expect(staying.depth).to.equal(1);
  });
});
