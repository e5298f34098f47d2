import { expect } from "chai";
import fc from "fast-check";

import { CheckInterval } from "../../keeper/market/checkInterval.ts";
import { gasCost } from "../../keeper/market/gasCost.ts";
import { poolCost } from "../../keeper/market/poolCost.ts";
import { expectNear } from "../support/near.ts";

const Q96 = 2n ** 96n;
const FEE_UNIT = 1_000_000n;

/** Integer square root, rounded down. */
function sqrt(value: bigint): bigint {
  let root = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (root + value / root) / 2n;
    if (next >= root) return root;
    root = next;
  }
}

/**
 * The pool's own arithmetic (SqrtPriceMath and SwapMath of Uniswap v3) for a trade in ETH within one tick range.
 * @returns USDC, 6 decimals, that a sale of `eth` wei brings, or a purchase of it costs, fee included.
 */
function swap(
  eth: bigint,
  sells: boolean,
  sqrtPrice: bigint,
  liquidity: bigint,
  fee: bigint,
  usdcIsToken0: boolean,
) {
  const paid = sells ? (eth * (FEE_UNIT - fee)) / FEE_UNIT : eth;
  let next: bigint;
  if (usdcIsToken0) {
    // ETH is token1: its amount moves √P by amount / L.
    next = sells
      ? sqrtPrice + (paid * Q96) / liquidity
      : sqrtPrice - (paid * Q96 + liquidity - 1n) / liquidity;
  } else {
    // ETH is token0: √P' = L·√P / (L ± amount·√P).
    const numerator = liquidity * Q96;
    const product = paid * sqrtPrice;
    next = (numerator * sqrtPrice) / (sells ? numerator + product : numerator - product);
  }
  const [low, high] = next < sqrtPrice ? [next, sqrtPrice] : [sqrtPrice, next];
  const usdc = usdcIsToken0
    ? (liquidity * Q96 * (high - low)) / high / low
    : (liquidity * (high - low)) / Q96;
  return sells ? usdc : (usdc * FEE_UNIT) / (FEE_UNIT - fee);
}

/** √P in Q96 for a price in USDC per ETH. */
function sqrtPriceOf(price: number, usdcIsToken0: boolean): bigint {
  const scaled = BigInt(Math.round(price * 1e6)); // USDC raw per ETH, times 1
  const ratio = usdcIsToken0 ? (Q96 * Q96 * 10n ** 18n) / scaled : (Q96 * Q96 * scaled) / 10n ** 18n;
  return sqrt(ratio);
}

describe("pool cost", () => {
  for (const usdcIsToken0 of [true, false]) {
    it(`is what the pool's arithmetic takes, USDC as token${usdcIsToken0 ? "0" : "1"}`, () => {
      fc.assert(
        fc.property(
          fc.double({ min: 200, max: 20_000, noNaN: true }),
          fc.double({ min: 1, max: 1e4, noNaN: true }),
          fc.constantFrom(100, 500, 3000, 10_000),
          fc.double({ min: 1e-3, max: 2e-2, noNaN: true }),
          fc.boolean(),
          (price, depth, fee, impact, sells) => {
            // `depth` ETH of virtual reserve; the trade is the fraction `impact` of it.
            const liquidity = depth * Math.sqrt(price) * 1e12;
            const eth = depth * impact;
            const value = eth * price;
            const usdc =
              Number(
                swap(
                  BigInt(Math.round(eth * 1e18)),
                  sells,
                  sqrtPriceOf(price, usdcIsToken0),
                  BigInt(Math.round(liquidity)),
                  BigInt(fee),
                  usdcIsToken0,
                ),
              ) / 1e6;
            const { feeRate, kappa } = poolCost({ price, liquidity, fee });
            const taken = sells ? value - usdc : usdc - value;
            const model = feeRate * value + kappa * eth * eth;
            // What the model leaves out is of second order in fee and impact together.
            const order = feeRate + impact;
            expect(Math.abs(taken - model)).to.be.below(2 * order * order * value + 1e-5);
          },
        ),
      );
    });
  }

  it("prices the impact itself, not only something small", () => {
    // 100 ETH into 4·10¹⁸ of raw liquidity at 2500: 2500^1.5 / 4e6 = 0.03125 USD per ETH², 312.5 USD in all.
    const liquidity = 4_000_000n * 10n ** 12n;
    const { kappa } = poolCost({ price: 2500, liquidity: Number(liquidity), fee: 500 });
    expectNear(kappa, 0.03125, 1e-12);
    const usdc = Number(swap(100n * 10n ** 18n, true, sqrtPriceOf(2500, true), liquidity, 0n, true)) / 1e6;
    expectNear(250_000 - usdc, 312.5, 0.5);
  });

  it("has no finite cost in a pool without liquidity", () => {
    expect(poolCost({ price: 3000, liquidity: 0, fee: 500 }).kappa).to.equal(Infinity);
  });
});

describe("gas cost", () => {
  it("is units times base fee and tip at the price of ETH", () => {
    const price = { baseFeePerGas: 19_900_000_000n, priorityFeePerGas: 100_000_000n };
    expectNear(gasCost(500_000n, price, 3000), 30, 1e-12);
  });
});

describe("check interval", () => {
  it("starts from what it is told and follows the usual gap, not an outage", () => {
    const interval = new CheckInterval(12);
    expect(interval.observe(1000)).to.equal(12);
    for (let t = 1060; t <= 1600; t += 60) expect(interval.observe(t)).to.equal(60);
    expect(interval.observe(90_000)).to.equal(60);
    expect(interval.observe(90_000)).to.equal(60);
  });
});
