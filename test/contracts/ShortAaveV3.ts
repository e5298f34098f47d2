import { expect } from "chai";
import type { Contract, Signer } from "ethers";

import { ABIS } from "../../scripts/localMainnet/abis.ts";
import { MAINNET } from "../../scripts/localMainnet/addresses.ts";
import { DAY, USDC, WAD } from "./utils/keel.ts";
import {
  contractAt,
  drainPool,
  impersonate,
  implementationOf,
  movePool,
  movePrice,
  supplyToAave,
} from "./utils/market.ts";
import { useKeel, type Keel } from "./utils/useKeel.ts";
import { breakFeed } from "./utils/vault.ts";

const PRICE = 3_000n * WAD;
const NO_LIMIT = 2n ** 120n;
const CASH = 1_000_000n * USDC;
/** USDC that holds 1 ETH of debt at 3,000 at the target, 1.6 / 0.78 of its value. */
const TARGET_PER_ETH = 6_153_846_153n;

let vault: Signer;
let short: Contract;

async function setUp(keel: Keel) {
  vault = await impersonate(keel, keel.contracts.Vault);
  short = keel.short.connect(vault) as Contract;
  await keel.mainnet.mintUsdc(keel.contracts.Vault, CASH);
}

/** Adjusts with no limit but the pool's, and returns what was filled. */
async function adjust(dDelta: bigint, cash = CASH, limit = dDelta > 0n ? NO_LIMIT : 0n): Promise<bigint> {
  const filled = (await short.adjust!.staticCall(dDelta, limit, cash)) as bigint;
  await short.adjust!(dDelta, limit, cash);
  return filled;
}

/** 18 decimals, cut to 8: what Aave's rounding leaves. */
const health = async () => ((await short.healthFactor!()) as bigint) / 10n ** 10n;
const debt = async () => (await short.debt!()) as bigint;
const collateral = async () => (await short.collateral!()) as bigint;

describe("ShortAaveV3", () => {
  const keel = useKeel(setUp);
  const vaultCash = async () => (await keel().usdc.balanceOf!(keel().contracts.Vault)) as bigint;
  const takeCash = async () => {
    const { usdc, stranger } = keel();
    await (usdc.connect(vault) as Contract).transfer!(stranger.address, await vaultCash());
  };
  /** USDC and WETH the venue holds itself: always nothing. */
  const leftovers = async () => [
    await keel().usdc.balanceOf!(keel().contracts.ShortAaveV3),
    await contractAt(MAINNET.weth, ABIS.erc20, vault).balanceOf!(keel().contracts.ShortAaveV3),
  ];

  afterEach("equity is collateral less debt, and nothing lies about", async () => {
    const owed = await debt();
    const equity = (await short.equity!(PRICE)) as bigint;
    const debtValue = (owed * PRICE + 10n ** 30n - 1n) / 10n ** 30n;
    expect(equity).to.equal((await collateral()) - debtValue);
    expect(await short.delta!()).to.equal(-owed);
    expect(await leftovers()).to.deep.equal([0n, 0n]);
  });

  describe("opening", () => {
    it("sells what it borrows, at the target health factor", async () => {
      expect(await adjust(-10n * WAD)).to.equal(-10n * WAD);
      expect(await debt()).to.be.within(10n * WAD, 10n * WAD + 10n ** 9n);
      expect(await collateral()).to.be.closeTo(10n * TARGET_PER_ETH, 10n);
      expect(await health()).to.be.closeTo(160_000_000n, 10n);
      // Ten ETH less the pool's fee of 0.05 % pay for all but the margin.
      expect(CASH - (await vaultCash())).to.be.closeTo(61_538_461_538n - 29_985_000_000n, 5_000_000n);
    });

    it("adds to a position, back at the target", async () => {
      await adjust(-10n * WAD);
      await adjust(-5n * WAD);
      expect(await debt()).to.be.closeTo(15n * WAD, 10n ** 12n);
      expect(await health()).to.be.closeTo(160_000_000n, 10n);
    });

    it("returns to the vault what an addition does not need", async () => {
      await adjust(-10n * WAD);
      await movePrice(keel(), 2_000);
      const before = await vaultCash();
      await adjust(-WAD);
      expect(await health()).to.be.greaterThan(160_000_000n);
      expect(await vaultCash()).to.be.greaterThan(before);
    });

    it("fills what the pool gives within the limit", async () => {
      const limit = (PRICE * 999n) / 1000n;
      await keel().mainnet.mintUsdc(keel().contracts.Vault, 100n * CASH);
      const sold = await adjust(-20_000n * WAD, 100n * CASH, limit);
      expect(sold)
        .to.be.lessThan(-10n * WAD)
        .and.greaterThan(-1_000n * WAD);
      // The marginal proceeds after the fee are the limit.
      expect(Math.round((await keel().mainnet.poolPrice()) * (1 - 0.0005))).to.equal(2_997);
    });

    it("fills what the cash holds above the minimum health factor", async () => {
      const before = await vaultCash();
      const filled = await adjust(-10n * WAD, 5_000n * USDC, (PRICE * 99n) / 100n);
      expect(filled)
        .to.be.lessThan(-WAD)
        .and.greaterThan(-10n * WAD);
      expect(before - (await vaultCash())).to.equal(5_000n * USDC);
      expect(await health()).to.be.within(130_000_000n, 135_000_000n);
    });

    it("adds to a position as far as the cash holds", async () => {
      await adjust(-10n * WAD);
      const filled = await adjust(-50n * WAD, 1_000n * USDC, (PRICE * 99n) / 100n);
      expect(filled)
        .to.be.lessThan(-WAD)
        .and.greaterThan(-50n * WAD);
      expect(await health()).to.be.within(130_000_000n, 135_000_000n);
    });

    it("opens nothing without cash, and does not revert", async () => {
      expect(await adjust(-WAD, 0n)).to.equal(0n);
      expect(await debt()).to.equal(0n);
    });

    it("opens nothing below the minimum health factor", async () => {
      await adjust(-10n * WAD, 20_000n * USDC);
      await movePrice(keel(), 3_700);
      expect(await health()).to.be.lessThan(130_000_000n);
      expect(await adjust(-WAD, 0n)).to.equal(0n);
    });

    it("opens nothing in a pool that is past the limit or empty, and does not revert", async () => {
      await movePool(keel(), 2_900);
      expect(await adjust(-WAD, CASH, (PRICE * 99n) / 100n)).to.equal(0n);
      await drainPool(keel());
      expect(await adjust(-WAD)).to.equal(0n);
    });

    it("takes a limit beyond every price for what it is", async () => {
      expect(await adjust(-WAD, CASH, 2n ** 200n)).to.equal(0n);
    });

    it("sells a single wei", async () => {
      expect(await adjust(-1n)).to.equal(-1n);
    });

    for (const given of [undefined, 2n * WAD]) {
      const has = given === undefined ? "has" : "has on its ledger";
      it(`borrows no more than the lender ${has}`, async () => {
        const { stranger } = keel();
        const pool = await supplyToAave(keel(), MAINNET.usdc, 500_000_000n * USDC);
        const available = (await contractAt(MAINNET.weth, ABIS.erc20, stranger).balanceOf!(
          MAINNET.aWeth,
        )) as bigint;
        await pool.borrow!(MAINNET.weth, available - 3n * WAD - (given ?? 0n), 2, 0, stranger.address);
        if (given !== undefined) await keepLedger(keel(), MAINNET.weth, MAINNET.aWeth, given);
        await expect(short.adjust!(-10n * WAD, 0n, CASH))
          .to.emit(short, "Adjusted")
          .withArgs(-10n * WAD, -3n * WAD, 0n);
        expect(await adjust(-10n * WAD)).to.equal(0n);
      });
    }
  });

  describe("unwinding", () => {
    beforeEach(async () => {
      await adjust(-10n * WAD);
    });

    it("buys back part and stays at the target", async () => {
      const before = await vaultCash();
      expect(await adjust(4n * WAD)).to.equal(4n * WAD);
      expect(await debt()).to.be.closeTo(6n * WAD, 10n ** 12n);
      expect(await health()).to.be.closeTo(160_000_000n, 10n);
      expect(await vaultCash()).to.be.greaterThan(before);
    });

    it("buys back all, at most what it owes, and returns everything", async () => {
      const filled = await adjust(1_000n * WAD);
      expect(filled).to.be.closeTo(10n * WAD, 10n ** 12n);
      expect(await debt()).to.equal(0n);
      expect(await collateral()).to.be.lessThan(2n);
      // Both ways cost the fee and the impact, no more.
      expect(CASH - (await vaultCash())).to.be.within(20n * USDC, 40n * USDC);
      expect(await short.liquidationDistance!()).to.equal(2n ** 256n - 1n);
    });

    it("needs no cash of the vault", async () => {
      await takeCash();
      expect(await adjust(4n * WAD, 0n)).to.equal(4n * WAD);
      expect(await adjust(100n * WAD, 0n)).to.be.closeTo(6n * WAD, 10n ** 12n);
      expect(await debt()).to.equal(0n);
    });

    it("needs no cash just above liquidation either", async () => {
      await takeCash();
      await movePrice(keel(), 4_790);
      expect(await health()).to.be.within(100_000_000n, 100_300_000n);
      expect(await adjust(WAD, 0n)).to.equal(WAD);
      expect(await health()).to.be.greaterThan(100_300_000n);
      expect(await adjust(100n * WAD, 0n)).to.be.closeTo(9n * WAD, 10n ** 12n);
      expect(await debt()).to.equal(0n);
    });

    it("goes on below the liquidation threshold, on the vault's cash", async () => {
      await movePrice(keel(), 4_850);
      expect(await health()).to.be.lessThan(100_000_000n);
      expect(await adjust(WAD / 100n)).to.equal(WAD / 100n);
      expect(await adjust(5n * WAD)).to.equal(5n * WAD);
    });

    it("fills what the pool gives within the limit", async () => {
      await drainPool(keel(), 999_999n, 1_000_000n);
      const filled = await adjust(10n * WAD, CASH, (PRICE * 1002n) / 1000n);
      expect(filled)
        .to.be.greaterThan(0n)
        .and.lessThan(5n * WAD);
      expect(Math.round((await keel().mainnet.poolPrice()) / (1 - 0.0005))).to.equal(3_006);
    });

    it("fills nothing in a pool that is past the limit or empty, and does not revert", async () => {
      await movePool(keel(), 3_100);
      expect(await adjust(WAD, CASH, (PRICE * 101n) / 100n)).to.equal(0n);
      await drainPool(keel());
      expect(await adjust(WAD)).to.equal(0n);
      expect(await adjust(WAD, CASH, 0n)).to.equal(0n);
    });

    it("buys a single wei, and the last one", async () => {
      expect(await adjust(1n)).to.equal(1n);
      await adjust(10n * WAD - 10n ** 10n);
      await adjust(WAD);
      expect(await debt()).to.equal(0n);
    });

    for (const given of [undefined, 5_000n * USDC])
      describe(`while the lender has no USDC to give back${given === undefined ? "" : ", but what it was given"}`, () => {
        const limit = (PRICE * 101n) / 100n;

        beforeEach(async () => {
          const pool = await supplyToAave(keel(), MAINNET.weth, 300_000n * WAD);
          const available = (await keel().usdc.balanceOf!(MAINNET.aUsdc)) as bigint;
          await pool.borrow!(MAINNET.usdc, available - (given ?? 0n), 2, 0, keel().stranger.address);
          if (given !== undefined) await keepLedger(keel(), MAINNET.usdc, MAINNET.aUsdc, given);
        });

        it("pays from the vault", async () => {
          const held = await collateral();
          expect(await adjust(4n * WAD, CASH, limit)).to.equal(4n * WAD);
          expect(await adjust(100n * WAD, CASH, limit)).to.be.closeTo(6n * WAD, 10n ** 12n);
          expect(await debt()).to.equal(0n);
          expect(await collateral()).to.be.closeTo(held, held / 1000n);
        });

        it("fills what the vault's cash pays for", async () => {
          expect(await adjust(4n * WAD, 6_060n * USDC, limit)).to.equal(2n * WAD);
          expect(await adjust(4n * WAD, 0n, limit)).to.equal(0n);
          expect(await adjust(4n * WAD, CASH, 0n)).to.equal(0n);
        });
      });
  });

  describe("margin", () => {
    beforeEach(async () => {
      await adjust(-10n * WAD);
    });

    it("is supplied up to the target after a rise", async () => {
      await movePrice(keel(), 3_600);
      expect(await health()).to.be.closeTo(133_333_333n, 100n);
      expect(await short.liquidationDistance!()).to.be.closeTo(WAD / 3n, WAD / 10n ** 6n);
      expect(await adjust(0n)).to.equal(0n);
      expect(await health()).to.be.closeTo(160_000_000n, 10n);
      expect(await debt()).to.be.closeTo(10n * WAD, 10n ** 12n);
    });

    it("is supplied as far as the cash goes", async () => {
      await movePrice(keel(), 3_750);
      await adjust(0n, 1_000n * USDC);
      expect(await health()).to.be.within(128_100_000n, 135_000_000n);
      expect(CASH - (await vaultCash())).to.be.greaterThan(1_000n * USDC);
      const before = await health();
      await adjust(0n, 0n);
      expect(await health()).to.be.closeTo(before, 100n);
    });

    it("comes back to the vault after a fall", async () => {
      await movePrice(keel(), 2_400);
      const before = await vaultCash();
      await adjust(0n);
      expect(await health()).to.be.closeTo(160_000_000n, 10n);
      expect((await vaultCash()) - before).to.be.closeTo(61_538_461_538n / 5n, 10_000n);
    });

    it("outlives a rise of a quarter without a keeper", async () => {
      await movePrice(keel(), 3_750);
      expect(await health()).to.be.closeTo(128_000_000n, 100n);
      await expect(liquidate(keel(), WAD)).to.revert(keel().ethers);
    });

    it("is not what the vault has once a liquidator has taken it", async () => {
      await movePrice(keel(), 4_900);
      expect(await health()).to.be.lessThan(100_000_000n);
      const before = await collateral();
      await liquidate(keel(), 4n * WAD);
      // Four ETH at 4,900 and the bonus of 4.5 %.
      expect(before - (await collateral())).to.be.closeTo(20_482n * USDC, USDC);
      await takeCash();
      expect(await adjust(100n * WAD, 0n)).to.be.closeTo(6n * WAD, 10n ** 12n);
      expect(await collateral()).to.be.lessThan(2n);
    });
  });

  it("accrues interest on both sides", async () => {
    await adjust(-10n * WAD);
    const [owed, held, equity] = [await debt(), await collateral(), (await short.equity!(PRICE)) as bigint];
    await keel().networkHelpers.time.increase(365 * DAY);
    expect(await debt()).to.be.greaterThan(owed);
    expect(await collateral()).to.be.greaterThanOrEqual(held);
    expect(await short.equity!(PRICE)).to.be.lessThan(equity);
  });

  it("can be read while the lender has no price", async () => {
    await adjust(-10n * WAD);
    await breakFeed(keel(), 0n);
    expect(await short.liquidationDistance!()).to.equal(0n);
    expect(await short.equity!(0n)).to.equal(await collateral());
  });

  it("counts nothing that others send in", async () => {
    const { contracts, stranger } = keel();
    await adjust(-10n * WAD);
    const held = await collateral();
    await supplyToAave(keel(), MAINNET.usdc, 1_000n * USDC, contracts.ShortAaveV3);
    expect(await collateral()).to.be.within(held, held + 10n);
    // And unwinding takes out no more than its own.
    await adjust(100n * WAD);
    expect(await collateral()).to.be.lessThan(2n);
    const left = (await contractAt(MAINNET.aUsdc, ABIS.erc20, stranger).balanceOf!(
      contracts.ShortAaveV3,
    )) as bigint;
    expect(left).to.be.closeTo(1_000n * USDC, 10n);
  });

  for (const [moves, price] of [
    ["topped up", 4_900],
    ["taken down", 2_400],
  ] as const) {
    it(`nor what they send after a liquidation, once margin is ${moves}`, async () => {
      await adjust(-10n * WAD);
      await movePrice(keel(), 4_900);
      await liquidate(keel(), 4n * WAD);
      await movePrice(keel(), price);
      await adjust(0n);
      expect(await health()).to.be.closeTo(160_000_000n, 10n);
      const held = await collateral();
      await supplyToAave(keel(), MAINNET.usdc, 1_000n * USDC, keel().contracts.ShortAaveV3);
      expect(await collateral()).to.be.within(held, held + 10n);
    });
  }

  it("obeys the vault alone, and is called back by the pool alone", async () => {
    const { stranger } = keel();
    const venue = keel().short.connect(stranger) as Contract;
    await expect(venue.adjust!(-WAD, 0n, 0n)).to.be.revertedWithCustomError(short, "OnlyVault");
    await expect(venue.uniswapV3SwapCallback!(1n, -1n, "0x")).to.be.revertedWithCustomError(
      short,
      "OnlyPool",
    );
  });
});

/** From here on Aave gives of `asset` what its ledger says, which is less by `given` than what the reserve's token holds. */
async function keepLedger(keel: Keel, asset: string, aToken: string, given: bigint): Promise<void> {
  const { ethers, networkHelpers } = keel;
  const implementation = await implementationOf(keel, MAINNET.aavePool);
  const pool = await ethers.deployContract("MockLedgerPool", [implementation, asset, aToken, given]);
  await networkHelpers.setCode(MAINNET.aavePool, await ethers.provider.getCode(pool));
}

/** Repays `wethDebt` of the short as a liquidator, for its collateral. */
async function liquidate(keel: Keel, wethDebt: bigint): Promise<unknown> {
  const { mainnet, contracts, stranger } = keel;
  await mainnet.mintWeth(stranger.address as `0x${string}`, wethDebt);
  await contractAt(MAINNET.weth, ABIS.erc20, stranger).approve!(MAINNET.aavePool, wethDebt);
  const pool = contractAt(
    MAINNET.aavePool,
    ["function liquidationCall(address, address, address, uint256, bool)"],
    stranger,
  );
  return pool.liquidationCall!(MAINNET.usdc, MAINNET.weth, contracts.ShortAaveV3, wethDebt, false);
}
