import { expect } from "chai";
import type { Contract } from "ethers";

import { MAINNET } from "../../scripts/localMainnet/addresses.ts";
import { DAY, USDC, WAD } from "./utils/keel.ts";
import { contractAt, movePool, movePrice, passTime, supplyToAave } from "./utils/market.ts";
import { useKeel, type Keel } from "./utils/useKeel.ts";
import {
  abs,
  callOf,
  driftOf,
  expiryOf,
  postSurface,
  putOf,
  rebalance,
  sell,
  setLimits,
  settleBook,
  SHORT,
  SPOT,
  vaultAs,
} from "./utils/vault.ts";

// Faults that were found in the vault once, each with the test that shows it mended.

const MAX_REWARD = 100n * USDC;
const MINUTE = 60;
const NO_LIMIT = 2n ** 200n;

/** The ripcord, as a stranger pulls it. */
async function ripcord(k: Keel, venue: number, dDelta: bigint) {
  const limitPrice = dDelta > 0n ? NO_LIMIT : 0n;
  return vaultAs(k, k.stranger).ripcord!([{ venue, dDelta, limitPrice }]);
}

async function recordBreach(k: Keel) {
  return vaultAs(k, k.stranger).recordBreach!();
}

/** Everything has expired and been settled at `usd`; nobody has touched the venues. */
async function letExpire(k: Keel, id: bigint, usd = 3_000) {
  await settleBook(k, expiryOf(id), usd);
  await vaultAs(k, k.stranger).settle!(id);
}

describe("the ripcord", () => {
  const keel = useKeel(async (k) => {
    await k.deposit(k.alice, 5_000_000n * USDC);
  });

  /** In the block of the breach, before any keeper: the pool is moved as far as a rescue may pay, and the ripcord pulled. */
  const expectNoRipcord = async () => {
    const { vault } = keel();
    const before = (await vault.nav!()) as bigint;
    await movePool(keel(), 3_140);
    const drift = await driftOf(keel());
    await ripcord(keel(), SPOT, -drift).catch(() => undefined);
    const lost = before - ((await vault.nav!()) as bigint);
    expect(lost).to.be.at.most(USDC);
    expect(await driftOf(keel())).to.be.closeTo(drift, WAD / 100n);
  };

  it("must wait 15 minutes for a breach that has only just begun, whatever an older one left on record", async () => {
    const { buy, taker } = keel();
    const id = await callOf(keel(), 30);
    await buy(taker, id, 200n * WAD);
    await recordBreach(keel());
    // The breach ends by a fill; nobody was told to clear the record.
    await sell(keel(), taker, id, 200n * WAD);
    expect(await driftOf(keel())).to.equal(0n);
    await passTime(keel(), 40 * MINUTE);
    await buy(taker, id, 200n * WAD);
    await expectNoRipcord();
  });

  it("must wait for the first option's breach too, whatever the hedge of an empty book left on record", async () => {
    const { vault, buy, taker } = keel();
    const id = await callOf(keel(), 30);
    await buy(taker, id, 20n * WAD);
    await rebalance(keel(), [{ venue: SPOT, dDelta: -(await driftOf(keel())) }]);
    await sell(keel(), taker, id, 20n * WAD);
    await rebalance(keel(), [{ venue: SPOT, dDelta: WAD / 20n - (await driftOf(keel())) }]);
    await recordBreach(keel());
    await passTime(keel(), 40 * MINUTE);
    await buy(taker, id, 200n * WAD);
    expect(await vault.breachedAt!()).to.equal(0n);
    await expectNoRipcord();
  });

  it("must wait for what is left of an ended book too, whatever the book left on record", async () => {
    const { vault, buy, taker, stranger, networkHelpers } = keel();
    const id = await callOf(keel(), 1);
    await buy(taker, id, 100n * WAD);
    await rebalance(keel(), [{ venue: SPOT, dDelta: 5n * WAD }]);
    await passTime(keel(), expiryOf(id) - (await networkHelpers.time.latest()) - 30 * MINUTE);
    await recordBreach(keel());
    // It ends by the price; nobody was told to clear the record. Then the book ends, and its hedge is what is left.
    await settleBook(keel(), expiryOf(id), 2_700);
    await vaultAs(keel(), stranger).settle!(id);
    expect(await driftOf(keel())).to.be.closeTo(5n * WAD, WAD / 100n);
    expect(await vault.breachedAt!()).to.equal(0n);
    await expectNoRipcord();
  });

  it("pays for one breach no more than its reward, in however many parts it is mended", async () => {
    const { buy, taker, usdc, stranger } = keel();
    const id = await callOf(keel(), 7);
    await buy(taker, id, 100n * WAD);
    await rebalance(keel(), [{ venue: SPOT, dDelta: -(await driftOf(keel())) }]);
    await letExpire(keel(), id);
    await recordBreach(keel());
    await passTime(keel(), 50 * MINUTE);
    const before = (await usdc.balanceOf!(stranger.address)) as bigint;
    for (let i = 0; i < 12; ++i) await ripcord(keel(), SPOT, -(await driftOf(keel())) / 2n);
    const earned = ((await usdc.balanceOf!(stranger.address)) as bigint) - before;
    expect(earned).to.be.at.most(MAX_REWARD);
  });
});

describe("the ripcord of a small vault", () => {
  const keel = useKeel(async (k) => {
    await k.deposit(k.alice, 5_000n * USDC);
  });

  it("is not blocked by its own reward", async () => {
    const { buy, taker } = keel();
    const id = await callOf(keel(), 7);
    await buy(taker, id, WAD / 2n);
    await rebalance(keel(), [{ venue: SPOT, dDelta: -(await driftOf(keel())) }]);
    await letExpire(keel(), id);
    await recordBreach(keel());
    await passTime(keel(), 46 * MINUTE);
    await ripcord(keel(), SPOT, -(await driftOf(keel())));
    expect(await driftOf(keel())).to.equal(0n);
  });
});

describe("exits with the keeper dead", () => {
  const keel = useKeel(async (k) => {
    await k.deposit(k.alice, 500_000n * USDC);
  });

  it("get what a short closed while Aave had lent everything out has left there", async () => {
    const { vault, buy, taker, alice, mainnet, usdc, stranger } = keel();
    const id = await putOf(keel(), 7);
    await buy(taker, id, 100n * WAD);
    await rebalance(keel(), [{ venue: SHORT, dDelta: -(await driftOf(keel())) }]);
    const shares = (await vault.balanceOf!(alice.address)) as bigint;
    await vaultAs(keel(), alice).requestRedeem!(shares, alice.address, alice.address);
    await letExpire(keel(), id);
    await recordBreach(keel());
    await passTime(keel(), 20 * MINUTE);

    // Whoever wants to (in one transaction, with a flash loan) borrows all USDC Aave has, and pulls the ripcord.
    const aave = await supplyToAave(keel(), MAINNET.weth, 200_000n * WAD);
    const available = (await usdc.balanceOf!(MAINNET.aUsdc)) as bigint;
    await aave.borrow!(MAINNET.usdc, available, 2, 0, stranger.address);
    await ripcord(keel(), SHORT, NO_LIMIT);
    await usdc.connect(stranger).getFunction("approve")(MAINNET.aavePool, 2n ** 200n);
    await mainnet.mintUsdc(stranger.address as `0x${string}`, available);
    await contractAt(
      MAINNET.aavePool,
      ["function repay(address,uint256,uint256,address) returns (uint256)"],
      stranger,
    ).repay!(MAINNET.usdc, available, 2, stranger.address);

    // Nobody can have it back: not the keeper, not anybody.
    const ways = [
      async () => rebalance(keel(), [{ venue: SHORT, dDelta: 0n }]),
      async () => recordBreach(keel()).then(async () => passTime(keel(), 20 * MINUTE)),
      async () => ripcord(keel(), SHORT, 0n),
      async () => ripcord(keel(), SHORT, NO_LIMIT),
      async () => vaultAs(keel(), stranger).processQueue!(),
    ];
    for (const way of ways) await way().catch(() => undefined);
    await passTime(keel(), 30 * DAY);
    for (const way of ways) await way().catch(() => undefined);
    const { waiting } = (await vault.queue!()) as { waiting: bigint };
    expect(waiting).to.be.at.most(shares / 1_000_000n);
  });
});

describe("the budgets of rescues", () => {
  const keel = useKeel(async (k) => {
    await k.deposit(k.alice, 500_000n * USDC);
    await k.buy(k.taker, await callOf(k, 7, 3_000, 4_000), 80n * WAD);
  });
  const hedge = async (limitPrice?: bigint) => {
    const dDelta = -(await driftOf(keel()));
    return rebalance(keel(), [{ venue: SPOT, dDelta, ...(limitPrice === undefined ? {} : { limitPrice }) }]);
  };

  it("used up, leave the keeper its own, though somebody records a breach", async () => {
    const { vault } = keel();
    // Two jumps the pool's last minute has yet to follow: rescues by definition.
    for (const usd of [3_300, 4_100, 3_000, 3_600, 2_700]) {
      await movePrice(keel(), usd);
      await hedge().catch(() => undefined);
    }
    expect(((await vault.budget!(1)) as { used: bigint }).used).to.equal(0n);
    await passTime(keel(), 2 * MINUTE);
    expect(abs(await driftOf(keel()))).to.be.greaterThan(10n * WAD);
    await recordBreach(keel());
    await passTime(keel(), 2 * MINUTE);
    const before = await driftOf(keel());
    await hedge(before > 0n ? 2_673n * WAD : 2_727n * WAD).catch(() => undefined);
    expect(abs(await driftOf(keel()))).to.be.lessThan(abs(before) / 2n);
  });
});

describe("a vault that winds down", () => {
  const keel = useKeel(async (k) => {
    await k.deposit(k.alice, 1_000_000n * USDC);
    await k.fund(k.taker, 1_000_000n * USDC);
  });
  const writeToVault = async (id: bigint, quantity: bigint) => {
    const { book, taker } = keel();
    await (book.connect(taker) as Contract).write!(id, quantity, taker.address);
    await sell(keel(), taker, id, quantity);
  };

  it("opens no option position after shutdown", async () => {
    const { vault, admin } = keel();
    await vaultAs(keel(), admin).shutdown!();
    await writeToVault(await callOf(keel(), 34), 10n * WAD).catch(() => undefined);
    expect(await vault.legs!()).to.deep.equal([]);
  });

  it("opens no option position while an exit has waited for more than three days", async () => {
    const { vault, alice } = keel();
    await vaultAs(keel(), alice).requestRedeem!(10n ** 15n, alice.address, alice.address);
    await passTime(keel(), 3 * DAY + 1);
    await postSurface(keel());
    await writeToVault(await callOf(keel(), 34), 10n * WAD).catch(() => undefined);
    expect(await vault.legs!()).to.deep.equal([]);
  });

  it("may sell what it holds after shutdown", async () => {
    const { vault, admin, buy, taker } = keel();
    const id = await callOf(keel(), 34);
    await writeToVault(id, 10n * WAD);
    await vaultAs(keel(), admin).shutdown!();
    await buy(taker, id, 10n * WAD);
    expect(await vault.legs!()).to.deep.equal([]);
  });

  it("may sell what it holds while paused", async () => {
    const { vault, guardian, buy, taker } = keel();
    const id = await callOf(keel(), 34);
    await writeToVault(id, 10n * WAD);
    await vaultAs(keel(), guardian).pause!();
    await buy(taker, id, 10n * WAD);
    expect(await vault.legs!()).to.deep.equal([]);
  });
});

describe("the surface's forward", () => {
  const keel = useKeel(async (k) => {
    await k.deposit(k.alice, 520_000n * USDC);
    await k.buy(k.taker, await callOf(k, 7, 2_500, 4_000), 80n * WAD);
    await rebalance(k, [{ venue: SPOT, dDelta: -(await driftOf(k)) }]);
  });
  const post = async (forwardRatio: number) => {
    const oracle = keel().volatilityOracle.connect(keel().surfacePoster) as Contract;
    const surface = (await oracle.surface!()) as { toObject(deep: boolean): { pillars: object[] } };
    await oracle.post!(surface.toObject(true).pillars.map((p) => ({ ...p, forwardRatio })));
  };

  it("moved within its tolerance, as a stolen key may, makes nobody richer by entering and leaving", async () => {
    const { bob, mainnet, usdc, contracts, vault } = keel();
    const stake = 5_000_000n * USDC;
    await mainnet.mintUsdc(bob.address as `0x${string}`, stake);
    await usdc.connect(bob).getFunction("approve")(contracts.Vault, 2n ** 200n);
    const swing = Number(await keel().volatilityOracle.FORWARD_TOLERANCE!()) / 2;
    await passTime(keel(), 5 * MINUTE);
    await post(1_000_000_000 + swing);
    await vaultAs(keel(), bob).deposit!(stake, bob.address);
    await passTime(keel(), 5 * MINUTE);
    await post(1_000_000_000);
    await vaultAs(keel(), bob).redeem!(await vault.maxRedeem!(bob.address), bob.address, bob.address);
    // And that was all the room there is for a swing.
    await passTime(keel(), 5 * MINUTE);
    await post(1_000_000_000 - swing);
    expect(await keel().volatilityOracle.isOpen!()).to.equal(false);
    const gain = ((await usdc.balanceOf!(bob.address)) as bigint) - stake;
    expect(gain).to.be.at.most(0n);
  });
});

describe("the line of exits, once no option is left", () => {
  const keel = useKeel(async (k) => {
    await k.deposit(k.alice, 500_000n * USDC);
    await k.deposit(k.bob, 150_000n * USDC);
    await k.buy(k.taker, await callOf(k, 7, 2_500, 4_000), 80n * WAD);
    await rebalance(k, [{ venue: SPOT, dDelta: -(await driftOf(k)) }]);
  });

  it("is no way to leave at once at a price the market has left", async () => {
    const { vault, bob, usdc } = keel();
    const [leg] = (await vault.legs!()) as bigint[];
    await letExpire(keel(), leg! & (2n ** 176n - 1n));
    // A crash that Chainlink has yet to see; the vault still holds its hedge.
    await movePool(keel(), 2_800);
    await keel().networkHelpers.mine(1);
    const shares = (await vault.balanceOf!(bob.address)) as bigint;
    const supply = (await vault.totalSupply!()) as bigint;
    expect(await vault.maxRedeem!(bob.address)).to.equal(0n);
    await vaultAs(keel(), bob).requestRedeem!(shares, bob.address, bob.address);
    const trueNav = ((await vault.nav!()) as bigint) - ((await driftOf(keel())) * 200n * USDC) / WAD;
    const fair = (trueNav * shares) / supply;
    await vaultAs(keel(), bob).processQueue!().catch(() => undefined);
    await vaultAs(keel(), bob).claim!(0n).catch(() => undefined);
    const got = (await usdc.balanceOf!(bob.address)) as bigint;
    expect(got).to.be.at.most(fair);
  });

  it("nor behind somebody who has waited: that one is paid alone", async () => {
    const { vault, alice, bob } = keel();
    const sharesOf = async (owner: string) => (await vault.balanceOf!(owner)) as bigint;
    const waiting = (await sharesOf(alice.address)) / 100n;
    await vaultAs(keel(), alice).requestRedeem!(waiting, alice.address, alice.address);
    const [leg] = (await vault.legs!()) as bigint[];
    await letExpire(keel(), leg! & (2n ** 176n - 1n));
    await movePool(keel(), 2_800);
    await keel().networkHelpers.mine(1);
    const shares = await sharesOf(bob.address);
    await vaultAs(keel(), bob).requestRedeem!(shares, bob.address, bob.address);
    await vaultAs(keel(), bob).processQueue!();
    expect(await vault.claimable!(0n)).to.be.greaterThan(0n);
    expect(await vault.claimable!(1n)).to.equal(0n);
    const { waiting: left } = (await vault.queue!()) as unknown as { waiting: bigint };
    expect(left).to.equal(shares);
  });
});

describe("the admin", () => {
  const keel = useKeel();

  it("cannot put the ripcord out of reach", async () => {
    const ripcordDrift = 2n ** 127n;
    await expect(setLimits(keel(), { ripcordDrift })).to.be.revertedWithCustomError(
      keel().vault,
      "LimitOutOfRange",
    );
  });
});
