import { expect } from "chai";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import type { Contract } from "ethers";

import { ABIS } from "../../scripts/localMainnet/abis.ts";
import { MAINNET } from "../../scripts/localMainnet/addresses.ts";
import { USDC, WAD } from "./utils/keel.ts";
import { contractAt, movePrice, passTime, supplyToAave } from "./utils/market.ts";
import { useKeel, type Keel } from "./utils/useKeel.ts";
import {
  accountForEveryUnit,
  breakFeed,
  callOf,
  driftOf,
  freeCash,
  expiryOf,
  postSurface,
  putOf,
  rebalance,
  seriesOf,
  settleBook,
  SHORT,
  SPOT,
  vaultAs,
} from "./utils/vault.ts";

const MAX = 2n ** 256n - 1n;

describe("Vault entry and exit", () => {
  describe("of an empty vault", () => {
    const keel = useKeel();

    it("starts at a millionth of a USDC a share unit", async () => {
      const { vault, alice, deposit } = keel();
      expect(await vault.decimals!()).to.equal(12n);
      expect(await vault.asset!()).to.equal(MAINNET.usdc);
      await deposit(alice, 1_234_567n);
      expect(await vault.balanceOf!(alice.address)).to.equal(1_234_567n * 10n ** 6n);
      expect(await vault.totalAssets!()).to.equal(1_234_567n);
    });

    it("counts nothing that anybody sends in, and cannot be inflated", async () => {
      const { vault, contracts, alice, bob, deposit, usdc } = keel();
      await deposit(bob, 1n);
      await donate(keel(), bob, 10_000n);
      expect(await vault.nav!()).to.equal(1n);

      await deposit(alice, 1_000n * USDC);
      const shares = (await vault.balanceOf!(alice.address)) as bigint;
      await vaultAs(keel(), alice).redeem!(shares, alice.address, alice.address);
      expect(await usdc.balanceOf!(alice.address)).to.be.greaterThanOrEqual(1_000n * USDC - 1n);
      expect(await usdc.balanceOf!(contracts.Vault)).to.be.greaterThanOrEqual(10_000n * USDC);
    });

    it("lets the last one out with everything", async () => {
      const { vault, alice, bob, taker, deposit, buy, book, contracts, usdc } = keel();
      await deposit(alice, 700_000n * USDC);
      await deposit(bob, 300_000n * USDC);
      // Selling at 1 % over mark and buying back at 1.9 % over leaves a share price with a long tail.
      const id = await callOf(keel(), 7);
      await buy(taker, id, 20n * WAD);
      const premium = ((await keel().mark(id)) * 1_019n) / 1_000n;
      const { terms, signature } = await keel().quote(id, 20n * WAD, premium, { makerSells: false });
      await (book.connect(taker) as Contract).fill!(terms, signature, 20n * WAD);
      expect(await vault.nav!()).to.be.lessThan(1_000_000n * USDC);

      for (const owner of [alice, bob]) {
        const shares = (await vault.balanceOf!(owner.address)) as bigint;
        expect(await vault.maxRedeem!(owner.address)).to.equal(shares);
        await vaultAs(keel(), owner).redeem!(shares, owner.address, owner.address);
      }
      expect(await vault.totalSupply!()).to.equal(0n);
      expect(await usdc.balanceOf!(contracts.Vault)).to.be.lessThan(3n);
    });

    it("has no price while there are shares with nothing behind them", async () => {
      const { vault, alice, deposit, buy, taker } = keel();
      await deposit(alice, 1_000_000n * USDC);
      await buy(taker, await putOf(keel(), 7), 100n * WAD);
      await rebalance(keel(), [{ venue: SHORT, dDelta: -(await driftOf(keel())) }]);
      await keel().mainnet.submitEthUsd(10_000_000);
      expect(await vault.nav!()).to.be.lessThan(0n);
      expect(await vault.totalAssets!()).to.equal(0n);
      expect(await vault.maxDeposit!(alice.address)).to.equal(0n);
      expect(await vault.maxRedeem!(alice.address)).to.equal(0n);
    });
  });

  describe("of a vault at work", () => {
    const keel = useKeel(async (k) => {
      await k.deposit(k.alice, 2_000_000n * USDC);
      await k.deposit(k.bob, 333_333_333_333n);
      await k.buy(k.taker, await callOf(k, 7), 50n * WAD);
      await rebalance(k, [{ venue: SPOT, dDelta: -(await driftOf(k)) }]);
      await k.mainnet.mintUsdc(k.alice.address as `0x${string}`, 1_000_000n * USDC);
      await (k.usdc.connect(k.alice) as Contract).approve!(k.vault, MAX);
    });

    accountForEveryUnit(keel);

    it("previews exactly, rounding against whoever comes or goes", async () => {
      const { vault, alice } = keel();
      const as = vaultAs(keel(), alice);
      const supply = ((await vault.totalSupply!()) as bigint) + 10n ** 6n;
      const { bid, mid, ask } = (await vault.value!()) as { bid: bigint; mid: bigint; ask: bigint };
      expect(bid).to.be.lessThan(mid);
      expect(ask).to.be.greaterThan(mid);
      const up = (a: bigint, b: bigint, c: bigint) => (a * b + c - 1n) / c;
      for (const amount of [1n, 7n, 999_999n, 123_456_789n, 990_000n * USDC - 1n]) {
        const shares = amount * 999_983n;
        const expected: [string, unknown[], bigint][] = [
          ["Deposit", [amount, alice.address], (amount * supply) / (ask + 1n)],
          ["Mint", [shares, alice.address], up(shares, ask + 1n, supply)],
          ["Withdraw", [amount, alice.address, alice.address], up(amount, supply, bid + 1n)],
          ["Redeem", [shares, alice.address, alice.address], (shares * (bid + 1n)) / supply],
        ];
        for (const [name, args, value] of expected) {
          expect(await vault.getFunction(`preview${name}`)(args[0]), name).to.equal(value);
          const act = as.getFunction(name.toLowerCase());
          expect(await act.staticCall(...args), name).to.equal(value);
        }
      }
    });

    it("leaves the share price to the others where it was", async () => {
      const { vault, alice } = keel();
      const as = vaultAs(keel(), alice);
      const steps: [string, unknown[]][] = [
        ["deposit", [777_777_777n, alice.address]],
        ["mint", [777_777_777_777_777n, alice.address]],
        ["withdraw", [555_555_555n, alice.address, alice.address]],
        ["redeem", [555_555_555_555_555n, alice.address, alice.address]],
      ];
      for (const [method, args] of steps) {
        const block = await keel().ethers.provider.getBlockNumber();
        await as.getFunction(method)(...args);
        // The same NAV less what moved: the option lost a second of its time in between, never the other way.
        const [before, after] = await Promise.all(
          [block, block + 1].map(async (blockTag) => {
            const supply = ((await vault.totalSupply!({ blockTag })) as bigint) + 10n ** 6n;
            const assets = ((await vault.totalAssets!({ blockTag })) as bigint) + 1n;
            return (assets * 10n ** 24n) / supply;
          }),
        );
        expect(after, method).to.be.within(before! - 10n, before! + 10n ** 12n);
      }
    });

    it("lets out what is above the hedge reserve, to the unit", async () => {
      const { vault, alice, bob } = keel();
      const reserve = (await vault.hedgeReserve!()) as bigint;
      expect(reserve).to.equal(202_000n * USDC);
      await vaultAs(keel(), bob).transfer!(alice.address, await vault.balanceOf!(bob.address));

      const as = vaultAs(keel(), alice);
      const free = await freeCash(keel());
      expect(free).to.equal(await vault.maxWithdraw!(alice.address));
      await expect(as.withdraw!(free + USDC, alice.address, alice.address)).to.be.revertedWithCustomError(
        vault,
        "ERC4626ExceededMaxWithdraw",
      );
      await as.withdraw!(await vault.maxWithdraw!(alice.address), alice.address, alice.address);
      const outside =
        ((await vault.cash!()) as bigint) + ((await keel().spot.equity!(3_000n * WAD)) as bigint);
      expect(outside).to.be.within(reserve, reserve + 1n);
      expect(await vault.maxRedeem!(alice.address)).to.be.lessThan(2n * 10n ** 6n);
    });

    it("redeems all that can be redeemed", async () => {
      const { vault, bob, usdc } = keel();
      const shares = (await vault.maxRedeem!(bob.address)) as bigint;
      expect(shares).to.equal(await vault.balanceOf!(bob.address));
      const assets = (await vault.previewRedeem!(shares)) as bigint;
      await vaultAs(keel(), bob).redeem!(shares, bob.address, bob.address);
      expect(await usdc.balanceOf!(bob.address)).to.be.closeTo(assets, 1_000n);
    });

    it("lets nobody spend another's shares without an allowance", async () => {
      const { vault, alice, stranger } = keel();
      const stolen = vaultAs(keel(), stranger).redeem!(10n ** 12n, stranger.address, alice.address);
      await expect(stolen).to.be.revertedWithCustomError(vault, "ERC20InsufficientAllowance");
    });

    describe("is closed", () => {
      const open = async () => {
        const { vault, alice } = keel();
        const [d, m, w, r] = await Promise.all([
          vault.maxDeposit!(alice.address),
          vault.maxMint!(alice.address),
          vault.maxWithdraw!(alice.address),
          vault.maxRedeem!(alice.address),
        ]);
        expect(d !== 0n, "deposit and mint agree").to.equal(m !== 0n);
        expect(w !== 0n, "withdraw and redeem agree").to.equal(r !== 0n);
        return { entry: d !== 0n, exit: r !== 0n };
      };
      const expectClosed = async (state = { entry: false, exit: false }) => {
        const { vault, alice } = keel();
        expect(await open()).to.deep.equal(state);
        const as = vaultAs(keel(), alice);
        await expect(as.deposit!(USDC, alice.address)).to.be.revertedWithCustomError(
          vault,
          "ERC4626ExceededMaxDeposit",
        );
        const leave = as.redeem!(10n ** 12n, alice.address, alice.address);
        if (state.exit) await leave;
        else await expect(leave).to.be.revertedWithCustomError(vault, "ERC4626ExceededMaxRedeem");
      };

      it("not without a reason", async () => {
        expect(await open()).to.deep.equal({ entry: true, exit: true });
      });

      it("for entry when paused, while exits go on", async () => {
        await vaultAs(keel(), keel().guardian).pause!();
        await expectClosed({ entry: false, exit: true });
        await vaultAs(keel(), keel().admin).unpause!();
        expect(await open()).to.deep.equal({ entry: true, exit: true });
      });

      it("when the price is old", async () => {
        await keel().networkHelpers.time.increase(3_600 + 700);
        await expectClosed();
      });

      it("when the price of the dollar is old", async () => {
        const { time } = keel().networkHelpers;
        await time.increase(86_400 + 700);
        await keel().mainnet.submitEthUsd(3_000);
        await postSurface(keel());
        await expectClosed();
        await keel().mainnet.submitUsdcUsd(1);
        expect(await open()).to.deep.equal({ entry: true, exit: true });
      });

      for (const usd of [0.979, 1.021]) {
        it(`when USDC is at ${String(usd)}`, async () => {
          await keel().mainnet.submitUsdcUsd(usd);
          await keel().mainnet.submitEthUsd(3_000 * usd);
          await expectClosed();
        });
      }

      it("when the pool's average disagrees", async () => {
        await keel().mainnet.submitEthUsd(3_029);
        expect(await open()).to.deep.equal({ entry: true, exit: true });
        await keel().mainnet.submitEthUsd(3_032);
        await expectClosed();
        await keel().mainnet.submitEthUsd(2_971);
        expect(await open()).to.deep.equal({ entry: true, exit: true });
        await keel().mainnet.submitEthUsd(2_969);
        await expectClosed();
      });

      it("until the pool's average has followed a true move", async () => {
        await movePrice(keel(), 3_300);
        await expectClosed();
        await passTime(keel(), 1_800);
        expect(await open()).to.deep.equal({ entry: true, exit: true });
      });

      it("when the surface is old", async () => {
        await passTime(keel(), 3 * 3_600 + 1);
        await expectClosed();
        await postSurface(keel());
        expect(await open()).to.deep.equal({ entry: true, exit: true });
      });

      it("when the feed gives no price", async () => {
        const aggregator = await breakFeed(keel(), 0n);
        await expectClosed();
        await aggregator.setReverts!(true);
        await expectClosed();
      });

      it("from a series' expiry until the vault has settled it", async () => {
        const { vault } = keel();
        const [leg] = (await vault.legs!()) as bigint[];
        const id = seriesOf(leg!);
        await settleBook(keel(), expiryOf(id), 3_000);
        await postSurface(keel());
        await expectClosed();
        await vault.settle!(id);
        expect(await open()).to.deep.equal({ entry: true, exit: true });
      });
    });

    it("does not sell the difference between the mark and the settlement price", async () => {
      const { vault, stranger, usdc, mainnet } = keel();
      const [leg] = (await vault.legs!()) as bigint[];
      const id = seriesOf(leg!);
      await settleBook(keel(), expiryOf(id), 3_000);
      await postSurface(keel());
      // The option expired worthless, but at the mark of now the vault still owes 20 on each.
      await mainnet.submitEthUsd(3_020);
      await mainnet.mintUsdc(stranger.address as `0x${string}`, 1_000_000n * USDC);
      await (usdc.connect(stranger) as Contract).approve!(vault, MAX);
      const as = vaultAs(keel(), stranger);
      await expect(as.deposit!(1_000_000n * USDC, stranger.address)).to.be.revertedWithCustomError(
        vault,
        "ERC4626ExceededMaxDeposit",
      );
      await as.settle!(id);
      await as.deposit!(1_000_000n * USDC, stranger.address);
      const shares = (await vault.balanceOf!(stranger.address)) as bigint;
      await as.redeem!(shares, stranger.address, stranger.address);
      expect(await usdc.balanceOf!(stranger.address)).to.be.lessThanOrEqual(1_000_000n * USDC);
    });
  });
});

/** Sends USDC, WETH and aUSDC to the vault and to each venue. */
async function donate(keel: Keel, from: HardhatEthersSigner, usd: bigint): Promise<void> {
  const { mainnet, contracts } = keel;
  const weth = contractAt(MAINNET.weth, ABIS.erc20, from);
  for (const to of [contracts.Vault, contracts.SpotUniswapV3, contracts.ShortAaveV3]) {
    await mainnet.mintUsdc(to, usd * USDC);
    await mainnet.mintWeth(from.address as `0x${string}`, WAD);
    await weth.transfer!(to, WAD);
    await supplyToAave(keel, MAINNET.usdc, usd * USDC, to);
  }
}
