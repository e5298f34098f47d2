import { expect } from "chai";
import { network } from "hardhat";
import { encodeFunctionData, numberToHex, parseEther, type Address, type Hex } from "viem";

import { MAINNET } from "../../scripts/localMainnet/addresses.ts";
import {
  bootDate,
  bootLocalMainnet,
  type LocalMainnet,
} from "../../scripts/localMainnet/bootLocalMainnet.ts";
import type { Receipt } from "../../scripts/localMainnet/chain.ts";
import { priceFromTick } from "../../scripts/localMainnet/poolPrice.ts";
import { walkCandles } from "../../keeper/history/bridge.ts";
import { generateBaseFee } from "../../scripts/market/gasSource.ts";
import { MarketPlayer, type MarketStep } from "../../scripts/market/marketPlayer.ts";
import { generatePricePath } from "../../scripts/market/priceSource.ts";

const START = Date.UTC(2024, 7, 3) / 1000;
const SPOT = 3000;
const SEED = 11;
const POOL_FEE = 0.0005;
const STRANGER: Address = "0x00000000000000000000000000000000000000b1";

const { candles } = generatePricePath({ seed: SEED, start: START, hours: 6, spot: SPOT });
const points = walkCandles(candles, SEED);
const baseFee = generateBaseFee({ seed: SEED, start: START });

describe("the market player", () => {
  let local: LocalMainnet;
  let player: MarketPlayer;
  let snapshot: Hex;

  before(async () => {
    const { provider } = await network.create({
      network: "localMainnet",
      override: { initialDate: bootDate(START - 600) },
    });
    local = await bootLocalMainnet(provider, { price: SPOT, timestamp: START - 600 });
    player = await MarketPlayer.create({ local, points, baseFee });
    snapshot = await local.chain.rpc<Hex>("evm_snapshot");
  });

  beforeEach(async () => {
    await player.reset();
  });

  afterEach(async () => {
    await local.chain.rpc("evm_revert", [snapshot]);
    snapshot = await local.chain.rpc<Hex>("evm_snapshot");
    await player.stop();
  });

  async function play(steps: number): Promise<MarketStep[]> {
    const played: MarketStep[] = [];
    for (let step = 0; step < steps; step++) played.push(await player.step());
    return played;
  }

  async function head(): Promise<{ number: Hex; hash: Hex; timestamp: Hex; baseFeePerGas: Hex }> {
    return await local.chain.rpc("eth_getBlockByNumber", ["latest", false]);
  }

  async function feedRound(): Promise<{ answer: number; updatedAt: number }> {
    const [, answer, , updatedAt] = await local.chain.read(
      MAINNET.ethUsdFeed,
      local.abis.feed,
      "latestRoundData",
      [],
    );
    return { answer: Number(answer) / 1e8, updatedAt: Number(updatedAt) };
  }

  it("makes one block a step, at the path's second and base fee", async () => {
    const { number } = await head();
    for (const [index, point] of points.slice(0, 5).entries()) {
      const step = await player.step();
      const block = await head();
      expect(BigInt(block.number)).to.equal(BigInt(number) + BigInt(index + 1));
      expect(step.blockNumber).to.equal(BigInt(block.number));
      expect(Number(block.timestamp)).to.equal(point.timestamp);
      expect(BigInt(block.baseFeePerGas)).to.equal(baseFee.at(point.timestamp));
      expect([step.timestamp, step.price, step.baseFee]).to.deep.equal([
        point.timestamp,
        point.price,
        baseFee.at(point.timestamp),
      ]);
    }
    expect(player.remaining).to.equal(points.length - 5);
  });

  it("keeps pool and feed at the market all the way, with a TWAP behind", async () => {
    let rounds = 0;
    for (const { timestamp, price } of points) {
      const step = await player.step();
      expect(Math.abs(step.poolPrice / price - 1)).to.be.lessThan(POOL_FEE * (1 + 1e-6));
      if (step.isRoundWritten) {
        rounds++;
        expect((await feedRound()).updatedAt).to.equal(timestamp);
      }
      if (timestamp % 600 === 0) {
        const round = await feedRound();
        expect(Math.abs(round.answer - price) < 0.005 * round.answer).to.equal(true);
        expect(timestamp - round.updatedAt).to.be.lessThan(3600);
      }
    }
    expect(rounds).to.be.greaterThan(5);
    expect(await local.poolPrice()).to.be.within(points.at(-1)!.price * 0.999, points.at(-1)!.price * 1.001);

    const [cumulatives] = await local.chain.read(MAINNET.usdcWethPool, local.abis.uniswapPool, "observe", [
      [1800, 0],
    ]);
    const twap = priceFromTick(Number(cumulatives[1]! - cumulatives[0]!) / 1800);
    const lastHalfHour = points.filter(({ timestamp }) => timestamp > points.at(-1)!.timestamp - 1800);
    const mean = lastHalfHour.reduce((sum, { price }) => sum + price, 0) / lastHalfHour.length;
    expect(Math.abs(twap / mean - 1)).to.be.lessThan(0.002);

    let ending: unknown;
    await player.step().catch((error: unknown) => {
      ending = error;
    });
    expect(ending).to.be.instanceOf(RangeError);
  });

  it("ends in the same block after a revert", async () => {
    await play(100);
    const first = await head();
    await local.chain.rpc("evm_revert", [snapshot]);
    snapshot = await local.chain.rpc<Hex>("evm_snapshot");
    await player.reset();
    await play(100);
    expect((await head()).hash).to.equal(first.hash);
  });

  it("mines what others sent with the next step, and follows the pool they moved", async () => {
    await play(3);
    const { chain } = local;
    const amountIn = parseEther("5000");
    await chain.impersonate(STRANGER, 2n * amountIn);
    const send = (nonce: number, to: Address, data: Hex, value = 0n): Promise<Hex> =>
      chain.rpc<Hex>("eth_sendTransaction", [
        {
          from: STRANGER,
          to,
          data,
          nonce: numberToHex(nonce),
          value: numberToHex(value),
          gas: "0x100000",
          maxFeePerGas: numberToHex(10n ** 12n),
          maxPriorityFeePerGas: numberToHex(10n ** 9n),
        },
      ]);
    const swap = encodeFunctionData({
      abi: local.abis.swapRouter02,
      functionName: "exactInputSingle",
      args: [
        {
          tokenIn: MAINNET.weth,
          tokenOut: MAINNET.usdc,
          fee: 500,
          recipient: STRANGER,
          amountIn,
          amountOutMinimum: 0n,
          sqrtPriceLimitX96: 0n,
        },
      ],
    });
    // The router wraps the ether that comes with the swap.
    const hash = await send(0, MAINNET.swapRouter02, swap, amountIn);

    const moved = await player.step();
    const receipt = await chain.rpc<Receipt>("eth_getTransactionReceipt", [hash]);
    expect(receipt.status).to.equal("0x1");
    expect(BigInt(receipt.blockNumber)).to.equal(moved.blockNumber);
    // The stranger tips less, so comes after the arbitrageur, and leaves the pool below the market.
    expect(moved.poolPrice / moved.price).to.be.lessThan(0.99);
    const restored = await player.step();
    expect(Math.abs(restored.poolPrice / restored.price - 1)).to.be.lessThan(POOL_FEE * (1 + 1e-6));
  });

  it("says so when a transaction of its own reverts", async () => {
    // A player finds the arbitrageur without the allowance its creation gave.
    const { chain, actors, abis } = local;
    await player.stop();
    const later = points.filter(({ timestamp }) => timestamp > START + 1800);
    const blind = await MarketPlayer.create({ local, points: later, baseFee });
    for (const token of [MAINNET.usdc, MAINNET.weth]) {
      await chain.write(actors.arbitrageur, token, abis.erc20, "approve", [MAINNET.swapRouter02, 0n]);
    }
    await blind.reset();
    let failure: unknown;
    try {
      for (let step = 0; step < 60; step++) await blind.step();
    } catch (error) {
      failure = error;
    }
    expect(String(failure)).to.match(/arbitrageur's swap .* reverted/);
  });

  it("drains nine tenths of the pool and stops the arbitrage, until it is reset", async () => {
    const { chain, abis } = local;
    const liquidity = () => chain.read(MAINNET.usdcWethPool, abis.uniswapPool, "liquidity", []);
    await play(2);
    const before = await liquidity();
    const { poolPrice } = await player.step();
    await player.drain();
    const drained = await play(100);
    expect(Number(await liquidity()) / Number(before)).to.be.within(0.0999, 0.1001);
    expect(new Set(drained.map((step) => step.poolPrice))).to.deep.equal(new Set([poolPrice]));
    expect(drained.some(({ isRoundWritten }) => isRoundWritten)).to.equal(true);

    await chain.rpc("evm_revert", [snapshot]);
    snapshot = await chain.rpc<Hex>("evm_snapshot");
    await player.reset();
    await play(50);
    expect(await liquidity()).to.equal(before);
  });

  it("refuses a path the chain's clock has passed", async () => {
    await play(2);
    let refusal: unknown;
    await player.reset().catch((error: unknown) => {
      refusal = error;
    });
    expect(refusal).to.be.instanceOf(RangeError);
  });
});
