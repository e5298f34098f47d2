import { rmSync } from "node:fs";

import { expect } from "chai";
import hre, { network } from "hardhat";
import { maxUint256, parseEther, type Address } from "viem";

import { ABIS } from "../../scripts/localMainnet/abis.ts";
import { MAINNET } from "../../scripts/localMainnet/addresses.ts";
import { bootLocalMainnet, type LocalMainnet } from "../../scripts/localMainnet/bootLocalMainnet.ts";
import { Chain, httpProvider } from "../../scripts/localMainnet/chain.ts";

const HOST = "127.0.0.1";
const TRADER: Address = "0x00000000000000000000000000000000000000b0";

describe("a fork of the local mainnet", () => {
  let upstream: LocalMainnet;
  let fork: Chain;
  let close: () => Promise<void>;

  before(async () => {
    // A cache of another upstream on the same port would answer for this one.
    rmSync(`${hre.config.paths.cache}/edr-fork-cache`, { recursive: true, force: true });
    const server = await network.createServer("localMainnet", HOST, 0);
    const { port } = await server.listen();
    const url = `http://${HOST}:${String(port)}`;
    upstream = await bootLocalMainnet(httpProvider(url), { price: 2500 });
    // An unpinned fork would start 128 blocks back.
    const blockNumber = BigInt(await upstream.chain.rpc<string>("eth_blockNumber"));
    const forked = await network.create({
      network: "localMainnet",
      override: { forking: { url, blockNumber } },
    });
    fork = new Chain(forked.provider);
    close = async () => {
      await forked.close();
      void server.close();
    };
  });

  after(async () => {
    await close();
  });

  it("trades against the pool it inherited, without the upstream noticing", async () => {
    const amountIn = parseEther("10");
    await fork.write(TRADER, MAINNET.weth, ABIS.weth, "deposit", [], amountIn);
    await fork.write(TRADER, MAINNET.weth, ABIS.erc20, "approve", [MAINNET.swapRouter02, maxUint256]);
    const trade = {
      tokenIn: MAINNET.weth,
      tokenOut: MAINNET.usdc,
      fee: 500,
      amountIn,
      sqrtPriceLimitX96: 0n,
    };
    const [quoted] = await fork.read(MAINNET.quoterV2, ABIS.quoterV2, "quoteExactInputSingle", [trade]);
    await fork.write(TRADER, MAINNET.swapRouter02, ABIS.swapRouter02, "exactInputSingle", [
      { ...trade, recipient: TRADER, amountOutMinimum: 0n },
    ]);

    const received = (chain: Chain) => chain.read(MAINNET.usdc, ABIS.erc20, "balanceOf", [TRADER]);
    expect(await received(fork)).to.equal(quoted);
    expect(Number(quoted) / 1e7).to.be.within(2495, 2500);
    expect(await received(upstream.chain)).to.equal(0n);
  });
});
