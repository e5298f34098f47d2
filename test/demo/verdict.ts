import { expect } from "chai";

import type { DemoReport, RunReport } from "../../scripts/demo/report.ts";
import { conclude } from "../../scripts/demo/verdict.ts";

interface Told {
  readonly title: string;
  readonly cost?: number;
  readonly rebalances?: number;
  readonly blocked?: number;
  readonly beyondLimit?: number;
  readonly refusals?: RunReport["refusals"];
  readonly left?: RunReport["left"];
  readonly deviation?: number;
}

function run({ title, cost = 1000, rebalances = 5, deviation = 100, ...told }: Told): RunReport {
  const { blocked = 0, beyondLimit = 0, refusals = [], left = { options: 0, hedge: 0 } } = told;
  return {
    ...{ title, rebalances, rebalancedAt: [], holds: 400, blocked, refusals, beyondLimit, reverted: 0 },
    ...{ driftBefore: 10, driftAfter: 1, volume: 50 },
    cost: { gas: 1, gasUnits: 1, fee: 1, slippage: cost - 2, total: cost },
    hedged: { pnl: 0, hourlyDeviation: deviation },
    unhedged: { pnl: 0, hourlyDeviation: 400 },
    ...{ lowestHealth: null, nav: 0, sharePrice: 1, claims: [], redeemed: 0, equity: [], left },
  };
}

function sentences(runs: readonly Told[], drain = false): string {
  const report: DemoReport = {
    ...{ seed: 1, start: 0, end: 3600, drain, slippageLimit: 0.01, book: [] },
    sources: { prices: "", volatility: "", baseFee: "" },
    runs: runs.map(run),
  };
  return conclude(report).join("\n");
}

const KEEL = { title: "Keel" };
const CLOCK = { title: "24 h clock" };

describe("the demo's closing sentences", () => {
  it("compare what hedging cost", () => {
    const told = sentences([
      KEEL,
      { title: "5 % band", cost: 750, deviation: 103 },
      { ...CLOCK, cost: 4000 },
    ]);
    expect(told).to.equal(
      "Keel re-hedged 5 times for 1,000 USD. Its hourly P&L deviates by 100 USD, 75 % less than the 400 USD of the " +
        "unhedged vault. The 5 % band cost 25 % less, for 3 % more deviation. The 24 h clock cost 4.0 times as much, " +
        "for the same deviation.\nEvery holder of an option was paid to the unit, whatever the strategy.",
    );
  });

  it("never tell a negative cost", () => {
    const ahead = sentences([KEEL, { ...CLOCK, cost: -9369, deviation: 200 }]);
    expect(ahead).to.contain(
      "The 24 h clock ended its hedging 9,369 USD ahead, at prices better than the oracle's, with 100 % more deviation.",
    );
    const both = sentences([
      { ...KEEL, cost: -200 },
      { ...CLOCK, cost: 3310 },
    ]);
    expect(both).to.contain("Keel re-hedged 5 times and ended its hedging 200 USD ahead, at prices better");
    expect(both).to.contain("The 24 h clock cost 3,310 USD, with the same deviation.");
    const nothing = sentences([KEEL, { ...CLOCK, cost: -0.2 }]);
    expect(nothing).to.contain("The 24 h clock hedged for next to nothing, with");
    for (const told of [ahead, both, nothing]) expect(told).to.not.match(/-\d/);
  });

  it("say why trades were refused", () => {
    const thin = (blocked: number, beyondLimit = blocked) => ({
      ...{ blocked, beyondLimit },
      refusals: [{ reason: "DriftNotReduced", blocks: blocked }],
    });
    const told = sentences([{ ...KEEL, ...thin(213) }, { title: "5 % band", ...thin(1) }, CLOCK], true);
    expect(told).to.contain(
      "\nThe drained pool could fill nothing within the vault's 1 % limit around the oracle price in 213 blocks " +
        "under Keel and 1 block under the 5 % band.\n",
    );
    // No more is put down to the pool than was seen there.
    const other = [{ reason: "LossTooLarge", blocks: 3 }];
    expect(
      sentences([
        { ...KEEL, ...thin(9, 7) },
        { ...CLOCK, blocked: 3, refusals: other },
      ]),
    ).to.contain(
      "\nThe pool could fill nothing within the vault's 1 % limit around the oracle price in 7 blocks under Keel. Else " +
        "the vault would have refused a rebalance for DriftNotReduced in 2 blocks and LossTooLarge in 3 blocks.\n",
    );
    expect(sentences([{ ...KEEL, rebalances: 0, ...thin(9) }])).to.contain(
      "Keel never re-hedged: it held at 400 blocks and the vault would have refused it at 9. Its",
    );
    expect(sentences([KEEL, CLOCK])).to.not.contain("refused");
    expect(sentences([{ ...KEEL, rebalances: 0 }])).to.match(/^Keel held at all of 400 blocks\. Its hourly/);
  });

  it("say whose hedge outlived the options", () => {
    const short = { left: { options: 0, hedge: -488 } };
    expect(sentences([KEEL, { ...CLOCK, ...short }])).to.contain(
      "\nWhen no option was left, the path ended with the 24 h clock short 488.0 ETH: its P&L carries that exposure.\n",
    );
    const long = { left: { options: 0, hedge: 2.75 } };
    expect(
      sentences([
        { ...KEEL, ...long },
        { ...CLOCK, ...short },
      ]),
    ).to.contain(
      "ended with Keel long 2.8 ETH and the 24 h clock short 488.0 ETH: their P&Ls carry that exposure.",
    );
    for (const left of [
      { options: 0, hedge: 0.04 },
      { options: 2, hedge: -488 },
    ]) {
      expect(sentences([KEEL, { ...CLOCK, left }])).to.not.contain("exposure");
    }
  });
});
