import { expect } from "chai";
import { mkdirSync } from "node:fs";

import { costAtRisk } from "../../bench/history/frontier.ts";
import { folds } from "../../bench/history/periods.ts";
import { runHistory } from "../../bench/history/run.ts";
import { calibratedOn, worldOf } from "../../bench/history/world.ts";
import { playFold, type WalkOptions } from "../../bench/history/walkForward.ts";
import type { StrategyRun } from "../../keeper/backtest/result.ts";
import { WorkerPool } from "../../keeper/backtest/workerPool.ts";
import { scratch } from "../keeper/utils/scratch.ts";
import { recordedData } from "../support/recordedData.ts";
import { expectNear } from "../support/near.ts";

const DAY = 86_400;

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

describe("bench history", () => {
  const files = scratch();

  it("takes what it cannot play in one line", async () => {
    const data = files.at("data");
    mkdirSync(data);
    const flags = { data, books: "rolling-weekly:7", levels: "mainnet" };
    const run = async (changes: object): Promise<string> => {
      const said: string[] = [];
      const { error } = console;
      console.error = (line: string) => said.push(line);
      try {
        expect(await runHistory({ ...flags, ...changes })).to.equal(2);
      } finally {
        console.error = error;
      }
      return said.join("\n");
    };
    expect(await run({})).to.match(/^bench history: \S+eth_usd_1h.csv.gz does not exist$/);
    for (const name of ["eth_usd_1h.csv.gz", "gas_daily_etherscan.csv.gz"]) files.write(`data/${name}`, "");
    expect(await run({ books: "rolling-weekly" })).to.match(
      /--books rolling-weekly: not of the form NAME:days$/,
    );
    expect(await run({ books: "moon:7" })).to.match(/--books moon:7: it is none of short-call, /);
    expect(await run({ levels: "mainnet,L3" })).to.match(/--levels L3: it is neither mainnet nor L2$/);
    expect(await run({ only: "1999" })).to.match(/--only 1999 is none of 2018, /);
    expect(await run({ json: "/dev/null/x" })).to.match(/--json \/dev\/null\/x cannot be written: /);
  });
});

describe("a fold", () => {
  const files = scratch();

  /** Plays a fold on made-up prices; runs are made up as well, by what is asked for. */
  async function played(name: string) {
    const fold = folds("2025-06-29").find((one) => one.name === name)!;
    const { train, test } = fold;
    const from = Date.parse(test.from) / 1000 - 20 * DAY;
    const hours = (Date.parse(test.to) / 1000 + DAY - from) / 3600;
    const rows = Array.from({ length: hours }, (_, hour) => {
      const [open, close] = [hour, hour + 1].map((at) => 3000 + 30 * Math.sin(at));
      return [from + hour * 3600, open, Math.max(open!, close!), Math.min(open!, close!), close].join(",");
    });
    const prices = files.write("prices.csv", `ts,open,high,low,close\n${rows.join("\n")}\n`);
    const day = new Date(from * 1000).toISOString().slice(0, 10);
    const paths = new Map<string, Set<number>>();
    const costs = new Map<string, number[]>();
    const pool: WalkOptions["pool"] = {
      run: (_, { step }, { strategy, path }) => {
        const { move = 1, seconds = 1 } = strategy.params;
        const isOurs = strategy.name === "optimal-impulse";
        // The past would have the rule slow and wide, what is judged the other way round.
        const cost = 100 * move + Math.log(seconds);
        const costUsd = isOurs ? 50 + path : step === 60 ? cost : 100 - cost;
        const [key, riskUsd] = [`${strategy.name} ${String(step)}`, isOurs ? 10 : 5];
        paths.set(key, (paths.get(key) ?? new Set()).add(path));
        costs.set(key, [...(costs.get(key) ?? []), costUsd]);
        const totals = { costUsd, riskUsd, frictionUsd: costUsd + riskUsd, trades: path };
        return Promise.resolve({ totals } as unknown as StrategyRun);
      },
    };
    const short = { ...fold, train: { from: day, to: train.to } };
    const book = { book: "rolling-weekly", days: 7 };
    const result = await playFold(short, { files: { prices, gas: null }, level: "L2", ...book, pool });
    return { result, paths, costs };
  }

  it("of a crash is judged on the mean of five ways of filling its hours in, one of a year on one", async () => {
    const crash = await played("2024-08-03");
    expect(crash.result.ours).to.deep.equal({ costUsd: 52, riskUsd: 10, frictionUsd: 62, trades: 2 });
    for (const name of ["optimal-impulse", "crab-v2"])
      expect([...crash.paths.get(`${name} 60`)!]).to.have.members([0, 1, 2, 3, 4]);
    // What is tuned on the past is tuned on one.
    expect([...crash.paths.get("crab-v2 300")!]).to.deep.equal([0]);
    const year = await played("2024");
    expect([...year.paths.get("crab-v2 60")!]).to.deep.equal([0]);
    expect(year.result.ours.costUsd).to.equal(50);
  });

  it("holds against the default the parameter that brings a rule's cost lowest at its risk", async () => {
    const { result, costs } = await played("2024-08-03");
    const rule = result.rules.find(({ name }) => name === "crab-v2")!;
    // All of them risk less. It is the move that counts: no time between looks costs as little beside the tuned one.
    const [least] = costs.get("crab-v2 60")!.toSorted((one, other) => one - other);
    expectNear(rule.costAtOurRisk!, least! / 52, 1e-12);
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
