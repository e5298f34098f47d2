import { expect } from "chai";
import type { Contract } from "ethers";

import { USDC, WAD } from "./utils/keel.ts";
import { movePool, passTime } from "./utils/market.ts";
import { useKeel } from "./utils/useKeel.ts";
import {
  abs,
  callOf,
  driftOf,
  freeCash,
  expiryOf,
  putOf,
  rebalance,
  setBudget,
  sell,
  SHORT,
  SPOT,
  vaultAs,
} from "./utils/vault.ts";

const QUANTITY = 100n * WAD;

/** What the reserve is for: with no more than it left, the whole hedge can still be had where it is dearest. */
describe("the hedge reserve affords", () => {
  const keel = useKeel(async (k) => {
    await k.deposit(k.alice, 2_000_000n * USDC);
    // Cash is the question here, not the budgets: all of a book is hedged at once.
    for (const use of ["turnover", "quoteDelta"] as const) await setBudget(k, use, 10n * WAD);
    await setBudget(k, "loss", WAD / 20n);
  });

  const writeToVault = async (id: bigint, quantity = QUANTITY) => {
    const { book, taker, fund } = keel();
    await fund(taker, 1_000_000n * USDC);
    await (book.connect(taker) as Contract).write!(id, quantity, taker.address);
    await sell(keel(), taker, id, quantity);
  };
  /**
   * All that may leave has left, and a minute is left at a price where every option moves with ETH. The pool is as far
   * away as the feed lets it, on the wrong side.
   */
  const strip = async (id: bigint, usd: number, pool: number) => {
    const { alice } = keel();
    await vaultAs(keel(), alice).withdraw!(await freeCash(keel()), alice.address, alice.address);
    expect(await freeCash(keel())).to.equal(0n);
    await movePool(keel(), usd * pool);
    await passTime(keel(), expiryOf(id) - (await keel().networkHelpers.time.latest()) - 60, usd);
  };
  const hedge = async (venue: number) => {
    const drift = await driftOf(keel());
    expect(abs(drift)).to.be.closeTo(QUANTITY, WAD / 10n);
    await rebalance(keel(), [{ venue, dDelta: -drift }]);
    expect(await driftOf(keel())).to.be.within(-WAD / 1000n, WAD / 1000n);
  };

  it("ETH for every call written, at the cap", async () => {
    const id = await callOf(keel(), 1);
    await keel().buy(keel().taker, id, QUANTITY);
    await strip(id, 3_985, 1.005);
    await hedge(SPOT);
  });

  it("a short for every put written, at the strike", async () => {
    const id = await putOf(keel(), 1);
    await keel().buy(keel().taker, id, QUANTITY);
    await strip(id, 2_988, 0.995);
    await hedge(SHORT);
  });

  it("a short for every call bought, at the cap", async () => {
    const id = await callOf(keel(), 1);
    await writeToVault(id);
    await strip(id, 3_985, 0.995);
    await hedge(SHORT);
  });

  it("ETH for every put bought, at the strike", async () => {
    const id = await putOf(keel(), 1);
    await writeToVault(id);
    await strip(id, 2_988, 1.005);
    await hedge(SPOT);
  });

  it("only what the vault may buy", async () => {
    const { vault, alice } = keel();
    // Each is worth 2,000 and is hedged by a short of 1 ETH, which needs as much in margin again.
    const id = await callOf(keel(), 7, 1_000, 6_000);
    const assets = 300_000n * USDC;
    const out = ((await vault.maxWithdraw!(alice.address)) as bigint) - assets;
    await vaultAs(keel(), alice).withdraw!(out, alice.address, alice.address);
    await expect(writeToVault(id, 140n * WAD)).to.be.revertedWithCustomError(vault, "HedgeReserveBreached");
  });
});
