import { expect } from "chai";
import { Contract, getCreateAddress, type Signer } from "ethers";

import { ABIS } from "../../scripts/localMainnet/abis.ts";
import { LOCAL_ACTORS, MAINNET } from "../../scripts/localMainnet/addresses.ts";
import { USDC, WAD } from "./utils/keel.ts";
import { contractAt, drainPool, impersonate, movePool } from "./utils/market.ts";
import { deployUsdc } from "./utils/usdc.ts";
import { useKeel, type Keel } from "./utils/useKeel.ts";

const PRICE = 3_000n * WAD;
/** Above every price here; the cash given must be enough at the limit. */
const NO_LIMIT = 5_000n * WAD;
const CASH = 1_000_000n * USDC;
const FEE = 500n;

let vault: Signer;
let spot: Contract;
let usdc: Contract;
let vaultAddress: string;

/** Adjusts with no limit but the pool's, and returns what was filled. */
async function adjust(dDelta: bigint, cash = CASH, limit = dDelta > 0n ? NO_LIMIT : 0n): Promise<bigint> {
  const filled = (await spot.adjust!.staticCall(dDelta, limit, cash)) as bigint;
  await spot.adjust!(dDelta, limit, cash);
  return filled;
}

const held = async () => (await spot.delta!()) as bigint;
const vaultCash = async () => (await usdc.balanceOf!(vaultAddress)) as bigint;

/** What both token orders have in common. */
function behaves(): void {
  it("buys what it is asked for, at the pool's price and fee", async () => {
    expect(await adjust(10n * WAD)).to.equal(10n * WAD);
    expect(await held()).to.equal(10n * WAD);
    expect(await spot.equity!(PRICE)).to.equal(30_000n * USDC);
    // 0.05 % of 30,000, and the impact of ten ETH.
    expect(CASH - (await vaultCash())).to.be.within(30_015n * USDC, 30_020n * USDC);
  });

  it("sells what it is asked for, at the pool's price and fee", async () => {
    await adjust(10n * WAD);
    const before = await vaultCash();
    expect(await adjust(-4n * WAD)).to.equal(-4n * WAD);
    expect(await held()).to.equal(6n * WAD);
    expect((await vaultCash()) - before).to.be.within(11_992n * USDC, 11_996n * USDC);
  });

  it("is never short", async () => {
    expect(await adjust(-WAD)).to.equal(0n);
    await adjust(3n * WAD);
    await expect(spot.adjust!(-10n * WAD, 0n, CASH))
      .to.emit(spot, "Adjusted")
      .withArgs(-10n * WAD, -3n * WAD, 0n);
    expect(await held()).to.equal(0n);
    expect(await spot.equity!(PRICE)).to.equal(0n);
  });

  it("spends no more than the cash it is given, at its limit", async () => {
    const limit = (PRICE * 101n) / 100n;
    const before = await vaultCash();
    expect(await adjust(10n * WAD, 3_030n * USDC, limit)).to.equal(WAD);
    expect(before - (await vaultCash())).to.be.lessThan(3_030n * USDC);
    expect(await adjust(10n * WAD, 0n, limit)).to.equal(0n);
  });

  it("buys a single wei and sells it", async () => {
    expect(await adjust(1n)).to.equal(1n);
    expect(await adjust(-1n)).to.equal(-1n);
  });

  it("fills nothing where the limit is past the pool's price after the fee", async () => {
    expect(await adjust(WAD, CASH, (PRICE * 10_004n) / 10_000n)).to.equal(0n);
    expect(await adjust(WAD, CASH, (PRICE * 10_006n) / 10_000n)).to.equal(WAD);
    expect(await adjust(-WAD, CASH, (PRICE * 9_996n) / 10_000n)).to.equal(0n);
    expect(await adjust(-WAD, CASH, (PRICE * 9_994n) / 10_000n)).to.equal(-WAD);
    expect(await adjust(WAD, CASH, 1n)).to.equal(0n);
    await adjust(WAD);
    // A limit that no pool can meet, not one that wraps round.
    for (const limit of [2n ** 100n, 2n ** 128n, 2n ** 200n]) {
      expect(await adjust(-WAD, CASH, limit)).to.equal(0n);
    }
  });
}

describe("SpotUniswapV3", () => {
  describe("in the canonical pool", () => {
    const keel = useKeel(async (k) => {
      vault = await impersonate(k, k.contracts.Vault);
      vaultAddress = k.contracts.Vault;
      spot = k.spot.connect(vault) as Contract;
      usdc = k.usdc.connect(vault) as Contract;
      await k.mainnet.mintUsdc(k.contracts.Vault, CASH);
    });
    const poolPrice = async () => BigInt(Math.round((await keel().mainnet.poolPrice()) * 1e6)) * 10n ** 12n;

    afterEach("its WETH is its ledger, and it holds no USDC", async () => {
      const weth = contractAt(MAINNET.weth, ABIS.erc20, vault);
      expect(await weth.balanceOf!(spot.target)).to.equal(await held());
      expect(await usdc.balanceOf!(spot.target)).to.equal(0n);
    });

    behaves();

    it("fills up to the limit, fee included, where liquidity is short", async () => {
      await drainPool(keel(), 999n, 1_000n);
      const limit = (PRICE * 101n) / 100n;
      const before = await vaultCash();
      const bought = await adjust(100n * WAD, CASH, limit);
      expect(bought).to.be.within(WAD, 99n * WAD);
      expect(await poolPrice()).to.be.closeTo((limit * (10n ** 6n - FEE)) / 10n ** 6n, PRICE / 10n ** 8n);
      expect(before - (await vaultCash())).to.be.lessThan((bought * 3_030n * USDC) / WAD);

      const floor = (PRICE * 99n) / 100n;
      const sold = await adjust(-bought, CASH, floor);
      expect(sold).to.equal(-bought);
    });

    it("fills nothing in a pool that is empty, and does not revert", async () => {
      await adjust(WAD);
      await drainPool(keel());
      expect(await adjust(WAD)).to.equal(0n);
      // The price is at its end now.
      expect(await adjust(-WAD)).to.be.within(-WAD, 0n);
    });

    it("pays what the pool asks, not what it asked a moment ago", async () => {
      await movePool(keel(), 3_300);
      const before = await vaultCash();
      await adjust(WAD);
      expect(before - (await vaultCash())).to.be.within(3_300n * USDC, 3_305n * USDC);
    });

    it("cannot be liquidated", async () => {
      await adjust(WAD);
      expect(await spot.liquidationDistance!()).to.equal(2n ** 256n - 1n);
      expect(await spot.marginTrigger!()).to.equal(0n);
    });

    it("obeys the vault alone, and is called back by the pool alone", async () => {
      const venue = keel().spot.connect(keel().stranger) as Contract;
      await expect(venue.adjust!(WAD, NO_LIMIT, CASH)).to.be.revertedWithCustomError(spot, "OnlyVault");
      await expect(venue.uniswapV3SwapCallback!(1n, -1n, "0x")).to.be.revertedWithCustomError(
        spot,
        "OnlyPool",
      );
      // Nor by a pool of somebody's own making.
      await expect(
        (spot.connect(vault) as Contract).uniswapV3SwapCallback!(1n, -1n, "0x"),
      ).to.be.revertedWithCustomError(spot, "OnlyPool");
    });

    it("needs a pool of its two tokens", async () => {
      const { ethers, contracts } = keel();
      const deploy = (first: string, second: string) =>
        ethers.deployContract("SpotUniswapV3", [contracts.Vault, MAINNET.usdcWethPool, first, second]);
      await expect(deploy(MAINNET.usdc, MAINNET.link)).to.be.revertedWithCustomError(spot, "UnexpectedPool");
      await expect(deploy(MAINNET.link, MAINNET.weth)).to.be.revertedWithCustomError(spot, "UnexpectedPool");
    });
  });

  describe("in a pool whose tokens are the other way round", () => {
    const keel = useKeel(deployMirrored);

    behaves();

    it("is such a pool", async () => {
      expect(BigInt(await usdc.getAddress())).to.be.greaterThan(BigInt(MAINNET.weth));
      expect(await keel().ethers.provider.getCode(spot.target)).to.not.equal("0x");
      expect(await spot.usdcIsToken0!()).to.equal(false);
    });
  });
});

/** A USDC with an address above WETH's, a deep pool of the two at 3,000 and a venue whose vault is an account. */
async function deployMirrored(keel: Keel): Promise<void> {
  const { ethers, mainnet, alice, bob, networkHelpers } = keel;
  // The proxy is the first thing its admin deploys: skip to a nonce that gives it such an address.
  let nonce = await ethers.provider.getTransactionCount(bob.address);
  while (BigInt(getCreateAddress({ from: bob.address, nonce })) < BigInt(MAINNET.weth)) nonce++;
  await networkHelpers.setNonce(bob.address, nonce);
  usdc = await deployUsdc(alice, bob);
  const [usdcAddress, provider] = [await usdc.getAddress(), LOCAL_ACTORS.liquidityProvider];

  const signer = await impersonate(keel, provider);
  await usdc.mint!(provider, 10n ** 15n);
  await mainnet.mintWeth(provider, 10n ** 24n);
  await (usdc.connect(signer) as Contract).approve!(MAINNET.positionManager, 2n ** 255n);
  await contractAt(MAINNET.weth, ABIS.erc20, signer).approve!(MAINNET.positionManager, 2n ** 255n);
  const manager = contractAt(MAINNET.positionManager, ABIS.positionManager, signer);
  // USDC units a WETH wei: 3,000e6 / 1e18.
  const sqrtPrice = BigInt(Math.round(Math.sqrt(3e-9) * 2 ** 96));
  await manager.createAndInitializePoolIfNecessary!(MAINNET.weth, usdcAddress, FEE, sqrtPrice);
  const tick = Math.floor(Math.log(3e-9) / Math.log(1.0001) / 10) * 10;
  await manager.mint!({
    token0: MAINNET.weth,
    token1: usdcAddress,
    fee: FEE,
    tickLower: tick - 20_000,
    tickUpper: tick + 20_000,
    amount0Desired: 100_000n * WAD,
    amount1Desired: 300_000_000n * USDC,
    amount0Min: 0n,
    amount1Min: 0n,
    recipient: provider,
    deadline: 2n ** 40n,
  });

  const factory = contractAt(MAINNET.uniswapV3Factory, ABIS.uniswapFactory, alice);
  const pool: unknown = await factory.getPool!(MAINNET.weth, usdcAddress, FEE);
  vault = alice;
  vaultAddress = alice.address;
  const venue = await ethers.deployContract("SpotUniswapV3", [vaultAddress, pool, usdcAddress, MAINNET.weth]);
  spot = venue.connect(alice) as Contract;
  await usdc.mint!(vaultAddress, CASH);
  await usdc.approve!(spot.target, 2n ** 255n);
}
