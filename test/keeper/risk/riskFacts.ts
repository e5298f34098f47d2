import { expect } from "chai";

import { realisedVolatility } from "../../../keeper/market/realisedVolatility.ts";
import { Random } from "../../../keeper/math/random.ts";
import { SECONDS_PER_YEAR } from "../../../keeper/math/units.ts";
import {
  depthOf,
  readFacts,
  realised,
  remember,
  type RiskMemory,
  type RiskSight,
} from "../../../keeper/risk/riskFacts.ts";
import type { DecisionInput } from "../../../keeper/strategy/types.ts";
import { expectNear } from "../../support/near.ts";
import { RISK } from "../utils/riskFacts.ts";
import { NOW, quiet, shortCalls } from "../utils/ruleInput.ts";

const WAD = 10n ** 18n;
const VENUE = `0x${"0a".repeat(20)}` as const;
const calm: RiskSight = { fresh: true, open: true, price: 3000n * WAD, poolPrice: 3000n * WAD, venues: [] };
const HALF_LIFE = RISK.halfLife;

interface Look {
  readonly timestamp: number;
  readonly spot: number;
  readonly kappa?: number;
}

function rememberAll(looks: readonly Look[]): RiskMemory {
  let memory: RiskMemory | null = null;
  for (const look of looks) memory = remember(memory, { kappa: 0.01, ...look }, { halfLife: HALF_LIFE });
  return memory!;
}
/** Looks at a steady price, every so many seconds. */
const steady = (until: number, step: number, kappa = 0.01, from = 0): Look[] =>
  Array.from({ length: Math.floor((until - from) / step) + 1 }, (_, index) => ({
    ...{ timestamp: NOW + from + index * step, spot: 3000, kappa },
  }));

function factsOf(
  change: Partial<DecisionInput>,
  sight: Partial<RiskSight> = {},
  memory = rememberAll([{ timestamp: NOW, spot: 3000 }]),
) {
  const limits = { delta: 20, minDrift: 0.1, maxAge: 1e6 };
  const input = { ...quiet, spot: 3000, kappa: 0.01, legs: [shortCalls], limits, ...change };
  return readFacts(input, { ...calm, ...sight }, memory, RISK);
}

describe("the facts of risk", () => {
  describe("realised volatility", () => {
    it("takes what was not looked at for calm, so that the first step of an oracle is no crash", () => {
      const step = [
        { timestamp: NOW, spot: 3000 },
        { timestamp: NOW + 12, spot: 3015 },
      ];
      expect(realised(rememberAll(step), HALF_LIFE)).to.be.within(0.3, 0.45);
      // Of the two prices alone it would be 800 %.
      const prices = step.map(({ timestamp, spot: price }) => ({ timestamp, price }));
      expect(realisedVolatility(prices, HALF_LIFE)).to.be.above(7);
    });

    it("finds the volatility of a price that moves by it", () => {
      const random = new Random(7, "risk");
      let spot = 3000;
      const looks = Array.from({ length: 30_000 }, (_, index) => {
        spot *= Math.exp(0.7 * Math.sqrt(12 / SECONDS_PER_YEAR) * random.normal());
        return { timestamp: NOW + 12 * index, spot };
      });
      expect(realised(rememberAll(looks), HALF_LIFE)).to.be.within(0.63, 0.77);
    });

    it("forgets half of a jump's variance in a half-life", () => {
      const jump = [
        { timestamp: NOW, spot: 2850 },
        { timestamp: NOW + 12, spot: 3000 },
      ];
      const after = (seconds: number) =>
        realised(rememberAll([...jump, ...steady(seconds + 12, 12, 0.01, 24)]), HALF_LIFE);
      expectNear(after(HALF_LIFE) / realised(rememberAll(jump), HALF_LIFE), Math.SQRT1_2, 1e-2);
    });

    it("is set against what is implied", () => {
      const memory = rememberAll([
        { timestamp: NOW, spot: 2850 },
        { timestamp: NOW + 12, spot: 3000 },
      ]);
      const { volatility } = factsOf({ sigma: 0.7 }, {}, memory);
      expectNear(volatility, realised(memory, HALF_LIFE) / 0.7, 1e-12);
    });
  });

  describe("depth", () => {
    const thinness = (looks: readonly Look[]) =>
      factsOf({ kappa: looks.at(-1)!.kappa! }, {}, rememberAll(looks)).thinness;

    it("is the ether that moves the price by a hundredth", () => {
      // kappa·w² is what w ETH lose on the way: half of what the price moves by.
      expectNear(depthOf({ spot: 3000, kappa: 0.01 }), 1500, 1e-12);
    });

    it("is seen at once where it falls", () => {
      expectNear(thinness(steady(86_400, 60)), 1, 1e-9);
      expect(thinness([...steady(86_400, 60), ...steady(86_460, 60, 0.04, 86_460)])).to.be.within(3.9, 4);
    });

    it("becomes usual at a doubling in twelve hours, also by rare looks", () => {
      const after = (hours: number, step: number) =>
        thinness([...steady(86_400, 60), ...steady(86_400 + hours * 3600, step, 0.04, 86_460)]);
      expect(after(12, 60)).to.be.within(1.9, 2.1);
      expect(after(25, 60)).to.be.within(1, 1.01);
      expect(after(12, 3600)).to.be.within(1.9, 2.2);
      // What nobody saw counts for an hour.
      expect(after(48, 172_000)).to.be.above(3.7);
    });

    it("is the median where it jumps about, whatever the heights of the jumps", () => {
      const random = new Random(3, "depth");
      const looks = steady(3 * 86_400, 60).map((look) => ({
        ...look,
        kappa: random.uniform() < 0.65 ? 0.01 : 0.001,
      }));
      const { depth } = rememberAll(looks);
      expect(depth / depthOf({ spot: 3000, kappa: 0.01 })).to.be.within(0.98, 1.1);
    });

    it("outlives a reading that is no depth, and comes back from one", () => {
      const spoilt = [...steady(600, 60), { timestamp: NOW + 660, spot: 3000, kappa: 0 }];
      expectNear(rememberAll(spoilt).depth, 1500, 1e-9);
      const bad = rememberAll([{ timestamp: NOW, spot: 3000, kappa: 0 }]);
      const mended = remember(bad, { timestamp: NOW + 12, spot: 3000, kappa: 0.01 }, { halfLife: HALF_LIFE });
      expectNear(mended.depth, 1500, 1e-9);
    });

    it("stays as it was at a block that is not after the last", () => {
      const memory = rememberAll(steady(600, 60));
      for (const timestamp of [NOW + 600, NOW + 540])
        expect(remember(memory, { timestamp, spot: 9, kappa: 1 }, { halfLife: HALF_LIFE })).to.equal(memory);
    });
  });

  it("tell how far the pool has left the oracle, to either side", () => {
    expectNear(factsOf({}, { poolPrice: 3030n * WAD }).gap, 0.01, 1e-12);
    expectNear(factsOf({}, { poolPrice: 2940n * WAD }).gap, 0.02, 1e-12);
    expect(factsOf({})).to.include({ gap: 0, fresh: true, open: true, at: NOW });
  });

  describe("margin", () => {
    const short = (distance: bigint) => ({
      ...{ venue: VENUE, delta: -WAD, equity: 0n, liquidationDistance: distance },
      marginTrigger: (3n * WAD) / 10n,
    });
    const spot = { ...short(0n), delta: WAD, marginTrigger: 0n };

    it("is that of the venue nearest to liquidation", () => {
      const venues = [spot, short((6n * WAD) / 10n), short(WAD / 5n)];
      expectNear(factsOf({}, { venues }).margin, 1.5, 1e-12);
      expectNear(factsOf({}, { venues: venues.slice(0, 2) }).margin, 0.5, 1e-12);
      expect(factsOf({}, { venues: [spot] }).margin).to.equal(0);
      expect(factsOf({}, { venues: [{ ...short(0n) }] }).margin).to.equal(Infinity);
    });

    it("breaks where the price may reach it within the horizon", () => {
      const near = factsOf({}, { venues: [short(WAD / 500n)] });
      expect(near.breach).to.be.within(0.3, 1);
      expect(factsOf({}, { venues: [short((6n * WAD) / 10n)] }).breach).to.be.below(1e-6);
    });
  });

  describe("the odds of a breach", () => {
    it("begin at a level book: what the strategy trades away anyhow is no risk", () => {
      const at = (hedgeDelta: number) => factsOf({ hedgeDelta }).breach;
      expect(at(0)).to.equal(at(50));
      expect(at(0)).to.be.below(0.01);
    });

    it("grow with gamma, with a tighter limit, and with whichever volatility is the larger", () => {
      const calmly = factsOf({}).breach;
      expect(factsOf({ legs: [{ ...shortCalls, quantity: -2000 }] }).breach).to.be.above(0.05);
      expect(factsOf({ limits: { delta: 1, minDrift: 0.1, maxAge: 1e6 } }).breach).to.be.above(0.05);
      const crash = rememberAll([
        { timestamp: NOW, spot: 2000 },
        { timestamp: NOW + 12, spot: 3000 },
      ]);
      expect(factsOf({}, {}, crash).breach).to.be.above(0.05);
      expect(factsOf({ sigma: 30 }).breach).to.be.above(0.05);
      expect(calmly).to.be.below(1e-6);
    });

    it("are none without options, and certain where the limit is nothing", () => {
      expect(factsOf({ legs: [] }).breach).to.equal(0);
      expect(factsOf({ limits: { delta: 1e-12, minDrift: 1e-13, maxAge: 1 } }).breach).to.be.above(0.99);
    });
  });
});
