import { expect } from "chai";

import { USDC, WAD } from "./utils/keel.ts";
import { useKeel } from "./utils/useKeel.ts";
import { callOf, driftOf, rebalance, refusalsOf, SPOT } from "./utils/vault.ts";

const HUGE = 2n ** 100n;

describe("the loss of a rebalance", () => {
  const keel = useKeel(async (k) => {
    await k.deposit(k.alice, 1_000_000n * USDC);
    await k.buy(k.taker, await callOf(k, 7), 10n * WAD);
  });
  const refuses = refusalsOf(keel);

  /** The same hedge in the same second of the same chain. */
  const hedges = async () => {
    const { vault, networkHelpers } = keel();
    const dDelta = -(await driftOf(keel()));
    const at = (await networkHelpers.time.latest()) + 60;
    const before = await networkHelpers.takeSnapshot();
    const attempt = async (maxLoss: bigint) => {
      await before.restore();
      await networkHelpers.time.setNextBlockTimestamp(at);
      return rebalance(keel(), [{ venue: SPOT, dDelta }], { maxLoss });
    };
    await attempt(HUGE);
    const [log] = await vault.queryFilter(vault.getEvent("Rebalanced"), "latest");
    if (!log || !("args" in log)) throw new Error("no event");
    const { navBefore, navAfter } = log.args as unknown as { navBefore: bigint; navAfter: bigint };
    return { attempt, loss: navBefore - navAfter };
  };

  it("may be all that the keeper accepts, to the unit", async () => {
    const { attempt, loss } = await hedges();
    expect(loss).to.be.greaterThan(1n);
    await refuses(attempt(loss - 1n), "LossTooLarge");
    await attempt(loss);
  });
});
