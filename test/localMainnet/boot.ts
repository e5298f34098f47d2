import { expect } from "chai";
import { network } from "hardhat";
import { getAddress, keccak256, maxUint256, parseEther, parseUnits, type Address } from "viem";

import { MAINNET, MAINNET_AUTHORITIES } from "../../scripts/localMainnet/addresses.ts";
import {
  bootDate,
  bootLocalMainnet,
  type LocalMainnet,
} from "../../scripts/localMainnet/bootLocalMainnet.ts";
import { loadArtifact } from "../../scripts/localMainnet/artifacts.ts";
import { priceFromTick } from "../../scripts/localMainnet/poolPrice.ts";
import { POOL_FEE } from "../../scripts/localMainnet/uniswapV3.ts";

const PRICE = 2987.65;
const MARKET_START = Date.UTC(2024, 7, 3) / 1000;
const TRADER: Address = "0x00000000000000000000000000000000000000B0";

describe("the local mainnet", () => {
  let local: LocalMainnet;
  let snapshot: unknown;

  before(async () => {
    const { provider } = await network.create({
      network: "localMainnet",
      override: { initialDate: bootDate(MARKET_START) },
    });
    local = await bootLocalMainnet(provider, { price: PRICE, timestamp: MARKET_START });
  });

  beforeEach(async () => {
    snapshot = await local.chain.rpc("evm_snapshot");
  });

  afterEach(async () => {
    await local.chain.rpc("evm_revert", [snapshot]);
  });

  it("writes every address with its checksum", () => {
    for (const address of Object.values({ ...MAINNET, ...MAINNET_AUTHORITIES })) {
      expect(getAddress(address)).to.equal(address);
    }
  });

  it("has code at every canonical address but those it states to be accounts", async () => {
    const withoutCode: string[] = [];
    for (const [name, address] of Object.entries(MAINNET)) {
      if ((await local.chain.rpc("eth_getCode", [address, "latest"])) === "0x") withoutCode.push(name);
    }
    expect(withoutCode).to.deep.equal(["uniswapV2Factory", "aaveTreasury"]);
  });

  it("builds pools from the code whose hash mainnet's periphery derives addresses from", () => {
    const pool = loadArtifact("@uniswap/v3-core/artifacts/contracts/UniswapV3Pool.sol/UniswapV3Pool.json");
    expect(keccak256(pool.bytecode)).to.equal(
      "0xe34f199b19b2b4f47f68442619d555527d244f78a3297ea89325f843f87b8b54",
    );
  });

  it("ends at the height and the second asked for", async () => {
    expect(await local.chain.timestamp()).to.equal(MARKET_START);
    expect(Number(await local.chain.rpc("eth_blockNumber"))).to.be.greaterThan(21_000_000);
  });

  it("refuses a start the chain's clock has passed", async () => {
    const { provider } = await network.create("localMainnet");
    let error: unknown;
    await bootLocalMainnet(provider, { price: PRICE, timestamp: MARKET_START }).catch((thrown: unknown) => {
      error = thrown;
    });
    expect(String(error)).to.match(/too late/);
  });

  it("has USDC with its own metadata", async () => {
    const { chain, abis } = local;
    expect(await chain.read(MAINNET.usdc, abis.erc20, "name", [])).to.equal("USD Coin");
    expect(await chain.read(MAINNET.usdc, abis.erc20, "symbol", [])).to.equal("USDC");
    expect(await chain.read(MAINNET.usdc, abis.erc20, "decimals", [])).to.equal(6);
  });

  it("answers through the Chainlink proxies, with a new phase-prefixed round for each submission", async () => {
    const { chain, abis } = local;
    const before = await chain.read(MAINNET.ethUsdFeed, abis.feed, "latestRoundData", []);
    expect(before[1]).to.equal(298765000000n);
    expect(before[3]).to.equal(BigInt(MARKET_START));
    expect(before[0] >> 64n).to.equal(1n);

    await local.submitEthUsd(3000.12345678);
    const after = await chain.read(MAINNET.ethUsdFeed, abis.feed, "latestRoundData", []);
    expect(after[0]).to.equal(before[0] + 1n);
    expect(after[1]).to.equal(300012345678n);

    const usdc = await chain.read(MAINNET.usdcUsdFeed, abis.feed, "latestRoundData", []);
    expect(usdc[1]).to.equal(100000000n);
  });

  it("swaps for exactly what QuoterV2 quotes, and the pool is deep", async () => {
    const { chain, abis } = local;
    const amountIn = parseEther("100");
    await local.mintWeth(TRADER, amountIn);
    await chain.write(TRADER, MAINNET.weth, abis.erc20, "approve", [MAINNET.swapRouter02, maxUint256]);
    const trade = {
      tokenIn: MAINNET.weth,
      tokenOut: MAINNET.usdc,
      fee: POOL_FEE,
      amountIn,
      sqrtPriceLimitX96: 0n,
    };
    const [quoted] = await chain.read(MAINNET.quoterV2, abis.quoterV2, "quoteExactInputSingle", [trade]);
    await chain.write(TRADER, MAINNET.swapRouter02, abis.swapRouter02, "exactInputSingle", [
      { ...trade, recipient: TRADER, amountOutMinimum: quoted },
    ]);

    const received = await chain.read(MAINNET.usdc, abis.erc20, "balanceOf", [TRADER]);
    expect(received).to.equal(quoted);
    const perEther = Number(received) / 1e6 / 100;
    expect(perEther).to.be.within(PRICE * (1 - 0.0005 - 0.001), PRICE * (1 - 0.0005));
    expect(await local.poolPrice())
      .to.be.lessThan(PRICE)
      .and.greaterThan(PRICE * 0.998);
  });

  it("starts the pool at the price, with half an hour of TWAP behind it", async () => {
    const { chain, abis } = local;
    expect(relativeError(await local.poolPrice(), PRICE)).to.be.lessThan(1e-9);
    const [cumulatives] = await chain.read(MAINNET.usdcWethPool, abis.uniswapPool, "observe", [[1800, 0]]);
    const meanTick = Number(cumulatives[1]! - cumulatives[0]!) / 1800;
    expect(relativeError(priceFromTick(meanTick), PRICE)).to.be.lessThan(2e-4);
  });

  it("lends ether against USDC on Aave, through its canonical tokens", async () => {
    const { chain, abis } = local;
    const collateral = parseUnits("20000", 6);
    await local.mintUsdc(TRADER, collateral);
    await chain.write(TRADER, MAINNET.usdc, abis.erc20, "approve", [MAINNET.aavePool, maxUint256]);
    await chain.write(TRADER, MAINNET.aavePool, abis.aavePool, "supply", [
      MAINNET.usdc,
      collateral,
      TRADER,
      0,
    ]);
    await chain.write(TRADER, MAINNET.aavePool, abis.aavePool, "borrow", [
      MAINNET.weth,
      parseEther("3"),
      2n,
      0,
      TRADER,
    ]);

    const account = await chain.read(MAINNET.aavePool, abis.aavePool, "getUserAccountData", [TRADER]);
    const healthFactor = Number(account[5]) / 1e18;
    expect(relativeError(healthFactor, (20_000 * 0.78) / (3 * PRICE))).to.be.lessThan(1e-6);
    expect(await chain.read(MAINNET.weth, abis.erc20, "balanceOf", [TRADER])).to.equal(parseEther("3"));

    const tokensOf = (asset: Address) =>
      chain.read(MAINNET.aaveDataProvider, abis.aaveDataProvider, "getReserveTokensAddresses", [asset]);
    const [aUsdc, , usdcVariableDebt] = await tokensOf(MAINNET.usdc);
    const [aWeth, , wethVariableDebt] = await tokensOf(MAINNET.weth);
    expect([aUsdc, usdcVariableDebt, aWeth, wethVariableDebt]).to.deep.equal([
      MAINNET.aUsdc,
      MAINNET.usdcVariableDebt,
      MAINNET.aWeth,
      MAINNET.wethVariableDebt,
    ]);
  });
});

function relativeError(actual: number, expected: number): number {
  return Math.abs(actual / expected - 1);
}
