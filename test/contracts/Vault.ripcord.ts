import { expect } from "chai";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";

import { USES } from "../../scripts/deployKeel.ts";
import { USDC, WAD } from "./utils/keel.ts";
import { movePool, passTime } from "./utils/market.ts";
import { seriesHeld, usdcOf } from "./utils/shares.ts";
import { useKeel, type Keel } from "./utils/useKeel.ts";
import {
  abs,
  accountForEveryUnit,
  callOf,
  driftOf,
  rebalance,
  refusalsOf,
  sell,
  setBudget,
  setLimits,
  SHORT,
  SPOT,
  vaultAs,
  type Leg,
} from "./utils/vault.ts";

const MINUTE = 60;
/** `ripcordReward`, USDC, 6 decimals. */
const REWARD = 100n * USDC;
const divUp = (a: bigint, b: bigint) => (a + b - 1n) / b;

describe("Vault ripcord", () => {
  const short100 = async (k: Keel) => {
    await k.deposit(k.alice, 2_000_000n * USDC);
    await k.buy(k.taker, await callOf(k, 7), 100n * WAD);
  };
  const keel = useKeel(short100);
  accountForEveryUnit(keel);
  const refuses = refusalsOf(keel);
  const asStranger = () => vaultAs(keel(), keel().stranger);
  const record = async () => {
    await asStranger().recordBreach!();
    return keel().networkHelpers.time.latest();
  };
  const pull = (legs: readonly Leg[], as: HardhatEthersSigner = keel().stranger) =>
    vaultAs(keel(), as).ripcord!(
      legs.map((leg) => ({ limitPrice: leg.dDelta > 0n ? 2n ** 200n : 0n, ...leg })),
    );
  /** All that drift lacks, wherever it fits. */
  const mend = async () => {
    const dDelta = -(await driftOf(keel()));
    return pull([SHORT, SPOT].map((venue) => ({ venue, dDelta })));
  };
  const next = (at: number) => keel().networkHelpers.time.setNextBlockTimestamp(at);
  const breachedAt = async () => (await keel().vault.breachedAt!()) as bigint;
  const usedOf = async (use: (typeof USES)[number]) =>
    ((await keel().vault.budget!(USES.indexOf(use))) as { used: bigint }).used;
  const lastOf = async (event: string) => {
    const { vault } = keel();
    const [log] = await vault.queryFilter(vault.getEvent(event), "latest");
    if (!log || !("args" in log)) throw new Error(`no ${event}`);
    return log.args as unknown as Record<string, bigint>;
  };

  describe("a breach", () => {
    it("is recorded only where there is one, by anybody", async () => {
      await setLimits(keel(), { ripcordDrift: 60n * WAD });
      await refuses(record(), "NoBreach");
      await setLimits(keel(), {});
      await expect(asStranger().recordBreach!()).to.emit(keel().vault, "BreachRecorded");
      expect(await breachedAt()).to.equal(BigInt(await keel().networkHelpers.time.latest()));
    });

    it("is not recorded on an old price, nor mended on one", async () => {
      await keel().networkHelpers.time.increase(3_600 + 700);
      await refuses(record(), "OracleUnfit");
      await keel().mainnet.submitEthUsd(3_000);
      await record();
      await keel().networkHelpers.time.increase(3_600 + 700);
      await refuses(mend(), "OracleUnfit");
    });

    it("is recorded once, and again after 75 minutes", async () => {
      const at = await record();
      await expect(record()).to.be.revertedWithCustomError(keel().vault, "AlreadyRecorded").withArgs(at);
      await passTime(keel(), 70 * MINUTE);
      await next(at + 75 * MINUTE - 1);
      await refuses(record(), "AlreadyRecorded");
      await next(at + 75 * MINUTE);
      await record();
    });

    it("is mended by anybody after 15 minutes on record, no sooner and for an hour", async () => {
      const due = async (sent: Promise<unknown>, from: number) =>
        expect(sent).to.be.revertedWithCustomError(keel().vault, "BreachNotDue").withArgs(from);
      await due(mend(), 0);
      const at = await record();
      await next(at + 15 * MINUTE - 1);
      await due(mend(), at + 15 * MINUTE);
      await passTime(keel(), 60 * MINUTE);
      await next(at + 75 * MINUTE);
      await due(mend(), 0);
      const again = await record();
      await next(again + 15 * MINUTE);
      await mend();
      expect(abs(await driftOf(keel()))).to.be.lessThan(WAD / 1000n);
    });

    it("is off the record once a hedge ends it", async () => {
      await record();
      await expect(rebalance(keel(), [{ venue: SPOT, dDelta: 45n * WAD }])).to.emit(
        keel().vault,
        "BreachEnded",
      );
      expect(await breachedAt()).to.equal(0n);
      await refuses(mend(), "NoBreach");
    });

    it("but not by a rebalance of dust, which does not restart the wait either", async () => {
      const at = await record();
      await passTime(keel(), 14 * MINUTE);
      await rebalance(keel(), [{ venue: SPOT, dDelta: WAD / 5n }]);
      await asStranger().clearBreach!();
      expect(await breachedAt()).to.equal(BigInt(at));
      await next(at + 15 * MINUTE);
      await mend();
    });

    it("and by anybody's word once the market has ended it, else the wait would be over when it comes back", async () => {
      await record();
      await passTime(keel(), 10 * MINUTE);
      await sell(keel(), keel().taker, (await seriesHeld(keel()))[0]!, 90n * WAD);
      expect(abs(await driftOf(keel()))).to.be.lessThan(10n * WAD);
      await expect(asStranger().clearBreach!()).to.emit(keel().vault, "BreachEnded");
      await keel().buy(keel().taker, (await seriesHeld(keel()))[0]!, 90n * WAD);
      await passTime(keel(), 10 * MINUTE);
      await refuses(mend(), "BreachNotDue");
    });
  });

  describe("moves drift", () => {
    const due = async () => {
      const at = await record();
      await passTime(keel(), 15 * MINUTE);
      return at;
    };

    it("towards zero without crossing, whatever is asked for", async () => {
      await due();
      await refuses(pull([{ venue: SPOT, dDelta: -WAD }]), "DriftNotReduced");
      await refuses(pull([{ venue: SHORT, dDelta: -WAD }]), "DriftNotReduced");
      await refuses(pull([]), "DriftNotReduced");
      await pull([
        { venue: SPOT, dDelta: 2n ** 255n - 1n },
        { venue: SPOT, dDelta: WAD },
        { venue: SPOT, dDelta: -(2n ** 255n) },
        { venue: SHORT, dDelta: 2n ** 255n - 1n },
      ]);
      expect(await driftOf(keel())).to.equal(0n);
      await refuses(pull([{ venue: SPOT, dDelta: WAD }]), "NoBreach");
    });

    it("not past the caps of venues", async () => {
      await due();
      await vaultAs(keel(), keel().admin).setVenueCap!(SPOT, 5n * WAD);
      await mend();
      expect(await keel().spot.delta!()).to.equal(5n * WAD);
      await refuses(mend(), "DriftNotReduced");
    });

    it("within the slippage of its wait, not at any price", async () => {
      const at = await due();
      await movePool(keel(), 3_155);
      await keel().networkHelpers.time.increaseTo(at + 60 * MINUTE);
      await refuses(mend(), "DriftNotReduced");
      await movePool(keel(), 3_045);
      await mend();
      expect(await driftOf(keel())).to.equal(0n);
    });

    it("while paused, shut down and closed, the same", async () => {
      await due();
      await vaultAs(keel(), keel().guardian).pause!();
      await vaultAs(keel(), keel().admin).shutdown!();
      await keel().mainnet.submitUsdcUsd(0.97);
      await movePool(keel(), 3_000 / 0.97);
      expect((await keel().priceOracle.read!()).open).to.equal(false);
      await mend();
      expect(abs(await driftOf(keel()))).to.be.lessThan(WAD / 1000n);
    });

    it("on no keeper's budget, but the rescues'", async () => {
      await due();
      await mend();
      expect([await usedOf("loss"), await usedOf("turnover")]).to.deep.equal([0n, 0n]);
      expect(await usedOf("rescueLoss")).to.be.greaterThan(0n);
      expect(await usedOf("rescueTurnover")).to.be.greaterThan(WAD / 20n);
      await setBudget(keel(), "rescueTurnover", WAD / 100n);
      await keel().buy(keel().taker, await callOf(keel(), 7), 40n * WAD);
      await due();
      await refuses(mend(), "DriftNotReduced");
    });
  });

  describe("pays", () => {
    /** Pulls at a second. @returns What the stranger got. */
    const pullAt = async (at: number, legs?: readonly Leg[]) => {
      const before = await usdcOf(keel(), keel().stranger);
      await next(at);
      await (legs === undefined ? mend() : pull(legs));
      const got = (await usdcOf(keel(), keel().stranger)) - before;
      expect((await lastOf("RipcordPulled")).reward).to.equal(got);
      return got;
    };

    for (const [minutes, expected] of [
      [15, 0n],
      [16, REWARD / 30n],
      [30, REWARD / 2n],
      [45, REWARD],
      [70, REWARD],
    ] as const) {
      it(`${String(expected / USDC)} USDC after ${String(minutes)} minutes`, async () => {
        const at = await record();
        await passTime(keel(), (minutes - 1) * MINUTE);
        expect(await pullAt(at + minutes * MINUTE)).to.equal(expected);
      });
    }

    it("in proportion to what is mended", async () => {
      const at = await record();
      await passTime(keel(), 50 * MINUTE);
      const drift = abs(await driftOf(keel()));
      const got = await pullAt(at + 60 * MINUTE, [{ venue: SPOT, dDelta: drift / 4n }]);
      expect(got).to.be.closeTo(REWARD / 4n, USDC / 10n);
    });

    it("for one record at most once, in however many parts", async () => {
      const at = await record();
      await passTime(keel(), 46 * MINUTE);
      let [sum, parts] = [0n, 0];
      for (; abs(await driftOf(keel())) >= 10n * WAD; parts++) {
        sum += await pullAt(at + 47 * MINUTE + parts, [{ venue: SPOT, dDelta: 2n * WAD }]);
      }
      expect(parts).to.be.greaterThan(20);
      expect(sum).to.be.within((REWARD * 8n) / 10n, REWARD);
    });

    it("out of the budget of rescue losses, and only what that has left", async () => {
      const at = await record();
      await passTime(keel(), 44 * MINUTE);
      expect(await pullAt(at + 45 * MINUTE)).to.equal(REWARD);
      const { navBefore, navAfter } = await navs();
      const used = await usedOf("rescueLoss");
      // NAV falls by the loss of the trade; the reward comes on top.
      expect(used).to.equal(
        divUp((navBefore - navAfter - REWARD) * WAD, navBefore) + divUp(REWARD * WAD, navBefore),
      );
    });

    it("no hedge fails for its reward", async () => {
      await setBudget(keel(), "rescueLoss", 340n * 10n ** 12n); // of two million: 680 USDC
      const at = await record();
      await passTime(keel(), 44 * MINUTE);
      await movePool(keel(), 3_010);
      const got = await pullAt(at + 45 * MINUTE);
      expect(got).to.be.within(1n, REWARD - 1n);
      expect(await usedOf("rescueLoss")).to.be.closeTo(340n * 10n ** 12n, 10n ** 9n);
    });

    async function navs() {
      const block = await keel().ethers.provider.getBlockNumber();
      const { time } = keel().networkHelpers;
      const after = (await keel().vault.nav!({ blockTag: block })) as bigint;
      // Before, in the same second: undo the trade.
      const { args } = (await keel().vault.queryFilter(keel().vault.getEvent("LegExecuted"), block)).map(
        (log) => ({ args: "args" in log ? log.args : undefined }),
      )[1]!;
      expect(await time.latest()).to.be.greaterThan(0);
      const { filled, cashDelta } = args as unknown as { filled: bigint; cashDelta: bigint };
      const spot = (await keel().spot.delta!()) as bigint;
      expect(spot).to.equal(filled);
      const equity = (spot * 3_000n) / 10n ** 12n;
      return { navAfter: after, navBefore: after + REWARD - equity - cashDelta };
    }
  });
});
