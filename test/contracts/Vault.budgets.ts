import { expect } from "chai";
import type { Contract } from "ethers";

import { DEFAULT_BUDGETS, USES, type VaultBudgets } from "../../scripts/deployKeel.ts";
import { DAY, USDC, WAD } from "./utils/keel.ts";
import { movePool, movePrice, passTime } from "./utils/market.ts";
import { BOX } from "./utils/shares.ts";
import { useKeel } from "./utils/useKeel.ts";
import {
  abs,
  accountForEveryUnit,
  callOf,
  driftOf,
  putOf,
  rebalance,
  refusalsOf,
  setBudget,
  setLimits,
  SHORT,
  SPOT,
  vaultAs,
} from "./utils/vault.ts";

type UseName = keyof VaultBudgets;
interface Budget {
  readonly capacity: bigint;
  readonly perDay: bigint;
  readonly used: bigint;
  readonly updatedAt: bigint;
}

const divUp = (a: bigint, b: bigint) => (a + b - 1n) / b;
const share = (amount: bigint, nav: bigint) => divUp(amount * WAD, nav);

describe("Vault budgets", () => {
  const keel = useKeel((k) => k.deposit(k.alice, 2_000_000n * USDC));
  accountForEveryUnit(keel);
  const refuses = refusalsOf(keel);
  const now = () => keel().networkHelpers.time.latest();
  const budgetOf = async (use: UseName) => (await keel().vault.budget!(USES.indexOf(use))) as Budget;
  const usedOf = async (use: UseName) => (await budgetOf(use)).used;
  const hedge = async (venue = SPOT) => rebalance(keel(), [{ venue, dDelta: -(await driftOf(keel())) }]);
  const lastOf = async (event: string) => {
    const { vault } = keel();
    const logs = await vault.queryFilter(vault.getEvent(event), "latest");
    return logs.map((log) => ("args" in log ? log.args : undefined)!);
  };
  /** What the last rebalance must have been charged: loss and turnover. */
  const chargeOfRebalance = async () => {
    const [{ navBefore, navAfter, price }] = (await lastOf("Rebalanced")) as unknown as [
      { navBefore: bigint; navAfter: bigint; price: bigint },
    ];
    let traded = 0n;
    for (const { filled } of await lastOf("LegExecuted")) {
      traded += divUp(abs(filled as bigint) * price, 10n ** 30n);
    }
    const loss = navBefore > navAfter ? navBefore - navAfter : 0n;
    return { loss: share(loss, navBefore), turnover: share(traded, navBefore) };
  };
  /** The taker fills a quote at `permille` of mark. @returns What it must have been charged. */
  const fillAt = async (id: bigint, quantity: bigint, permille: bigint, makerSells = true) => {
    const { taker, fund, book, vault, engine, volatilityOracle, networkHelpers } = keel();
    await fund(taker, 2_000_000n * USDC);
    const premium = ((await keel().mark(id)) * permille) / 1000n;
    const { terms, signature } = await keel().quote(id, quantity, premium, { makerSells });
    const time = (await now()) + 100;
    await networkHelpers.time.increaseTo(time - 1);
    // NAV of the second of the fill, before it.
    const cashOnly = ((await vault.legs!()) as bigint[]).length === 0;
    const nav = cashOnly ? ((await vault.cash!()) as bigint) : undefined;
    await networkHelpers.time.setNextBlockTimestamp(time);
    await (book.connect(taker) as Contract).fill!(terms, signature, quantity);
    const surface = ((await volatilityOracle.surface!()) as { toObject(d: boolean): unknown }).toObject(true);
    const one = [id | (WAD << 176n)];
    const [{ price, delta }, slope, stray] = (await engine.bounds!(
      one,
      3_000n * WAD,
      time,
      surface,
      BOX,
    )) as [{ price: bigint; delta: bigint }, bigint, bigint];
    // What the option may stray in the box, as the delta that would cost as much a per cent away.
    const exposure = divUp(abs(delta) * 3_000n * WAD, WAD) + divUp(stray * WAD, WAD / 100n);
    const [{ paid }] = (await lastOf("OptionTraded")) as unknown as [{ paid: bigint }];
    const worth = price * quantity;
    const loss = makerSells ? divUp(worth, 10n ** 30n) - paid : paid - worth / 10n ** 30n;
    return {
      nav,
      loss: loss > 0n ? loss : 0n,
      delta: divUp(exposure * quantity, 10n ** 30n),
      vega: divUp(abs(slope) * quantity, 10n ** 30n),
    };
  };
  /** The pool's last minute lies 2 % off, its price of now does not. */
  const disagree = async () => {
    await movePool(keel(), 3_060);
    await passTime(keel(), 65, 3_000);
    await movePool(keel(), 3_000);
    expect((await keel().priceOracle.read!()).agreed).to.equal(false);
  };

  it("start full, as deployed", async () => {
    for (const use of USES) {
      const { capacity, perDay, used } = await budgetOf(use);
      expect({ capacity, perDay, used }, use).to.deep.equal({ ...DEFAULT_BUDGETS[use], used: 0n });
    }
  });

  describe("of the keeper", () => {
    it("are charged what a rebalance loses at the oracle price and what it trades, rounded up", async () => {
      await keel().buy(keel().taker, await callOf(keel(), 7), 100n * WAD);
      await hedge();
      const { loss, turnover } = await chargeOfRebalance();
      expect(loss).to.be.greaterThan(10n ** 13n);
      expect(turnover).to.be.within(7n * 10n ** 16n, 9n * 10n ** 16n);
      expect([await usedOf("loss"), await usedOf("turnover")]).to.deep.equal([loss, turnover]);
      expect([await usedOf("rescueLoss"), await usedOf("rescueTurnover")]).to.deep.equal([0n, 0n]);
    });

    it("of rescues instead while the pool's last minute disagrees", async () => {
      await keel().buy(keel().taker, await callOf(keel(), 7), 100n * WAD);
      await disagree();
      await hedge();
      const { loss, turnover } = await chargeOfRebalance();
      expect([await usedOf("rescueLoss"), await usedOf("rescueTurnover")]).to.deep.equal([loss, turnover]);
      expect([await usedOf("loss"), await usedOf("turnover")]).to.deep.equal([0n, 0n]);
      expect(loss).to.be.greaterThan(0n);
    });

    it("of rescues too past the usual slippage, which a breach on record widens by 0.5 % a minute", async () => {
      await keel().buy(keel().taker, await callOf(keel(), 7), 100n * WAD);
      await movePool(keel(), 3_080);
      await refuses(hedge(), "DriftNotReduced");
      await vaultAs(keel(), keel().stranger).recordBreach!();
      const at = await now();
      const { time } = keel().networkHelpers;
      const sized = -(await driftOf(keel()));
      const try_ = () => rebalance(keel(), [{ venue: SPOT, dDelta: sized }]);
      await time.setNextBlockTimestamp(at + 239);
      await refuses(try_(), "DriftNotReduced"); // 2.5 %
      await time.setNextBlockTimestamp(at + 240);
      await try_(); // 3 %
      const { loss, turnover } = await chargeOfRebalance();
      expect([await usedOf("rescueLoss"), await usedOf("rescueTurnover")]).to.deep.equal([loss, turnover]);
      expect([await usedOf("loss"), await usedOf("turnover")]).to.deep.equal([0n, 0n]);
    });

    for (const [what, option, venue] of [
      ["a purchase", callOf, SPOT],
      ["a sale", putOf, SHORT],
    ] as const) {
      it(`but not while ${what} asks for no more than the usual, whatever the record would allow`, async () => {
        await keel().buy(keel().taker, await option(keel(), 7), 100n * WAD);
        // A price that no hundredth of divides.
        await keel().mainnet.submitUsdcUsd(0.99991234);
        await vaultAs(keel(), keel().stranger).recordBreach!();
        await keel().networkHelpers.time.increase(120);
        const { price } = (await keel().priceOracle.read!()) as { price: bigint };
        expect(price % 100n).to.not.equal(0n);
        const dDelta = -(await driftOf(keel()));
        const [usual, step] = dDelta > 0n ? [(price * 101n) / 100n, 1n] : [divUp(price * 99n, 100n), -1n];
        await rebalance(keel(), [{ venue, dDelta: dDelta / 2n, limitPrice: usual + step }]);
        const rescues = [await usedOf("rescueLoss"), await usedOf("rescueTurnover")];
        expect(rescues.every((used) => used > 0n)).to.equal(true);
        expect([await usedOf("loss"), await usedOf("turnover")]).to.deep.equal([0n, 0n]);
        expect(await keel().vault.breachedAt!()).to.not.equal(0n);
        // A leg of nothing asks for nothing, at any price.
        const nothing = [0n, 2n ** 200n].map((limitPrice) => ({ venue, dDelta: 0n, limitPrice }));
        await rebalance(keel(), [{ venue, dDelta, limitPrice: usual }, ...nothing]);
        const { loss, turnover } = await chargeOfRebalance();
        expect([await usedOf("loss"), await usedOf("turnover")]).to.deep.equal([loss, turnover]);
        expect(turnover).to.be.greaterThan(0n);
        expect(await usedOf("rescueTurnover")).to.be.at.most(rescues[1]!);
      });
    }

    it("no further than the rescue's limit, however long it stands", async () => {
      await keel().buy(keel().taker, await callOf(keel(), 7), 100n * WAD);
      await movePool(keel(), 3_155);
      await vaultAs(keel(), keel().stranger).recordBreach!();
      await keel().networkHelpers.time.increase(50 * 60);
      await refuses(hedge(), "DriftNotReduced");
      await movePool(keel(), 3_140);
      await hedge();
      const [{ filled, cashDelta }] = (await lastOf("LegExecuted")) as unknown as [
        { filled: bigint; cashDelta: bigint },
      ];
      expect((-cashDelta * WAD) / filled).to.be.within(3_140n * USDC, 3_150n * USDC);
    });

    it("are not widened by a breach that has ended or a record that has lapsed", async () => {
      await keel().buy(keel().taker, await callOf(keel(), 7), 100n * WAD);
      await vaultAs(keel(), keel().stranger).recordBreach!();
      await movePool(keel(), 3_080);
      await passTime(keel(), 75 * 60, 3_000);
      await refuses(hedge(), "DriftNotReduced");
      await vaultAs(keel(), keel().stranger).recordBreach!();
      await passTime(keel(), 600, 3_000);
      await setLimits(keel(), { ripcordDrift: 200n * WAD });
      await refuses(hedge(), "DriftNotReduced");
      await setLimits(keel(), {});
      await hedge();
    });

    it("trade what the turnover has left and no more, to the unit", async () => {
      await keel().buy(keel().taker, await callOf(keel(), 7), 100n * WAD);
      await setBudget(keel(), "turnover", 10n ** 16n);
      await hedge();
      const { capacity, used } = await budgetOf("turnover");
      // A unit of USDC at most.
      expect(capacity - used).to.be.within(0n, WAD / (1_000_000n * USDC));
      expect(await keel().spot.delta!()).to.be.closeTo((20_000n * WAD) / 3_000n, WAD / 10n);
      await refuses(hedge(), "DriftNotReduced");
    });

    it("refuse a loss that does not fit, and say which", async () => {
      await keel().buy(keel().taker, await callOf(keel(), 7), 100n * WAD);
      await setBudget(keel(), "loss", 10n ** 12n);
      const args = await hedge().then(
        () => undefined,
        (error: { data?: string }) => keel().vault.interface.parseError(error.data!),
      );
      expect(args?.name).to.equal("BudgetExceeded");
      const { capacity, used } = await budgetOf("loss");
      expect(args?.args[0]).to.equal(BigInt(USES.indexOf("loss")));
      expect(args?.args[2]).to.equal(capacity - used);
      expect(args?.args[1]).to.be.greaterThan(capacity - used);
    });

    it("are not refilled by gains", async () => {
      await keel().buy(keel().taker, await callOf(keel(), 7), 100n * WAD);
      await rebalance(keel(), [{ venue: SPOT, dDelta: 20n * WAD }]);
      const before = await budgetOf("loss");
      await setBudget(keel(), "loss", before.capacity, 0n);
      const used = await usedOf("loss");
      // Now ETH is to be had below the oracle's price.
      await movePool(keel(), 2_980);
      await hedge();
      const [{ navBefore, navAfter }] = (await lastOf("Rebalanced")) as unknown as [
        { navBefore: bigint; navAfter: bigint },
      ];
      expect(navAfter).to.be.greaterThan(navBefore);
      expect(used).to.be.greaterThan(0n);
      expect(await usedOf("loss")).to.equal(used);
    });
  });

  describe("of the quoter", () => {
    it("are charged loss, delta and vega of a fill, rounded up", async () => {
      const { nav, loss, delta, vega } = await fillAt(await callOf(keel(), 7), 50n * WAD + 3n, 985n);
      expect(loss).to.be.greaterThan(10n * USDC);
      expect(await usedOf("quoteLoss")).to.equal(share(loss, nav!));
      expect(await usedOf("quoteDelta")).to.equal(share(delta, nav!));
      expect(await usedOf("quoteVega")).to.equal(share(vega, nav!));
      for (const use of USES.slice(0, 4)) expect(await usedOf(use), use).to.equal(0n);
    });

    it("nothing of loss for a fill above mark, but the rest; a gain refills nothing", async () => {
      const id = await callOf(keel(), 7);
      await fillAt(id, 50n * WAD, 985n);
      for (const use of ["quoteLoss", "quoteDelta", "quoteVega"] as const) {
        await setBudget(keel(), use, WAD / 20n < DEFAULT_BUDGETS[use].capacity ? WAD : WAD / 20n);
      }
      const loss = await usedOf("quoteLoss");
      const [delta, vega] = [await usedOf("quoteDelta"), await usedOf("quoteVega")];
      await fillAt(id, 20n * WAD, 1_300n);
      expect(await usedOf("quoteLoss")).to.equal(loss);
      expect(await usedOf("quoteDelta")).to.be.closeTo((delta * 7n) / 5n, delta / 50n);
      expect(await usedOf("quoteVega")).to.be.closeTo((vega * 7n) / 5n, vega / 50n);
      // Buying back counts again: it is turnover, not a position.
      await fillAt(id, 20n * WAD, 1_000n, false);
      expect(await usedOf("quoteDelta")).to.be.closeTo((delta * 9n) / 5n, delta / 25n);
    });

    it("refuse a fill that does not fit", async () => {
      const id = await callOf(keel(), 7);
      for (const use of ["quoteLoss", "quoteDelta", "quoteVega"] as const) {
        await setBudget(keel(), use, 10n ** 12n);
        await refuses(fillAt(id, 50n * WAD, 985n), "BudgetExceeded");
        await setBudget(keel(), use, DEFAULT_BUDGETS[use].capacity);
      }
      await fillAt(id, 50n * WAD, 985n);
    });
  });

  describe("are refilled", () => {
    const spend = async () => {
      await keel().buy(keel().taker, await callOf(keel(), 7), 100n * WAD);
      await hedge();
      return budgetOf("turnover");
    };
    /** Makes the chain write down what time has refilled: sets the budget to what it is. */
    const settled = async (at: number) => {
      await keel().networkHelpers.time.setNextBlockTimestamp(at);
      await setBudget(keel(), "turnover", DEFAULT_BUDGETS.turnover.capacity, 10n ** 16n + 7n);
      return usedOf("turnover");
    };

    it("by time alone, rounded down, to full and no further", async () => {
      const { used, updatedAt } = await spend();
      // At the pace that was until here.
      const first = await settled(Number(updatedAt) + 61);
      expect(first).to.equal(used - (DEFAULT_BUDGETS.turnover.perDay * 61n) / BigInt(DAY));
      const at = (await now()) + 12_345;
      const second = await settled(at);
      expect(second).to.equal(first - ((10n ** 16n + 7n) * 12_345n) / BigInt(DAY));
      expect(await settled(at + 40 * DAY)).to.equal(0n);
      expect(await settled(at + 41 * DAY)).to.equal(0n);
    });

    it("not by being set: what is used stays used", async () => {
      const { used, updatedAt } = await spend();
      await setBudget(keel(), "turnover", used / 2n, 0n);
      const kept = await usedOf("turnover");
      const refill = (DEFAULT_BUDGETS.turnover.perDay * (BigInt(await now()) - updatedAt)) / BigInt(DAY);
      expect(kept).to.equal(used - refill);
      await movePrice(keel(), 3_100);
      await passTime(keel(), 70);
      await refuses(hedge(), "DriftNotReduced");
      await setBudget(keel(), "turnover", kept, 0n);
      await refuses(hedge(), "DriftNotReduced");
      await setBudget(keel(), "turnover", 2n * WAD, 0n);
      await hedge();
      expect(await usedOf("turnover")).to.be.greaterThan(kept);
    });
  });

  it("have ceilings that no admin can pass", async () => {
    const most: Record<UseName, bigint> = {
      loss: WAD / 20n,
      turnover: 10n * WAD,
      rescueLoss: WAD / 20n,
      rescueTurnover: 10n * WAD,
      quoteLoss: WAD / 20n,
      quoteDelta: 10n * WAD,
      quoteVega: 2n * WAD,
    };
    for (const use of USES) {
      await refuses(setBudget(keel(), use, most[use] + 1n, 0n), "LimitOutOfRange");
      await refuses(setBudget(keel(), use, 0n, most[use] + 1n), "LimitOutOfRange");
      await expect(setBudget(keel(), use, most[use], most[use]))
        .to.emit(keel().vault, "BudgetSet")
        .withArgs(USES.indexOf(use), most[use], most[use]);
    }
  });
});
