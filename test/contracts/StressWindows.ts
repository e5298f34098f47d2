import { expect } from "chai";

import { playStress, type Book } from "../../bench/stress/replay.ts";
import { STRESS_WINDOWS } from "../../bench/stress/windows.ts";
import { DEFAULT_BUDGETS } from "../../scripts/deployKeel.ts";
import { readPricePath } from "../../scripts/market/priceSource.ts";
import { recordedData } from "../support/recordedData.ts";
import { useKeel } from "./utils/useKeel.ts";

/** Hours between hedges: `npm run bench -- stress` plays every hour. */
const STEP = 12;

/** Times what the honest keeper needs that a default budget allows. */
const ROOM = 1.5;

describe("with its book at the limit, in every stress window of history", function () {
  const keel = useKeel();

  for (const [from, to] of STRESS_WINDOWS) {
    for (const book of ["calls", "puts"] satisfies Book[]) {
      it(`no hedge of ${book} fails for lack of cash or budget: ${from} to ${to}`, async function () {
        const { candles } = readPricePath({ prices: recordedData(this, "eth_usd_1h.csv.gz"), from, to });
        const result = await playStress(keel(), candles, book, STEP);
        expect(result.hedges).to.be.greaterThan(1);
        expect(result.unmade).to.equal(0);
        expect(result.loss * ROOM).to.be.lessThan(Number(DEFAULT_BUDGETS.loss.capacity) / 1e18);
        expect(result.turnover * ROOM).to.be.lessThan(Number(DEFAULT_BUDGETS.turnover.capacity) / 1e18);
        if (result.leastDistance !== null) expect(result.leastDistance).to.be.greaterThan(0.15);
      });
    }
  }
});
