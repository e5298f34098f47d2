import { expect } from "chai";

import { simulate } from "../../../keeper/backtest/engine.ts";
import { openBook } from "../../../keeper/backtest/openBook.ts";
import { pricePath } from "../../../keeper/backtest/pricePath.ts";
import type { Scenario } from "../../../keeper/backtest/scenario.ts";
import { constantSeries } from "../../../keeper/backtest/seriesCursor.ts";
import { bandCost } from "../../../keeper/math/bandCost.ts";
import { PolicyInputError } from "../../../keeper/math/policyInputError.ts";
import { SECONDS_PER_YEAR } from "../../../keeper/math/units.ts";
import { bookDelta, bookRisk } from "../../../keeper/strategy/bookRisk.ts";
import { fixedBand } from "../../../keeper/strategy/fixedBand.ts";
import { optimalImpulse } from "../../../keeper/strategy/optimalImpulse.ts";
import { time } from "../../../keeper/strategy/time.ts";
import type { DecisionInput, Strategy } from "../../../keeper/strategy/types.ts";
import { expectNear } from "../../support/near.ts";
import {
  costs,
  DAY,
  holding,
  never,
  rule,
  said,
  scenario,
  SIGMA,
  START,
  trading,
} from "../utils/backtestScenarios.ts";

const play = (world: Scenario, strategy: Strategy, path = 0) =>
  simulate(world, pricePath(world.prices, world.step, world.seed, path), strategy);

/** Costs, an oracle, margin and volatility that moves: all that can go wrong with the books. */
const everything = scenario({
  book: {
    name: "both ways, renewed",
    rolls: true,
    entries: [
      { type: "put", strikeRatio: 1, tau: 7 / 365, quantity: -20 },
      { type: "call", strikeRatio: 1.05, capRatio: 1.3, tau: 10 / 365, quantity: 10 },
    ],
  },
  ...{ step: 60, check: 300 },
  implied: { times: [0, START + 3 * DAY, START + 9 * DAY], values: [0.6, 0.9, 0.5], between: "step" },
  costs: costs({
    gasUnits: 830_000,
    gasGwei: { times: [START, START + 30 * DAY], values: [5, 50], between: "log" },
    ...{ feeRate: 0.0005, kappa: null, liquidity: 2e18, fundingRate: 0.05, blockTime: 12 },
  }),
  oracle: { deviation: 0.005, heartbeat: 3600 },
  margin: {
    collateralRatio: 1.5,
    liquidationThreshold: 0.78,
    trigger: 0.02,
    closeFactor: 0.5,
    penalty: 0.05,
  },
  limits: { delta: 5, minDrift: 0.1, maxAge: 2 * DAY, gamma: null, vega: null },
});

describe("the backtest engine", () => {
  for (const strategy of [
    optimalImpulse({ riskAversion: 1e-4 }),
    fixedBand({ fraction: 0.02 }),
    time({ seconds: 3600 }),
  ])
    it(`accounts for every dollar under ${strategy.name}: what is owned has come from somewhere`, () => {
      const { totals, trades, series } = play(everything, strategy);
      const { optionUsd, hedgeUsd, costUsd, pnlUsd } = totals;
      expect(totals.trades).to.be.greaterThan(10);
      expectNear(pnlUsd, optionUsd + hedgeUsd - costUsd, 1e-6);
      const { gasUsd, feeUsd, impactUsd, fundingUsd, penaltyUsd } = totals;
      expectNear(costUsd, gasUsd + feeUsd + impactUsd + fundingUsd + penaltyUsd, 1e-9);
      for (const part of [gasUsd, feeUsd, impactUsd, fundingUsd]) expect(part).to.be.greaterThan(0);
      const sum = (of: (trade: (typeof trades)[number]) => number) =>
        trades.reduce((all, one) => all + of(one), 0);
      expectNear(
        sum((one) => one.gasUsd),
        gasUsd,
        1e-6,
      );
      expectNear(
        sum((one) => one.feeUsd),
        feeUsd,
        1e-6,
      );
      expectNear(
        sum((one) => Math.abs(one.trade)),
        totals.turnoverEth,
        1e-6,
      );
      expectNear(series.equity.at(-1), pnlUsd, 1e-6);
      expectNear(totals.frictionUsd, costUsd + totals.riskUsd, 1e-9);
    });

  it("replicates an option when it hedges at every step for free: the error falls as the root of the step", () => {
    const errorAt = (step: number) => {
      const world = scenario({ step, check: step });
      let squares = 0;
      for (let path = 0; path < 40; path++) {
        const { totals } = play(world, time({ seconds: step }), path);
        squares += totals.pnlUsd ** 2;
      }
      return Math.sqrt(squares / 40);
    };
    const [hourly, coarse] = [errorAt(3600), errorAt(16 * 3600)];
    const premium = 0.4 * 3000 * SIGMA * Math.sqrt(30 / 365);
    // Standard deviation √(π/4)·vega·σ/√n of hedging n times (Derman & Kamal 1999); vega·σ is the premium at the money.
    const expected = Math.sqrt(Math.PI / 4) * premium * Math.sqrt(1 / 720);
    expect(hourly).to.be.within(0.7 * expected, 1.3 * expected);
    expect(coarse / hourly).to.be.within(2.9, 5.5);
  });

  it("charges what drift risks: half of A, sigma, spot and drift squared, times time", () => {
    // A call so deep in the money that its delta is 1 and stays there: drift −1 throughout.
    const world = scenario({
      book: { name: "deep", rolls: false, entries: [{ type: "call", strike: 1, tau: 1, quantity: -1 }] },
      prices: { kind: "model", model: "gbm", start: START, seconds: 30 * DAY, spot: 3000, volatility: SIGMA },
      ...{ step: 60, check: 60, startsHedged: false },
    });
    const { prices } = pricePath(world.prices, 60, world.seed, 0);
    const { totals } = play(world, never);
    const meanSquareSpot = prices.reduce((sum, price) => sum + price * price, 0) / prices.length;
    const expected = 0.5 * 1e-4 * SIGMA ** 2 * meanSquareSpot * (30 / 365);
    expectNear(totals.riskUsd / expected, 1, 0.02);
    expectNear(totals.deltaStd / (SIGMA * Math.sqrt(meanSquareSpot)), 1, 0.01);
    expectNear(totals.trackingStd / totals.deltaStd, 1, 0.001);
    expect(totals.trades).to.equal(0);
  });

  it("measures the holding cost of the drift that it reports", () => {
    const world = scenario({ step: 1200, check: 1200 });
    const path = pricePath(world.prices, 1200, 1, 0);
    const { totals, series, trades } = simulate(world, path, fixedBand({ fraction: 0.1 }), { points: 2200 });
    expect(series.time.length).to.equal(2161);
    const tradedAt = new Map(trades.map(({ time, trade }) => [time, trade]));
    let risk = 0;
    for (let index = 1; index < series.spot.length; index++) {
      // A trade without delay is filled at the price it was decided at, before the move.
      const drift = series.drift[index - 1]! + (tradedAt.get(series.time[index - 1]!) ?? 0);
      risk += 0.5e-4 * (drift * (series.spot[index]! - series.spot[index - 1]!)) ** 2;
    }
    expect(trades.length).to.be.greaterThan(5);
    expectNear(risk / totals.riskUsd, 1, 1e-9);
  });

  it("plays a band over a gamma that hardly changes as the closed form has it: how often it trades, and what it risks", () => {
    const [b, t] = [0.15, 0.05];
    const band = rule((input) => {
      const drift = bookDelta(input.legs, input.spot, input.timestamp) + input.hedgeDelta;
      if (Math.abs(drift) < b) return holding(input, { drift });
      const trade = Math.sign(drift) * t - drift;
      return holding(input, { action: "rebalance", reason: "rule", drift, trade });
    });
    // Twenty years to go, and a price that moves by a tenth a year.
    const sigma = 0.1;
    const world = scenario({
      prices: { kind: "model", model: "gbm", start: START, seconds: 60 * DAY, spot: 3000, volatility: sigma },
      book: {
        name: "long",
        rolls: false,
        entries: [{ type: "call", strike: 3000, tau: 20, quantity: -1000 }],
      },
      ...{ step: 60, check: 60 },
    });
    let [trades, risk] = [0, 0];
    const paths = 6;
    for (let path = 0; path < paths; path++) {
      const { totals } = play(world, band, path);
      trades += totals.trades / paths;
      risk += totals.riskUsd / paths;
    }
    const [leg] = openBook(world.book, 3000, START, SIGMA);
    const a = 3000 * sigma * Math.abs(bookRisk([leg!], 3000, START).gamma);
    const years = 60 / 365;
    // A walk seen at intervals passes a level by 0.5826 deviations of a step.
    const beyond = b + 0.5826 * a * Math.sqrt(60 / SECONDS_PER_YEAR);
    const model = { a2: a * a, h: 0.5e-4 * (3000 * sigma) ** 2, G: 0, ell: 0, kappa: 0 };
    const { tradesPerYear, holdingRate } = bandCost(model, { b: beyond, t });
    expectNear(trades / (tradesPerYear * years), 1, 0.1);
    expectNear(risk / (holdingRate * years), 1, 0.1);
  });

  it("refuses a rule whose trade is no number", () => {
    const world = scenario({ step: 60, check: 60 });
    expect(() => simulate(world, said([100, 100]), trading(NaN))).to.throw(
      PolicyInputError,
      /a trade of NaN ETH at 2025-01-01/,
    );
  });

  it("refuses what comes to no number", () => {
    const prices = said([1e300, 2e300]);
    expect(() => simulate(scenario({ step: 60, check: 60 }), prices, never)).to.throw(
      PolicyInputError,
      "prices or the book are too large",
    );
  });

  it("fills a block after the decision, at the price of then, and decides nothing meanwhile", () => {
    const seen: number[] = [];
    const since: (number | null)[] = [];
    const strategy = rule((input) => {
      seen.push(input.timestamp - START);
      since.push(input.lastRebalanceAt);
      const isFirst = input.lastRebalanceAt === null;
      return holding(input, isFirst ? { action: "rebalance", reason: "rule", trade: 2 } : {});
    });
    const world = scenario({ step: 60, check: 60, startsHedged: false, costs: costs({ blockTime: 90 }) });
    const { trades } = simulate(world, said([100, 110, 121, 121, 121]), strategy);
    expect(trades).to.have.length(1);
    expect(trades[0]!.time).to.equal(START + 90);
    expectNear(trades[0]!.spot, Math.sqrt(110 * 121), 1e-9);
    expect(seen).to.deep.equal([0, 120, 180]);
    // By the decision's clock: a rule that is due every two minutes is due at 120.
    expect(since).to.deep.equal([null, START, START]);
  });

  it("shows strategies the oracle's price and fills at the market's", () => {
    const seen: number[] = [];
    const strategy = rule((input) => {
      seen.push(input.spot);
      return holding(input, { action: "rebalance", reason: "rule", trade: 1 });
    });
    const world = scenario({ step: 60, check: 60, oracle: { deviation: 0.01, heartbeat: 240 } });
    const { trades } = simulate(world, said([100, 100.9, 101, 100.5, 100.4, 100.4, 100.6, 100]), strategy);
    // The move of 1 % is written at once, the next price only after the heartbeat.
    expect(seen).to.deep.equal([100, 100, 101, 101, 101, 101, 100.6]);
    expect(trades.map(({ spot }) => spot)).to.deep.equal([100, 100.9, 101, 100.5, 100.4, 100.4, 100.6]);
  });

  it("charges gas, fee and impact by their formulas", () => {
    const world = scenario({
      ...{ step: 60, check: 60, startsHedged: false },
      costs: costs({
        gasUnits: 500_000,
        gasGwei: constantSeries(20),
        feeRate: 0.001,
        kappa: null,
        liquidity: 4e18,
      }),
    });
    const { totals } = simulate(world, said([2500, 2500]), trading(-3));
    expectNear(totals.gasUsd, 500_000 * 20e-9 * 2500, 1e-9);
    expectNear(totals.feeUsd, 0.001 * 3 * 2500, 1e-9);
    expectNear(totals.impactUsd, (2500 ** 1.5 / 4e6) * 9, 1e-9);
    expectNear(totals.pnlUsd, totals.optionUsd - totals.costUsd, 1e-9);
  });

  it("charges funding for as long as a hedge is held", () => {
    const world = scenario({
      step: 3600,
      check: 3600,
      startsHedged: false,
      costs: costs({ fundingRate: 0.1 }),
    });
    let asked = 0;
    const once = rule((input) =>
      holding(input, (asked += 1) === 1 ? { action: "rebalance", reason: "rule", trade: -2 } : {}),
    );
    const { totals } = simulate(world, said([1000, 1000, 1000, 1000], 3600), once);
    expectNear(totals.fundingUsd, 0.1 * 2 * 1000 * ((2 * 3600) / SECONDS_PER_YEAR), 1e-9);
  });

  it("takes for the worst drift what was carried, not that of options which are settled the same moment", () => {
    const world = scenario({
      ...{ step: 3600, check: 3600, startsHedged: false },
      book: {
        name: "two hours",
        rolls: false,
        entries: [{ type: "call", strike: 3000, tau: 2 / (365 * 24), quantity: -7 }],
      },
      implied: constantSeries(1e-6),
    });
    const { totals } = simulate(world, said([2900, 2900, 3100, 3100], 3600), never);
    expect(totals.worstDrift).to.equal(0);
  });

  it("pays out what expires and opens it again at a listed strike, with no gain or loss by itself", () => {
    const strikes: number[] = [];
    const strategy = rule((input) => {
      strikes.push(input.legs[0]!.strike);
      return holding(input);
    });
    const world = scenario({
      ...{ step: 3600, check: 3600, startsHedged: false },
      book: {
        name: "two hours",
        rolls: true,
        entries: [{ type: "put", strikeRatio: 1, tau: 2 / (365 * 24), quantity: -1 }],
      },
      implied: constantSeries(1e-6),
    });
    const { totals } = simulate(world, said([3013, 2900, 2890, 2890, 2890], 3600), strategy);
    expect(strikes).to.deep.equal([3000, 3000, 2900, 2900]);
    // Written at intrinsic 0 and settled at 110; then written in the money by 10, which is paid as it was received.
    expectNear(totals.pnlUsd, -110, 1e-6);
  });

  it("gives rules what they observe", () => {
    const observed: (DecisionInput["observed"] | undefined)[] = [];
    const strategy = rule((input) => {
      const { lastRebalanceSpot, twap60, twap420, sigma600 } = input.observed!;
      observed.push({ lastRebalanceSpot, twap60, twap420, sigma600 } as DecisionInput["observed"]);
      return holding(input);
    });
    const prices = [100, 110, 100, 110, 100, 110, 100, 110, 100, 110, 100, 110, 100];
    simulate(scenario({ step: 60, check: 60 }), said(prices), strategy);
    expect(observed[0]).to.deep.equal({
      lastRebalanceSpot: 100,
      twap60: 100,
      twap420: 100,
      sigma600: undefined,
    });
    const last = observed.at(-1)!;
    expectNear(last.twap60, 100, 1e-9);
    expectNear(last.twap420, (4 * 100 + 3 * 110) / 7, 1e-9);
    expectNear(last.sigma600, Math.log(1.1) * Math.sqrt(SECONDS_PER_YEAR / 60), 1e-9);
  });

  it("counts the time beyond the delta limit, and the worst drift and drawdown", () => {
    const world = scenario({
      ...{ step: 60, check: 60, startsHedged: false },
      book: {
        name: "none of it moves",
        rolls: false,
        entries: [{ type: "put", strike: 1, tau: 1, quantity: -1 }],
      },
      limits: { delta: 1.5, minDrift: 0, maxAge: null, gamma: null, vega: null },
    });
    const { totals } = simulate(world, said([1000, 1010, 1000, 990, 1000]), trading(1));
    expectNear(totals.worstDrift, 4, 1e-9);
    expect(totals.breachSeconds).to.equal(120);
    // 1·10, then 2·(−10), then 3·(−10), then 4·10.
    expectNear(totals.maxDrawdownUsd, 50, 1e-9);
    expectNear(totals.pnlUsd, 0, 1e-9);
  });

  it("repeats for the same seed, differs for another, and is the same with fewer samples", () => {
    const strategy = optimalImpulse({ riskAversion: 1e-4 });
    const world = { ...everything, prices: { ...everything.prices, seconds: 5 * DAY } as Scenario["prices"] };
    const run = (seed: number, points?: number) =>
      simulate(world, pricePath(world.prices, 60, seed, 0), strategy, points === undefined ? {} : { points });
    const first = run(3);
    expect(run(3)).to.deep.equal(first);
    expect(run(4).totals).to.not.deep.equal(first.totals);
    const bare = run(3, 0);
    expect(bare.totals).to.deep.equal(first.totals);
    expect([bare.series.time.length, bare.trades.length]).to.deep.equal([0, 0]);
    expect(first.series.time.length).to.be.within(1000, 2000);
    expect(first.series.time.at(-1)).to.equal(START + 5 * DAY);
  });
});
