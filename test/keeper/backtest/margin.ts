import { expect } from "chai";

import { simulate } from "../../../keeper/backtest/engine.ts";
import { expectNear } from "../../support/near.ts";
import { costs, holding, rule, said, scenario, START } from "../utils/backtestScenarios.ts";

describe("a short hedge in a backtest", () => {
  it("calls for margin near liquidation, liquidates at it, and counts what that costs", () => {
    const calls: boolean[] = [];
    const health: (number | undefined)[] = [];
    let asked = 0;
    const strategy = rule((input) => {
      calls.push(input.marginCall);
      health.push(input.observed?.healthFactor);
      asked += 1;
      return holding(input, asked === 1 ? { action: "rebalance", reason: "rule", trade: -10 } : {});
    });
    const world = scenario({
      ...{ step: 60, check: 60, startsHedged: false },
      margin: {
        collateralRatio: 2,
        liquidationThreshold: 0.75,
        trigger: 0.1,
        closeFactor: 0.5,
        penalty: 0.05,
      },
    });
    // Liquidation of a short made at 1,000 is at 1,500: its collateral is 2,000 an ETH.
    const { totals, trades } = simulate(world, said([1000, 1000, 1400, 1600, 1600]), strategy);
    // Of 20,000 five ETH and their penalty are paid; the rest covers the five that are left up to here.
    const left = (0.75 * (20_000 - 5 * 1600 * 1.05)) / 5;
    expect(calls).to.deep.equal([false, false, true, true]);
    expect(health).to.deep.equal([undefined, 1.5, 1500 / 1400, left / 1600]);
    expect(totals.liquidations).to.equal(1);
    expectNear(totals.penaltyUsd, 0.05 * 5 * 1600, 1e-9);
    expect(trades.at(-1)).to.include({ reason: "liquidation", trade: 5, spot: 1600 });
    expectNear(totals.hedgeUsd, -10 * 600, 1e-9);
  });

  it("drops a trade that is under way when it is liquidated: it was decided on a hedge that is no more", () => {
    const seen: (readonly [seconds: number, hedge: number])[] = [];
    const strategy = rule((input) => {
      seen.push([input.timestamp - START, input.hedgeDelta]);
      const trade = input.timestamp === START ? -10 : input.timestamp === START + 120 ? -1 : 0;
      return holding(input, trade === 0 ? {} : { action: "rebalance", reason: "rule", trade });
    });
    const world = scenario({
      ...{ step: 60, check: 60, startsHedged: false, costs: costs({ blockTime: 90 }) },
      margin: {
        ...{ collateralRatio: 2, liquidationThreshold: 0.75, trigger: 0.1, closeFactor: 0.5, penalty: 0.05 },
      },
    });
    // The second trade is decided at 120 and due at 210; the liquidation comes between, at 180.
    const { trades } = simulate(world, said([1000, 1000, 1000, 1600, 1600, 1600]), strategy);
    expect(trades.map(({ time, reason, trade }) => [time - START, reason, trade])).to.deep.equal([
      [90, "rule", -10],
      [180, "liquidation", 5],
    ]);
    // And it decides again at once.
    expect(seen).to.deep.equal([
      [0, 0],
      [120, -10],
      [180, -5],
      [240, -5],
    ]);
  });

  it("liquidates by the oracle's price, again where the rest is not covered, and all of it in the end", () => {
    let asked = 0;
    const strategy = rule((input) =>
      holding(input, (asked += 1) === 1 ? { action: "rebalance", reason: "rule", trade: -8 } : {}),
    );
    const margin = { collateralRatio: 2, liquidationThreshold: 0.75, trigger: 0.1, penalty: 0.05 };
    const world = (closeFactor: number) =>
      scenario({
        ...{ step: 60, check: 60, startsHedged: false, margin: { ...margin, closeFactor } },
        oracle: { deviation: 0.5, heartbeat: 120 },
      });
    const prices = said([1000, 1000, 1000, 1900, 1900, 1900, 1900]);
    const tradesOf = (closeFactor: number) => simulate(world(closeFactor), prices, strategy).trades;
    const forced = tradesOf(0.5).filter(({ reason }) => reason === "liquidation");
    // The market is there at 180 s; the oracle moves as far at once.
    expect(forced.map(({ time, trade }) => [time - START, trade])).to.deep.equal([
      [180, 4],
      [240, 2],
      [300, 1],
      [360, 0.5],
    ]);
    asked = 0;
    expect(tradesOf(1).filter(({ reason }) => reason === "liquidation")).to.have.length(1);
    asked = 0;
    const sleeping = scenario({ ...world(0.5), oracle: { deviation: 1, heartbeat: 3600 } });
    expect(simulate(sleeping, prices, strategy).totals.liquidations).to.equal(0);
  });
});
