import { expect } from "chai";

import type { Snapshot } from "../../keeper/chain/snapshot.ts";
import type { Decision } from "../../keeper/strategy/types.ts";
import { RefusalTally } from "../../scripts/demo/refusals.ts";

const WAD = 10n ** 18n;

/** A block at which the vault would have refused to trade, the oracle at 2,000 and the pool elsewhere. */
function cycle(trade: number, pool: number, blocked: string | null = "DriftNotReduced(-5, -5)") {
  const snapshot = {
    ...{ price: 2000n * WAD, poolPrice: BigInt(Math.round(pool * 1e6)) * 10n ** 12n },
    ...{ poolFee: 500, maxSlippage: WAD / 100n },
  } as Snapshot;
  return { blocked, snapshot, decision: { trade } as Decision };
}

describe("the demo's tally of refusals", () => {
  it("puts down to the pool only what it could not fill", () => {
    // A buy costs pool / (1 - fee), a sale brings pool · (1 - fee): the vault's limits are 2020 and 1980.
    for (const [trade, pool, isBeyond] of [
      [5, 2020 * 0.9995 - 0.001, false],
      [5, 2020 * 0.9995 + 0.001, true],
      [5, 1900, false],
      [-5, 1980 / 0.9995 + 0.001, false],
      [-5, 1980 / 0.9995 - 0.001, true],
      [-5, 2100, false],
    ] as const) {
      const tally = new RefusalTally();
      tally.add(cycle(trade, pool));
      expect(tally.beyondLimit, `${String(trade)} at ${String(pool)}`).to.equal(isBeyond ? 1 : 0);
    }
  });

  it("counts each cause by its name", () => {
    const tally = new RefusalTally();
    expect(tally.add(cycle(5, 2100, null))).to.equal(null);
    expect(tally.add(cycle(5, 2100, "LossTooLarge(7, 3)"))).to.equal("LossTooLarge");
    expect(tally.add(cycle(5, 2100))).to.equal("DriftNotReduced");
    tally.add(cycle(5, 2100, "DriftNotReduced(-6, -6)"));
    expect(tally.refusals).to.deep.equal([
      { reason: "DriftNotReduced", blocks: 2 },
      { reason: "LossTooLarge", blocks: 1 },
    ]);
    expect(tally.beyondLimit).to.equal(2);
  });
});
