import { expect } from "chai";
import type { Contract } from "ethers";

import { MAINNET } from "../../scripts/localMainnet/addresses.ts";
import { WAD } from "./utils/keel.ts";
import { contractAt, movePool, passTime } from "./utils/market.ts";
import { useKeel } from "./utils/useKeel.ts";
import { breakFeed } from "./utils/vault.ts";

const USD = 10n ** 8n;
const GRACE = 600;

interface Reading {
  readonly price: bigint;
  readonly updatedAt: bigint;
  readonly fresh: boolean;
  readonly open: boolean;
}

describe("PriceOracle", () => {
  const keel = useKeel();
  const read = async (oracle: Contract = keel().priceOracle): Promise<Reading> => {
    const reading = (await oracle.read!()) as { toObject(): Reading };
    return reading.toObject();
  };
  const deploy = async (overrides: Partial<{ ethUsd: unknown; pool: unknown; usdc: string }>) =>
    keel().ethers.deployContract("PriceOracle", [
      overrides.ethUsd ?? MAINNET.ethUsdFeed,
      3_600,
      MAINNET.usdcUsdFeed,
      86_400,
      overrides.pool ?? MAINNET.usdcWethPool,
      overrides.usdc ?? MAINNET.usdc,
    ]);
  const nothing = { price: 0n, fresh: false, open: false };

  it("is ETH/USD over USDC/USD, as of the ETH round", async () => {
    expect(await read()).to.include({ price: 3_000n * WAD, fresh: true, open: true });
    await keel().mainnet.submitEthUsd(3_012.34567891);
    const updatedAt = BigInt(await keel().networkHelpers.time.latest());
    await keel().mainnet.submitUsdcUsd(0.9987);
    expect(await read()).to.deep.equal({
      price: (301_234_567_891n * WAD) / 99_870_000n,
      ethUsd: 301_234_567_891n * 10n ** 10n,
      updatedAt,
      fresh: true,
      open: true,
    });
  });

  describe("is fresh within the heartbeat and ten minutes", () => {
    const at = async (timestamp: number) => {
      await keel().networkHelpers.time.increaseTo(timestamp);
      return (await read()).fresh;
    };

    it("of ETH/USD", async () => {
      await keel().mainnet.submitEthUsd(3_000);
      const updatedAt = await keel().networkHelpers.time.latest();
      expect(await at(updatedAt + 3_600 + GRACE)).to.equal(true);
      expect(await at(updatedAt + 3_600 + GRACE + 1)).to.equal(false);
      expect(await read()).to.include({ price: 3_000n * WAD, open: false });
    });

    it("of USDC/USD", async () => {
      await keel().mainnet.submitUsdcUsd(1);
      const updatedAt = await keel().networkHelpers.time.latest();
      await keel().networkHelpers.time.increaseTo(updatedAt + 86_000);
      await keel().mainnet.submitEthUsd(3_000);
      expect(await at(updatedAt + 86_400 + GRACE)).to.equal(true);
      expect(await at(updatedAt + 86_400 + GRACE + 1)).to.equal(false);
    });

    it("and not in the future", async () => {
      await breakFeed(keel(), 3_000n * USD, (await keel().networkHelpers.time.latest()) + 3_600);
      expect(await read()).to.include({ price: 3_000n * WAD, fresh: false, open: false });
    });
  });

  describe("gives no price, and does not revert, when an answer is", () => {
    for (const [name, answer] of [
      ["zero", 0n],
      ["negative", -1n],
      ["beyond 96 bits", 2n ** 96n],
      ["the largest", 2n ** 255n - 1n],
      ["the smallest", -(2n ** 255n)],
    ] as const) {
      for (const feed of [MAINNET.ethUsdFeed, MAINNET.usdcUsdFeed]) {
        it(`${name}, in ${feed === MAINNET.ethUsdFeed ? "ETH" : "USDC"}/USD`, async () => {
          await breakFeed(keel(), answer, undefined, feed);
          expect(await read()).to.include(nothing);
        });
      }
    }

    it("missing", async () => {
      const aggregator = await breakFeed(keel(), 3_000n * USD);
      await aggregator.setReverts!(true);
      expect(await read()).to.include(nothing);
    });

    it("so small that nothing of it is left", async () => {
      await breakFeed(keel(), 1n);
      await breakFeed(keel(), 2n ** 96n - 1n, undefined, MAINNET.usdcUsdFeed);
      expect(await read()).to.include(nothing);
    });
  });

  it("is open within two cents of the peg", async () => {
    const { mainnet } = keel();
    for (const [usd, open] of [
      [0.98, true],
      [0.97999999, false],
      [1.02, true],
      [1.02000001, false],
    ] as const) {
      await mainnet.submitUsdcUsd(usd);
      await mainnet.submitEthUsd(3_000 * usd);
      expect(await read(), String(usd)).to.include({ fresh: true, open });
    }
  });

  it("is open within three per cent of the pool's mean of half an hour", async () => {
    const { mainnet } = keel();
    for (const [usd, open] of [
      [3_092, true],
      [3_094, false],
      [2_913, true],
      [2_912, false],
    ] as const) {
      await mainnet.submitEthUsd(usd);
      expect(await read(), String(usd)).to.include({ fresh: true, open });
    }
  });

  it("does not follow the pool within a block, nor within minutes", async () => {
    await movePool(keel(), 4_000);
    expect(await read()).to.include({ price: 3_000n * WAD, open: true });
    // A mean of ticks: after three minutes of 1,800 seconds it is a tenth of the way, in logarithms.
    await passTime(keel(), 180);
    expect(await read()).to.include({ price: 3_000n * WAD, open: true });
    await passTime(keel(), 60);
    expect(await read()).to.include({ open: false });
  });

  it("is not open over a pool without a past", async () => {
    const { ethers } = keel();
    const [signer] = await ethers.getSigners();
    const factory = contractAt(
      MAINNET.uniswapV3Factory,
      [
        "function createPool(address, address, uint24) returns (address)",
        "function getPool(address, address, uint24) view returns (address)",
      ],
      signer,
    );
    await factory.createPool!(MAINNET.usdc, MAINNET.weth, 3_000);
    const pool: unknown = await factory.getPool!(MAINNET.usdc, MAINNET.weth, 3_000);
    const oracle = await deploy({ pool });
    expect(await read(oracle)).to.include({ price: 3_000n * WAD, fresh: true, open: false });
  });

  it("stands on feeds of eight decimals and a pool of USDC", async () => {
    const { ethers, priceOracle } = keel();
    const feed = await ethers.deployContract("MockGappyFeed");
    await feed.setDecimals!(18);
    await expect(deploy({ ethUsd: feed })).to.be.revertedWithCustomError(priceOracle, "UnexpectedDecimals");
    await expect(deploy({ usdc: MAINNET.link })).to.be.revertedWithCustomError(priceOracle, "UnexpectedPool");
  });
});
