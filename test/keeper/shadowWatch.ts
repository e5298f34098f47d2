import { expect } from "chai";

import { ShadowWatch } from "../../keeper/fleet/shadowWatch.ts";
import type { Cycle } from "../../keeper/vaultKeeper.ts";

/** A look at a vault: the other keeper's rebalances so far, the hedge in ETH, and what the shadow decided. */
function cycle(timestamp: number, rebalanceNonce: bigint, hedge: number, trade: number | null): Cycle {
  const snapshot = {
    timestamp: BigInt(timestamp),
    rebalanceNonce,
    venues: [{ delta: BigInt(hedge) * 10n ** 18n }],
  };
  const decision = trade === null ? null : { action: trade === 0 ? "hold" : "rebalance", trade };
  return { snapshot, decision } as unknown as Cycle;
}

describe("a shadow beside another keeper", () => {
  it("sets what it decided beside what the other did, whenever that trades", () => {
    const watch = new ShadowWatch();
    const seen = [
      cycle(0, 4n, 10, 0),
      cycle(12, 4n, 10, 30),
      cycle(24, 4n, 10, 32),
      cycle(36, 5n, 45, 0),
      cycle(48, 6n, 44, 0),
    ].map((each) => watch.observe(each));
    expect(seen).to.deep.equal([
      null,
      null,
      null,
      { theirs: 35, ours: 32, waited: 24 },
      { theirs: -1, ours: 0, waited: 0 },
    ]);
  });

  it("counts its waiting from the last hold", () => {
    const watch = new ShadowWatch();
    for (const each of [cycle(0, 0n, 0, 5), cycle(12, 0n, 0, 0), cycle(24, 0n, 0, 5)]) watch.observe(each);
    expect(watch.observe(cycle(36, 1n, 5, null))).to.deep.equal({ theirs: 5, ours: 5, waited: 12 });
  });
});
