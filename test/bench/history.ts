import { expect } from "chai";

import { costAtRisk } from "../../bench/history/frontier.ts";
import { folds } from "../../bench/history/periods.ts";
import { calibratedOn, worldOf } from "../../bench/history/world.ts";
import { playFold } from "../../bench/history/walkForward.ts";
import { WorkerPool } from "../../keeper/backtest/workerPool.ts";
import { recordedData } from "../support/recordedData.ts";
import { expectNear } from "../support/near.ts";

describe("the cost of a rule at another's risk", () => {
  const outcomes = [
    { value: 1, costUsd: 1000, riskUsd: 10 },
    { value: 2, costUsd: 100, riskUsd: 100 },
    { value: 4, costUsd: 10, riskUsd: 1000 },
  ];

  it("lies on the line between its parameters, in logarithms", () => {
    expectNear(costAtRisk(outcomes, 100)!, 100, 1e-9);
    expectNear(costAtRisk(outcomes, Math.sqrt(10) * 100)!, 100 / Math.sqrt(10), 1e-9);
  });

  it("is the least where the line passes that risk more than once, and nothing where it never does", () => {
    const folded = [...outcomes, { value: 8, costUsd: 1, riskUsd: 10 }];
    expect(costAtRisk(folded, 100)!).to.be.below(100);
    expect(costAtRisk(outcomes, 1)).to.equal(null);
    // All risk less, and the last of them costs least.
    expect(costAtRisk(outcomes, 2000)).to.equal(10);
  });
});

describe("the folds of history", () => {
  it("learn from the year before, and from nothing that is judged", () => {
    const all = folds("2025-06-29");
    expect(all.map(({ name }) => name).slice(0, 8)).to.deep.equal([
      "2018",
      "2019",
      "2020",
      "2021",
      "2022",
      "2023",
      "2024",
      "2025",
    ]);
    expect(all).to.have.lengthOf(17);
    for (const { train, test } of all) {
      expect(train.from < train.to && train.to < test.from && test.from <= test.to).to.equal(true);
    }
    expect(all[0]!.train).to.deep.equal({ from: "2017-08-18", to: "2017-12-31" });
    expect(all[7]!.test.to).to.equal("2025-06-29");
  });
});

describe("a fold of recorded history", function () {
  this.timeout(120_000);

  it("has the default ahead of every rule in the crash of August 2024", async function () {
    const prices = recordedData(this, "eth_usd_1h.csv.gz");
    const gas = recordedData(this, "gas_daily_etherscan.csv.gz");
    const fold = folds("2025-06-29").find(({ name }) => name === "2024-08-03")!;
    // A tenth of the past is enough to see that all is wired to the right end.
    const short = { ...fold, train: { from: "2024-06-30", to: fold.train.to } };
    const pool = new WorkerPool(2);
    try {
      const { ours, rules, riskAversion } = await playFold(short, {
        ...{ files: { prices, gas }, level: "mainnet", book: "rolling-weekly", days: 7, pool },
      });
      const past = worldOf(short.train, { files: { prices, gas }, book: "rolling-weekly", step: 300 });
      expectNear(riskAversion, calibratedOn(past, 7), 1e-12);
      expect(ours.trades).to.be.within(3, 300);
      expectNear(ours.frictionUsd, ours.costUsd + ours.riskUsd, 1e-6);
      expect(rules).to.have.lengthOf(14);
      for (const { name, tuned } of rules) expect(tuned.frictionUsd, name).to.be.above(ours.frictionUsd);
    } finally {
      await pool.close();
    }
  });
});
