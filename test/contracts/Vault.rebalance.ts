import { expect } from "chai";

import { MAINNET } from "../../scripts/localMainnet/addresses.ts";
import { DAY, USDC, WAD } from "./utils/keel.ts";
import { drainPool, movePool, movePrice, passTime } from "./utils/market.ts";
import { useKeel } from "./utils/useKeel.ts";
import {
  abs,
  accountForEveryUnit,
  addVenue,
  breakFeed,
  callOf,
  driftOf,
  rebalance,
  refusalsOf,
  setBudget,
  setLimits,
  SHORT,
  SPOT,
  vaultAs,
} from "./utils/vault.ts";

describe("Vault.rebalance", () => {
  const keel = useKeel(async (k) => {
    await k.deposit(k.alice, 5_000_000n * USDC);
    await k.buy(k.taker, await callOf(k, 7), 100n * WAD);
  });
  accountForEveryUnit(keel);
  const refuses = refusalsOf(keel);
  /** Buys what drift lacks. */
  const hedge = async () => rebalance(keel(), [{ venue: SPOT, dDelta: -(await driftOf(keel())) }]);

  describe("who and when", () => {
    it("is for the keeper alone", async () => {
      for (const as of [keel().stranger, keel().admin, keel().guardian, keel().quoter]) {
        await refuses(rebalance(keel(), [], { as }), "AccessManagedUnauthorized");
      }
    });

    it("ends with the keeper's role", async () => {
      const { manager, admin, keeper } = keel();
      await manager.connect(admin).getFunction("revokeRole")(1n, keeper.address);
      await refuses(hedge(), "AccessManagedUnauthorized");
    });

    it("takes the current nonce, which rebalances alone advance", async () => {
      const { vault, deposit, bob, buy, taker } = keel();
      await refuses(rebalance(keel(), [], { nonce: 1n }), "WrongRebalanceNonce");
      await deposit(bob, 1_000n * USDC);
      await buy(taker, await callOf(keel(), 8), WAD);
      expect(await vault.rebalanceNonce!()).to.equal(0n);
      await hedge();
      expect(await vault.rebalanceNonce!()).to.equal(1n);
      await refuses(rebalance(keel(), [], { nonce: 0n }), "WrongRebalanceNonce");
    });

    it("is good until the last second of its deadline", async () => {
      const { networkHelpers } = keel();
      const drift = await driftOf(keel());
      const deadline = (await networkHelpers.time.latest()) + 100;
      await networkHelpers.time.setNextBlockTimestamp(deadline + 1);
      const late = rebalance(keel(), [{ venue: SPOT, dDelta: -drift }], { deadline: BigInt(deadline) });
      await refuses(late, "DeadlinePassed");
    });

    it("goes through in the last second", async () => {
      const { networkHelpers } = keel();
      const drift = await driftOf(keel());
      const deadline = (await networkHelpers.time.latest()) + 100;
      await networkHelpers.time.setNextBlockTimestamp(deadline);
      await rebalance(keel(), [{ venue: SPOT, dDelta: -drift }], { deadline: BigInt(deadline) });
    });

    it("takes at most eight legs, of venues there are", async () => {
      const drift = await driftOf(keel());
      const leg = { venue: SPOT, dDelta: -drift / 8n };
      await refuses(rebalance(keel(), Array(9).fill(leg)), "TooManyLegs");
      await expect(rebalance(keel(), [{ venue: 2, dDelta: -drift }])).to.be.revertedWithPanic(0x32);
      await rebalance(keel(), Array(8).fill(leg));
      expect(abs(await driftOf(keel()))).to.be.lessThan(WAD / 100n);
    });

    it("goes on while the vault is paused and entry closed", async () => {
      await vaultAs(keel(), keel().guardian).pause!();
      await movePrice(keel(), 3_300);
      expect((await keel().priceOracle.read!()).open).to.equal(false);
      await hedge();
    });
  });

  describe("is due", () => {
    const due = async () => ((await keel().vault.needsRebalance!()) as [boolean, bigint])[1];

    it("at the least drift, and not below", async () => {
      expect(await due()).to.equal(1n);
      await hedge();
      expect(await due()).to.equal(0n);
      await refuses(rebalance(keel(), [{ venue: SPOT, dDelta: WAD }]), "NothingDue");
    });

    it("exactly from the least drift", async () => {
      const drift = abs(await driftOf(keel()));
      await setLimits(keel(), { minDrift: drift + WAD / 1000n, ripcordDrift: 2n * drift });
      expect(await due()).to.equal(0n);
      await setLimits(keel(), { minDrift: drift - WAD / 1000n, ripcordDrift: drift });
      expect(await due()).to.equal(1n);
    });

    it("by age, with any drift left", async () => {
      await hedge();
      await setLimits(keel(), { maxAge: 3_600, minDrift: 100n * WAD, ripcordDrift: 100n * WAD });
      expect(await due()).to.equal(0n);
      await passTime(keel(), 3_600);
      expect(await due()).to.equal(3n);
      const before = abs(await driftOf(keel()));
      await hedge();
      expect(abs(await driftOf(keel()))).to.be.lessThan(before);
      expect(await due()).to.equal(0n);
    });

    it("not while the oracle is unfit", async () => {
      await keel().networkHelpers.time.increase(2 * 3_600);
      expect(await due()).to.equal(0n);
    });
  });

  describe("needs an oracle", () => {
    it("on time", async () => {
      const { time } = keel().networkHelpers;
      const updatedAt = Number((await keel().priceOracle.read!()).updatedAt);
      const drift = await driftOf(keel());
      await time.setNextBlockTimestamp(updatedAt + 3_600 + 601);
      await refuses(rebalance(keel(), [{ venue: SPOT, dDelta: -drift }]), "OracleUnfit");
    });

    it("on time to the last second", async () => {
      const { time } = keel().networkHelpers;
      const updatedAt = Number((await keel().priceOracle.read!()).updatedAt);
      const drift = await driftOf(keel());
      await time.setNextBlockTimestamp(updatedAt + 3_600 + 600);
      await rebalance(keel(), [{ venue: SPOT, dDelta: -drift }]);
    });

    for (const [name, answer] of [
      ["above zero", 0n],
      ["above zero, not below", -3_000n * 10n ** 8n],
      ["of this world", 2n ** 200n],
    ] as const) {
      it(name, async () => {
        await breakFeed(keel(), answer);
        await refuses(rebalance(keel(), [{ venue: SPOT, dDelta: 50n * WAD }]), "OracleUnfit");
      });
    }

    it("that answers", async () => {
      const aggregator = await breakFeed(keel(), 3_000n * 10n ** 8n);
      await aggregator.setReverts!(true);
      await refuses(rebalance(keel(), [{ venue: SPOT, dDelta: 50n * WAD }]), "OracleUnfit");
    });

    it("not from the future", async () => {
      const future = (await keel().networkHelpers.time.latest()) + DAY;
      await breakFeed(keel(), 3_000n * 10n ** 8n, future);
      await refuses(rebalance(keel(), [{ venue: SPOT, dDelta: 50n * WAD }]), "OracleUnfit");
    });

    it("of the dollar too", async () => {
      await breakFeed(keel(), 0n, undefined, MAINNET.usdcUsdFeed);
      await refuses(rebalance(keel(), [{ venue: SPOT, dDelta: 50n * WAD }]), "OracleUnfit");
    });

    it("and counts in USDC when the dollar peg breaks", async () => {
      await keel().mainnet.submitUsdcUsd(0.97);
      await movePool(keel(), 3_000 / 0.97);
      await hedge();
      expect(abs(await driftOf(keel()))).to.be.lessThan(WAD / 100n);
    });
  });

  describe("drift", () => {
    it("must fall", async () => {
      await refuses(rebalance(keel(), []), "DriftNotReduced");
      await refuses(rebalance(keel(), [{ venue: SHORT, dDelta: -WAD }]), "DriftNotReduced");
      await refuses(rebalance(keel(), [{ venue: SPOT, dDelta: -WAD }]), "DriftNotReduced");
    });

    it("may cross zero, by the floor under the trigger and no more", async () => {
      const drift = -(await driftOf(keel()));
      await rebalance(keel(), [{ venue: SPOT, dDelta: 2n * drift }]);
      expect(await driftOf(keel())).to.be.closeTo(WAD / 10n, WAD / 10n ** 4n);
    });

    it("takes of a leg what it still needs, when it was sized for more", async () => {
      const sized = -(await driftOf(keel()));
      await movePrice(keel(), 2_900);
      const needed = -(await driftOf(keel()));
      expect(needed).to.be.lessThan((sized * 95n) / 100n);
      await rebalance(keel(), [{ venue: SPOT, dDelta: sized }]);
      expect(await driftOf(keel())).to.be.closeTo(WAD / 10n, WAD / 10n ** 4n);
      await refuses(rebalance(keel(), [{ venue: SPOT, dDelta: 2n ** 255n - 1n }]), "DriftNotReduced");
      await rebalance(keel(), [{ venue: SPOT, dDelta: -(2n ** 255n) }]);
      expect(await driftOf(keel())).to.be.within(-WAD / 10n, 0n);
    });

    it("is told with every leg and the net asset value", async () => {
      const { vault } = keel();
      const dDelta = -(await driftOf(keel()));
      const sent = await hedge();
      await expect(sent).to.emit(vault, "Rebalanced");
      const [log] = await vault.queryFilter(vault.getEvent("Rebalanced"), "latest");
      if (!log || !("args" in log)) throw new Error("no event");
      expect(log.args.rebalanceNonce).to.equal(0n);
      expect(log.args.driftAfter).to.equal(await driftOf(keel()));
      expect(log.args.navAfter).to.equal(await vault.nav!());
      expect(log.args.price).to.equal(3_000n * WAD);
      const loss = (log.args.navBefore as bigint) - (log.args.navAfter as bigint);
      // The pool's fee, and the impact.
      expect(loss).to.be.closeTo((dDelta * 3_000n * USDC) / WAD / 2_000n, 30n * USDC);
    });
  });

  describe("prices", () => {
    it("fills nothing beyond the vault's bound, whatever the keeper accepts", async () => {
      await movePool(keel(), 3_031);
      await refuses(hedge(), "DriftNotReduced");
    });

    it("fills up to the vault's bound, fee included, where liquidity is short", async () => {
      await drainPool(keel(), 999n, 1000n);
      const before = await driftOf(keel());
      const cash = (await keel().vault.cash!()) as bigint;
      await hedge();
      const filled = (await driftOf(keel())) - before;
      expect(filled).to.be.within(WAD, 40n * WAD);
      expect(Math.round((await keel().mainnet.poolPrice()) / 0.9995)).to.equal(3_030);
      const paid = cash - ((await keel().vault.cash!()) as bigint);
      expect((paid * WAD) / filled).to.be.lessThan(3_030n * USDC);
    });

    it("fills within the keeper's tighter limit", async () => {
      await drainPool(keel(), 999n, 1000n);
      const dDelta = -(await driftOf(keel()));
      await rebalance(keel(), [{ venue: SPOT, dDelta, limitPrice: 3_010n * WAD }]);
      expect(Math.round((await keel().mainnet.poolPrice()) / 0.9995)).to.equal(3_010);
    });

    it("fills nothing at a limit the pool does not offer", async () => {
      const dDelta = -(await driftOf(keel()));
      const limitPrice = 3_001n * WAD;
      await refuses(rebalance(keel(), [{ venue: SPOT, dDelta, limitPrice }]), "DriftNotReduced");
    });

    it("fills nothing in an empty pool", async () => {
      await drainPool(keel());
      await refuses(hedge(), "DriftNotReduced");
    });
  });

  describe("loss", () => {
    it("is within what the keeper accepts", async () => {
      const dDelta = -(await driftOf(keel()));
      const fee = (dDelta * 3_000n * USDC) / WAD / 2_000n;
      const tooLittle = rebalance(keel(), [{ venue: SPOT, dDelta }], { maxLoss: fee - 1n });
      await refuses(tooLittle, "LossTooLarge");
      await rebalance(keel(), [{ venue: SPOT, dDelta }], { maxLoss: fee + 30n * USDC });
    });

    it("is within the vault's own budget", async () => {
      await setBudget(keel(), "loss", 10n ** 13n); // 0.001 % of five million: 50 USDC
      await refuses(hedge(), "BudgetExceeded");
    });
  });

  describe("against venues that misbehave", () => {
    it("takes no more than it asked for", async () => {
      await addVenue(keel(), "MockOverfillingVenue");
      await refuses(rebalance(keel(), [{ venue: 2, dDelta: WAD }]), "Overfilled");
    });

    it("takes nothing the other way", async () => {
      await addVenue(keel(), "MockContraryVenue");
      const drift = await driftOf(keel());
      await refuses(rebalance(keel(), [{ venue: 2, dDelta: -drift / 2n }]), "Overfilled");
    });

    it("lets no margin fall below its trigger, whatever made the rebalance due", async () => {
      await addVenue(keel(), "MockThinningVenue");
      expect(await keel().vault.needsRebalance!()).to.deep.equal([true, 1n]);
      await refuses(rebalance(keel(), [{ venue: 2, dDelta: WAD }]), "MarginWorsened");
    });

    it("cannot be entered again", async () => {
      const { vault, manager, admin, alice, usdc } = keel();
      const venue = await addVenue(keel(), "MockAttackingVenue");
      await manager.connect(admin).getFunction("grantRole")(1n, venue, 0);
      await usdc.connect(alice).getFunction("approve")(vault, 2n ** 200n);
      const attacks: [string, unknown[]][] = [
        ["rebalance", [[], 1n, 2n ** 40n, 0n]],
        ["deposit", [0n, alice.address]],
        ["redeem", [0n, alice.address, alice.address]],
        ["settle", [await callOf(keel(), 7)]],
      ];
      for (const [method, args] of attacks) {
        await venue.setAttack!(vault, vault.interface.encodeFunctionData(method, args));
        await rebalance(keel(), [{ venue: 2, dDelta: WAD }]);
        expect(await venue.succeeded!(), method).to.equal(false);
        const error = vault.interface.getError("ReentrancyGuardReentrantCall")!;
        expect(await venue.outcome!(), method).to.equal(error.selector);
      }
    });
  });
});
