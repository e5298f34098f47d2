import { expect } from "chai";

import { buildScenario } from "../../scripts/demo/scenario.ts";
import { listSeries } from "../../scripts/demo/terms.ts";
import { writeTable } from "../market/support/tableFile.ts";

const START = Date.UTC(2024, 0, 1) / 1000;
const OPTIONS = { seed: 1, hours: 48, drain: false, exit: true };

function closes(...prices: readonly number[]): string {
  const rows = prices.map((price, hour) => {
    const open = prices[hour - 1] ?? price;
    const cells = [START + hour * 3600, open, Math.max(open, price), Math.min(open, price), price];
    return cells.map(String).join(",");
  });
  return writeTable(["ts,open,high,low,close", ...rows]);
}

describe("the demo's scenario", () => {
  it("keeps the realised volatility to what the oracle takes, and says so", () => {
    const still = buildScenario({ ...OPTIONS, prices: closes(...Array<number>(10).fill(100)) });
    expect(still.volatility(still.end - 1)).to.equal(0.1);
    expect(still.sources.volatility).to.match(/, kept to 10 to 400 %$/);
    const wild = buildScenario({
      ...OPTIONS,
      prices: closes(100, 100, 800, 800, 100, 800, 100, 100, 100, 100),
    });
    expect(wild.volatility(START + 6 * 3600)).to.equal(4);
    expect(buildScenario(OPTIONS).sources.volatility).to.equal("realised volatility of the hours before");
  });

  it("lists strikes that eight decimals hold, at any price it plays", () => {
    for (const spot of [10, 10.7, 33.3, 81.79, 3000, 99_999]) {
      for (const { strike, cap } of listSeries({ spot, expiries: [START, START + 3600] })) {
        for (const price of [strike, cap]) expect(String(price)).to.match(/^\d+(\.\d{1,8})?$/);
      }
    }
  });
});
