import { expect } from "chai";

import { MAINNET, MAINNET_AUTHORITIES } from "../../scripts/localMainnet/addresses.ts";
import { Random } from "../../keeper/math/random.ts";
import { USDC, WAD } from "./utils/keel.ts";
import { contractAt, impersonate } from "./utils/market.ts";
import {
  depositOfTwo,
  claimExit,
  processQueue,
  queueOf,
  requestRedeem,
  sharesOf,
  valueOf,
  SHARE,
} from "./utils/shares.ts";
import { useKeel } from "./utils/useKeel.ts";
import { breakFeed, callOf, refusalsOf, vaultAs } from "./utils/vault.ts";

describe("Vault queue's claims", () => {
  const keel = useKeel(depositOfTwo);
  const refuses = refusalsOf(keel);
  const asStranger = () => vaultAs(keel(), keel().stranger);
  const process = () => processQueue(keel());
  const claim = (id: bigint, receiver: { readonly address: string }) => claimExit(keel(), id, receiver);
  const set = async (): Promise<bigint> => (await queueOf(keel())).owed;

  for (const seed of [1, 2, 3]) {
    it(`in parts and any order sum to what was set aside, to the unit, seed ${String(seed)}`, async function () {
      this.timeout(30_000);
      const { vault, alice, bob, taker, contracts, usdc } = keel();
      const random = new Random(seed);
      await keel().buy(taker, await callOf(keel(), 7), 230n * WAD);
      const open: bigint[] = [];
      let aside = 0n;
      let claimed = 0n;
      const take = async (id: bigint) => {
        const due = (await vault.claimable!(id)) as bigint;
        if (due === 0n) return;
        claimed += await claim(id, { address: keel().guardian.address });
      };
      for (let step = 0; step < 60; step++) {
        const what = random.uniform();
        const owner = random.uniform() < 0.7 ? alice : bob;
        if (what < 0.45) {
          const most = await sharesOf(keel(), owner);
          const size = random.uniform() < 0.3 ? 3n : 10n ** BigInt(Math.floor(random.uniform() * 17));
          const shares = size + BigInt(Math.floor(random.uniform() * 999));
          if (shares <= most) open.push(await requestRedeem(keel(), owner, shares, keel().guardian.address));
        } else if (what < 0.65) {
          const before = await set();
          const waits = (await queueOf(keel())).waiting;
          const done = await asStranger().processQueue!().then(
            () => true,
            () => false,
          );
          if (!done) expect(waits === 0n || (await valueOf(keel())).free < 101n * USDC).to.equal(true);
          aside += (await set()) - before;
        } else if (what < 0.9 && open.length > 0) {
          await take(open[Math.floor(random.uniform() * open.length)]!);
        } else {
          // Others come and so the price of the next release is another, and more of the line fits.
          await keel().deposit(keel().stranger, BigInt(Math.floor(random.uniform() * 30e9)) + 1n);
        }
      }
      await keel().deposit(keel().stranger, 3_000_000n * USDC);
      if ((await queueOf(keel())).waiting !== 0n) {
        const before = await set();
        await process();
        aside += (await set()) - before;
      }
      expect(await set()).to.equal(aside - claimed);
      const held = (await usdc.balanceOf!(contracts.Vault)) as bigint;
      expect(held - ((await vault.cash!()) as bigint)).to.equal(await set());
      while (open.length > 0) {
        await take(open.splice(Math.floor(random.uniform() * open.length), 1)[0]!);
      }
      expect(claimed).to.equal(aside);
      expect(claimed).to.be.greaterThan(10_000n * USDC);
      expect(await set()).to.equal(0n);
      expect(await usdc.balanceOf!(contracts.Vault)).to.equal(await vault.cash!());
    });
  }

  it("are blocked by a receiver's blacklisting for that receiver alone", async () => {
    const { alice, bob } = keel();
    const first = await requestRedeem(keel(), bob, 10_000n * SHARE);
    const second = await requestRedeem(keel(), alice, 10_000n * SHARE);
    await process();
    const owner = await impersonate(keel(), MAINNET_AUTHORITIES.usdcOwner);
    const abi = ["function blacklist(address)", "function unBlacklist(address)"];
    await contractAt(MAINNET.usdc, abi, owner).blacklist!(bob.address);
    await expect(asStranger().claim!(first)).to.be.revertedWith("Blacklistable: account is blacklisted");
    expect(await claim(second, alice)).to.equal(10_000n * USDC);
    await requestRedeem(keel(), alice, 500n * SHARE);
    await process();
    expect(await claim(second + 1n, alice)).to.equal(500n * USDC);
    await contractAt(MAINNET.usdc, abi, owner).unBlacklist!(bob.address);
    expect(await claim(first, bob)).to.equal(10_000n * USDC);
  });

  it("go on while paused, shut down and without a price", async () => {
    const { alice, bob, guardian, admin, taker } = keel();
    await keel().buy(taker, await callOf(keel(), 7), 20n * WAD);
    const id = await requestRedeem(keel(), bob, 10_000n * SHARE);
    await vaultAs(keel(), guardian).pause!();
    const other = await requestRedeem(keel(), alice, SHARE);
    await process();
    await vaultAs(keel(), admin).shutdown!();
    await breakFeed(keel(), 0n);
    expect(await claim(id, bob)).to.be.closeTo(10_000n * USDC, 200n * USDC);
    expect(await claim(other, alice)).to.be.closeTo(USDC, 20_000n);
    // To ask is never closed either.
    await requestRedeem(keel(), alice, SHARE);
    await refuses(process(), "NotOpen");
  });

  it("of what there is none revert", async () => {
    await refuses(asStranger().claim!(0n), "NothingToClaim");
    await requestRedeem(keel(), keel().bob, SHARE);
    await refuses(asStranger().claim!(0n), "NothingToClaim");
    await process();
    await claim(0n, keel().bob);
    await refuses(asStranger().claim!(0n), "NothingToClaim");
  });
});
