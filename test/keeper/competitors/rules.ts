import { expect } from "chai";

import { CATALOGUE, strategyNamed } from "../../../keeper/competitors/catalogue.ts";
import type { DecisionInput, Observations } from "../../../keeper/strategy/types.ts";
import { expectNear } from "../../support/near.ts";
import { drifted, NOW, shortCalls } from "../utils/ruleInput.ts";

const ago = (seconds: number): Partial<DecisionInput> => ({ lastRebalanceAt: NOW - seconds });
/** Spot 3,100 after a rebalance at `last`, a minute ago unless told otherwise. */
const seen = (observed: Observations, seconds = 60): Partial<DecisionInput> => ({
  ...ago(seconds),
  observed,
});

const tested = new Set<string>();

/** A rule as published, on a book of 100 options without delta: what it trades. */
function tradeOf(name: string) {
  tested.add(name);
  const strategy = strategyNamed(name, {}, { riskAversion: 1e-4 });
  return (drift: number, change: Partial<DecisionInput> = {}): number => {
    const { action, trade } = strategy.decide(drifted(drift, change));
    expect(action).to.equal(trade === 0 ? "hold" : "rebalance");
    return trade;
  };
}

describe("the rules of others, as published", () => {
  it("periodic: every day, and the first time at once", () => {
    const trade = tradeOf("periodic");
    expect(trade(3, ago(86_399))).to.equal(0);
    expect(trade(3, ago(86_400))).to.equal(-3);
    expect(trade(3, { lastRebalanceAt: null })).to.equal(-3);
  });

  it("band to centre: from 10 % of the size to zero", () => {
    expect([9.9, 10, -12].map((drift) => tradeOf("band-to-centre")(drift))).to.deep.equal([0, -10, 12]);
  });

  it("band to edge: past 5 % of the size, back to 5 %", () => {
    expect([5, 7, -9].map((drift) => tradeOf("band-to-edge")(drift))).to.deep.equal([0, -2, 4]);
  });

  it("Crab V1: after a day or 1 % of the mean price, more than 0.1 % of delta", () => {
    const trade = tradeOf("crab-v1");
    expect(trade(3, ago(86_399))).to.equal(0);
    expect(trade(3, ago(86_400))).to.equal(-3);
    expect(trade(3, seen({ lastRebalanceSpot: 3000, twap420: 3029 }))).to.equal(0);
    expect(trade(3, seen({ lastRebalanceSpot: 3000, twap420: 3031 }))).to.equal(-3);
    expect(trade(3, seen({ lastRebalanceSpot: 3000, twap420: 2969 }))).to.equal(-3);
    // Spot where there is no mean.
    expect(trade(3, seen({ lastRebalanceSpot: 3000 }))).to.equal(-3);
    expect(trade(3, seen({ twap420: 9000 }))).to.equal(0);
    // Delta is 60.33 ETH.
    expect(trade(0.06, { legs: [shortCalls], ...ago(86_400) })).to.equal(0);
    expectNear(trade(0.061, { legs: [shortCalls], ...ago(86_400) }), -0.061, 1e-9);
  });

  it("Crab V2: after an hour or 20 %, within 5 % of the mean price", () => {
    const trade = tradeOf("crab-v2");
    expect([3599, 3600].map((seconds) => trade(3, ago(seconds)))).to.deep.equal([0, -3]);
    expect(trade(3, seen({ lastRebalanceSpot: 2600, twap420: 3110 }))).to.equal(0);
    expect(trade(3, seen({ lastRebalanceSpot: 2590, twap420: 3110 }))).to.equal(-3);
    expect(trade(3, seen({ lastRebalanceSpot: 3100, twap420: 2940 }, 3600))).to.equal(0);
    expect(trade(3, seen({ lastRebalanceSpot: 3100, twap420: 2960 }, 3600))).to.equal(-3);
  });

  it("Zen Bull: once delta is out of 0.9 to 1.1", () => {
    expect([10, 10.1].map((drift) => tradeOf("zen-bull")(drift))).to.deep.equal([0, -10.1]);
  });

  it("Lyra Avalon: every day to the capped target", () => {
    const trade = tradeOf("lyra-avalon");
    expect(trade(500, ago(86_399))).to.equal(0);
    expect(trade(3, ago(86_400))).to.equal(-3);
    const capped = strategyNamed("lyra-avalon", { cap: 40 }, { riskAversion: 1 });
    // 60.33 ETH would hedge it; 40 are allowed, 50 are held.
    const { trade: cut } = capped.decide(
      drifted(50 - 60.32960501281064, { legs: [shortCalls], ...ago(86_400) }),
    );
    expectNear(cut, -10, 1e-9);
  });

  it("Lyra Newport: at once from 100 ETH on", () => {
    expect([99, -100].map((drift) => tradeOf("lyra-newport")(drift))).to.deep.equal([0, 100]);
    expect(tradeOf("lyra-newport")(3, ago(86_400))).to.equal(-3);
  });

  it("Rage: after 3 h, 5 % or below a health of 1.2, in chunks of 200,000 USD", () => {
    const trade = tradeOf("rage");
    expect([5, 5.1].map((drift) => trade(drift))).to.deep.equal([0, -5.1]);
    expect([10_799, 10_800].map((seconds) => trade(3, ago(seconds)))).to.deep.equal([0, -3]);
    expectNear(trade(-80), 200_000 / 3100, 1e-9);
    expect(trade(3, seen({ healthFactor: 1.2 }))).to.equal(0);
    const low = strategyNamed("rage", {}, { riskAversion: 1 }).decide(
      drifted(3, seen({ healthFactor: 1.19 })),
    );
    expect(low).to.include({ reason: "margin", trade: -3 });
  });

  it("Orange: once price and mean are both out of range", () => {
    const trade = tradeOf("orange");
    expect(trade(3, seen({ lastRebalanceSpot: 2900, twap420: 3040 }))).to.equal(0);
    expect(trade(3, seen({ lastRebalanceSpot: 2900, twap420: 3050 }))).to.equal(-3);
    expect(trade(3, seen({ lastRebalanceSpot: 3000, twap420: 2000 }))).to.equal(0);
    expect(trade(3)).to.equal(0);
    expect(trade(3, { lastRebalanceAt: null })).to.equal(-3);
  });

  it("Panoptic: past 2 %, or on the wrong side, while the base fee is low enough", () => {
    const trade = tradeOf("panoptic");
    expect([2, 2.1].map((drift) => trade(drift, ago(60)))).to.deep.equal([0, -2.1]);
    expect(trade(2.1, ago(59))).to.equal(0);
    // 400,000 gas at 50 gwei are 0.02 ETH, 62 USD; at 300 gwei 372.
    const at = (gasUsd: number) => ({ gasUsd, ...ago(60) });
    expect([62, 62.1].map((gasUsd) => trade(5.9, at(gasUsd)))).to.deep.equal([-5.9, 0]);
    expect([371.9, 372.1].map((gasUsd) => trade(6, at(gasUsd)))).to.deep.equal([-6, 0]);
    // Short a tenth of an ETH against a book of −0.6 ETH: small, but of the wrong sign.
    const legs = [{ ...shortCalls, quantity: -1 }];
    expectNear(trade(-0.7, { legs, ...ago(60) }), 0.7, 1e-9);
  });

  it("Set: a twentieth of the way every day, and at once into 0.7 to 1.3", () => {
    const trade = tradeOf("set-fli");
    const delta = 60.32960501281064;
    const legs = [shortCalls];
    const at = (ratio: number, seconds: number) => trade(delta * (ratio - 1), { legs, ...ago(seconds) });
    expectNear(at(0.8, 86_400), delta * 0.01, 1e-9);
    expect(at(0.8, 86_399)).to.equal(0);
    expectNear(at(0.6, 60), delta * 0.1, 1e-9);
    expectNear(at(1.5, 60), -delta * 0.2, 1e-9);
    expectNear(at(0, 60), delta * 0.7, 1e-9);
    expect(trade(3, ago(86_400))).to.equal(-3);
  });

  it("Charm: after 41,400 s, near the mean of the last minute", () => {
    const trade = tradeOf("charm");
    expect([41_399, 41_400].map((seconds) => trade(3, ago(seconds)))).to.deep.equal([0, -3]);
    // 100 ticks are 1.005 %.
    expect(trade(3, seen({ twap60: 3100 / 1.0101 }, 50_000))).to.equal(0);
    expect(trade(3, seen({ twap60: 3100 / 1.01 }, 50_000))).to.equal(-3);
    const picky = strategyNamed("charm", { ticks: 200 }, { riskAversion: 1 });
    const moved = (last: number) =>
      picky.decide(drifted(3, seen({ lastRebalanceSpot: last }, 50_000))).action;
    expect([moved(3050), moved(3030)]).to.deep.equal(["hold", "rebalance"]);
  });

  it("Hummingbot: every minute what is worth more than the minimum", () => {
    const trade = tradeOf("hummingbot");
    expect([59, 60].map((seconds) => trade(0.01, ago(seconds)))).to.deep.equal([0, -0.01]);
    const least = strategyNamed("hummingbot", { leastUsd: 3100 }, { riskAversion: 1 });
    expect([1, 1.01].map((drift) => least.decide(drifted(drift)).action)).to.deep.equal([
      ...["hold", "rebalance"],
    ]);
  });

  it("Deribit: every half minute from 0.1 ETH on", () => {
    const trade = tradeOf("deribit");
    expect([0.09, 0.1, -0.5].map((drift) => trade(drift))).to.deep.equal([0, -0.1, 0.5]);
    expect(trade(3, ago(29))).to.equal(0);
  });

  it("Dual: from a day's move of gamma on, in three clips of 10,000 USD", () => {
    const trade = tradeOf("dual");
    const legs = [shortCalls];
    // 0.0615391·0.9·1.282·3100·0.05 = 11.00558510259155 ETH.
    const hot = { legs, ...seen({ sigma600: 0.9 }) };
    expect(trade(11.005, hot)).to.equal(0);
    expectNear(trade(11.006, hot), -30_000 / 3100, 1e-9);
    expect(trade(11.006, { ...hot, ...ago(14) })).to.equal(0);
    // Without it the input's own, 0.7.
    expectNear(trade(8.57, { legs }), -8.57, 1e-9);
    expect(trade(8.55, { legs })).to.equal(0);
    expect([0.09, 0.1].map((drift) => trade(drift))).to.deep.equal([0, -0.1]);
  });

  it("are each tested, here or with the formulas", () => {
    const elsewhere = ["leland", "whalley-wilmott", "zakamouline"];
    const competitors = CATALOGUE.map(({ name }) => name).slice(
      CATALOGUE.findIndex(({ name }) => name === "periodic"),
    );
    expect([...tested, ...elsewhere]).to.have.members(competitors);
  });
});
