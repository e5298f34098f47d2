import { expect } from "chai";
import type { Contract } from "ethers";
import type { Address } from "viem";

import { Random } from "../../keeper/math/random.ts";
import { MAINNET } from "../../scripts/localMainnet/addresses.ts";
import { sqrtPriceX96FromPrice } from "../../scripts/localMainnet/poolPrice.ts";
import { WAD } from "./utils/keel.ts";
import { contractAt, movePool, movePrice, passTime } from "./utils/market.ts";
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
      agreed: true,
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

  it("is open within one per cent of the pool's mean of a minute", async () => {
    const { mainnet } = keel();
    expect(await keel().priceOracle.BOX!()).to.equal(WAD / 100n);
    for (const [usd, open] of [
      [3_030, true],
      [3_031, false],
      [2_971, true],
      [2_970, false],
    ] as const) {
      await mainnet.submitEthUsd(usd);
      expect(await read(), String(usd)).to.include({ fresh: true, open });
    }
  });

  it("closes at once when the pool goes away, and opens a minute after it is back", async () => {
    await passTime(keel(), 60);
    await movePool(keel(), 3_100);
    // The block of the move itself began at the price.
    expect(await read()).to.include({ price: 3_000n * WAD, agreed: true, open: true });
    await passTime(keel(), 1);
    expect(await read()).to.include({ price: 3_000n * WAD, agreed: false, open: false });
    await movePool(keel(), 3_000);
    await passTime(keel(), 1);
    // A mean of ticks: 3.3 % away for a few seconds of sixty.
    expect(await read()).to.include({ open: true });
    await movePool(keel(), 3_100);
    await passTime(keel(), 40);
    await movePool(keel(), 3_000);
    await passTime(keel(), 1);
    expect(await read()).to.include({ open: false });
    await passTime(keel(), 60);
    expect(await read()).to.include({ open: true });
  });

  it("follows a true move within the minute", async () => {
    await movePrice(keel(), 3_300);
    expect(await read()).to.include({ price: 3_300n * WAD, fresh: true, agreed: false });
    await passTime(keel(), 60);
    expect(await read()).to.include({ agreed: true, open: true });
  });

  describe("is deaf to what the transaction that reads it has done to the pool", () => {
    /** What the oracle says before and after a swap to `usd` in one transaction. */
    const readAround = async (usd: number) => {
      const { ethers, mainnet, priceOracle } = keel();
      const attacker = await ethers.deployContract("MockFlashSwapper");
      const address = (await attacker.getAddress()) as Address;
      await mainnet.mintUsdc(address, 10n ** 15n);
      await mainnet.mintWeth(address, 10n ** 24n);
      const answer = (await attacker.swapAndRead!.staticCall(
        MAINNET.usdcWethPool,
        sqrtPriceX96FromPrice(usd),
        priceOracle,
      )) as [boolean, boolean, bigint];
      const [before, after, sqrtPriceX96] = answer;
      expect(sqrtPriceX96).to.equal(sqrtPriceX96FromPrice(usd));
      return { before, after };
    };

    for (const usd of [1_500, 2_900, 3_100, 6_000]) {
      it(`open, with the pool taken to ${String(usd)}`, async () => {
        expect(await readAround(usd)).to.deep.equal({ before: true, after: true });
      });
    }

    it("closed, with the pool brought to the price", async () => {
      await movePool(keel(), 3_150);
      await passTime(keel(), 120);
      expect(await readAround(3_000)).to.deep.equal({ before: false, after: false });
    });

    it("closed, with the price off the market", async () => {
      await keel().mainnet.submitEthUsd(3_150);
      expect(await readAround(3_150)).to.deep.equal({ before: false, after: false });
    });
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

  describe("is not open, and does not revert, over a pool whose observations are", () => {
    const word = (value: bigint) => (value & (2n ** 256n - 1n)).toString(16).padStart(64, "0");
    const words = (...values: bigint[]) => `0x${values.map(word).join("")}`;
    /** As `observe` answers two moments; USDC is token 0 and 3,000 USDC per ETH the tick 196,256. */
    const observed = (first: bigint, last: bigint) => words(0x40n, 0xa0n, 2n, first, last, 2n, 0n, 0n);
    const TICK = 196_256n;
    const WINDOW = 60n;
    interface Past {
      readonly observe: string;
      readonly slot0: string;
      /** Seconds ago and cumulative ticks, the newest first; null for one that is not there. */
      readonly observations: readonly (readonly [bigint, bigint] | null)[];
    }
    const slot0 = (tick: bigint, cardinality: bigint) =>
      words(1n, tick, cardinality - 1n, cardinality, 1n, 0n, 1n);
    /** A pool whose price stands at a tick since long ago, with a swap half a minute ago. */
    const sound: Past = {
      observe: "0x",
      slot0: slot0(TICK, 2n),
      observations: [
        [30n, TICK * 1_000n],
        [1_030n, 0n],
      ],
    };
    /** One swap in each of the last nine blocks: more than are read one by one. */
    const busy: Past = {
      observe: observed(0n, TICK * WINDOW),
      slot0: slot0(TICK, 10n),
      observations: Array.from(
        { length: 10 },
        (_, i) => [1n + 5n * BigInt(i), -5n * BigInt(i) * TICK] as const,
      ),
    };
    const openOver = async (past: Past, tokens = [MAINNET.usdc, MAINNET.weth]) => {
      const { ethers, networkHelpers } = keel();
      const pool = await ethers.deployContract("MockPool", tokens);
      const oracle = await deploy({ pool });
      const now = BigInt((await networkHelpers.time.latest()) + 1);
      const observations = past.observations.map((o) =>
        o === null ? words(1n, 0n, 0n, 0n) : words(now - o[0], o[1], 0n, 1n),
      );
      await networkHelpers.time.setNextBlockTimestamp(now);
      await pool.set!(past.observe, past.slot0, observations.reverse());
      return (await read(oracle)).open;
    };

    for (const [name, past, change] of [
      ["missing", sound, { observations: [null, null] }],
      ["missing where they are needed", sound, { observations: [sound.observations[0]!, null] }],
      [
        "of one moment",
        sound,
        {
          observations: [
            [30n, 5n],
            [30n, 5n],
          ],
        },
      ],
      ["too few, written in this block", sound, { observations: [[0n, 5n], null] }],
      [
        "of a mean beyond every price",
        sound,
        {
          observations: [
            [30n, 2n ** 254n],
            [1_030n, 0n],
          ],
        },
      ],
      [
        "of a mean that wraps",
        sound,
        {
          observations: [
            [30n, 2n ** 255n - 1n],
            [1_030n, -(2n ** 255n)],
          ],
        },
      ],
      [
        "of a mean off the price",
        sound,
        {
          observations: [
            [30n, (TICK + 300n) * 1_000n],
            [1_030n, 0n],
          ],
        },
      ],
      ["without a price", sound, { slot0: "0x" }],
      ["of a price of ones", sound, { slot0: `0x${"f".repeat(448)}` }],
      ["at the highest tick", sound, { slot0: slot0(887_272n, 2n) }],
      ["at a tick beyond all", sound, { slot0: slot0(2n ** 254n, 2n) }],
      ["without a place to write", sound, { slot0: words(1n, TICK, 0n, 0n, 1n, 0n, 1n) }],
      ["searched, and none is found", busy, { observe: "0x" }],
      ["searched, and too few", busy, { observe: busy.observe.slice(0, -64) }],
      ["searched, of a mean off the price", busy, { observe: observed(0n, (TICK + 300n) * WINDOW) }],
    ] as const) {
      it(name, async () => {
        expect(await openOver(past), "as they should be").to.equal(true);
        expect(await openOver({ ...past, ...change })).to.equal(false);
      });
    }

    it("rounded up: a mean tick is rounded down as Uniswap does, above zero and below", async () => {
      const reads = async (usdcIsToken0: boolean, sum: bigint, usd: number) => {
        const tokens = [MAINNET.usdc, MAINNET.weth];
        await keel().mainnet.submitEthUsd(usd);
        const past = { ...busy, observe: observed(-sum, 0n), slot0: slot0((sum - 30n) / 60n, 10n) };
        return openOver(past, usdcIsToken0 ? tokens : tokens.reverse());
      };
      // Half a tick above and below ±196,256: down in ticks is up in price where USDC is token 0, and down where it is not.
      const price = (tick: number) => 1e12 / 1.0001 ** tick;
      for (const [usdcIsToken0, tick] of [
        [true, 196_256],
        [false, -196_256],
      ] as const) {
        const sum = BigInt(tick) * 60n + 30n;
        const down = price(usdcIsToken0 ? tick : -tick);
        // One per cent above and below the mean of the rounded tick, and what is a twentieth of a tick beyond.
        for (const [edge, out] of [
          [down / 0.99, 1],
          [down / 1.01, -1],
        ] as const) {
          expect(await reads(usdcIsToken0, sum, edge * (1 - out * 5e-6)), `${String(tick)} in`).to.equal(
            true,
          );
          expect(await reads(usdcIsToken0, sum, edge * (1 + out * 5e-6)), `${String(tick)} out`).to.equal(
            false,
          );
        }
      }
    });
  });

  it("reads of the pool's past what the pool itself would say, whatever was swapped when", async () => {
    const { ethers, networkHelpers } = keel();
    const ticks = await ethers.deployContract("TicksHarness");
    const random = new Random(7);
    for (let i = 0; i < 60; i++) {
      const pause = Math.floor(random.uniform() ** 3 * 90);
      if (pause > 0) await networkHelpers.time.increase(pause);
      await movePool(keel(), 2_700 + 600 * random.uniform());
      for (const window of [1, 12, 60, 300]) {
        const [, mean, observed] = (await ticks.recent!(MAINNET.usdcWethPool, window)) as bigint[];
        expect(mean, `after ${String(i)} swaps, of ${String(window)} s`).to.equal(observed);
      }
    }
  });

  it("does not revert over a feed whose answer is too short", async () => {
    const { ethers } = keel();
    const feed = await ethers.deployContract("MockShortFeed");
    expect(await read(await deploy({ ethUsd: feed }))).to.include(nothing);
  });

  it("stands on feeds of eight decimals and a pool of USDC", async () => {
    const { ethers, priceOracle } = keel();
    const feed = await ethers.deployContract("MockGappyFeed");
    await feed.setDecimals!(18);
    await expect(deploy({ ethUsd: feed })).to.be.revertedWithCustomError(priceOracle, "InvalidDecimals");
    await expect(deploy({ usdc: MAINNET.link })).to.be.revertedWithCustomError(priceOracle, "UnexpectedPool");
  });
});
