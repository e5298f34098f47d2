import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";
import type { Address, Hex } from "viem";

import { ABIS } from "../../scripts/localMainnet/abis.ts";
import { MAINNET } from "../../scripts/localMainnet/addresses.ts";
import { Chain, httpProvider } from "../../scripts/localMainnet/chain.ts";

const SCRIPT = join(import.meta.dirname, "..", "..", "scripts", "node.ts");

describe("npm run node", function () {
  this.timeout(60_000);
  const children: ChildProcess[] = [];

  afterEach(() => {
    for (const child of children.splice(0)) child.kill("SIGKILL");
  });

  function start(...flags: string[]): ChildProcess {
    const child = spawn(process.execPath, [SCRIPT, ...flags], { stdio: ["ignore", "pipe", "pipe"] });
    children.push(child);
    return child;
  }

  async function readUntil(child: ChildProcess, end: string): Promise<string> {
    let text = "";
    for await (const chunk of child.stdout!.iterator({ destroyOnReturn: false })) {
      text += String(chunk);
      if (text.includes(end)) return text;
    }
    throw new Error(`ended without "${end}": ${text}`);
  }

  it("serves a funded, moving mainnet and stops at Ctrl-C", async () => {
    const child = start("--port", "0", "--block-time", "1");
    const greeting = await readUntil(child, "Ctrl-C stops");
    child.stdout!.resume();
    const [, url] = /(http:\/\/127\.0\.0\.1:\d+), chain id 31337/.exec(greeting)!;
    const chain = new Chain(httpProvider(url!));
    const height = async (): Promise<number> => Number(await chain.rpc<Hex>("eth_blockNumber"));
    expect(await chain.rpc("eth_chainId")).to.equal("0x7a69");
    const [account] = await chain.rpc<Address[]>("eth_accounts");
    expect(await chain.read(MAINNET.usdc, ABIS.erc20, "balanceOf", [account!])).to.equal(10n ** 12n);

    const before = await height();
    while ((await height()) < before + 3) await sleep(100);
    // The node's own suggestion follows the base fee of an empty chain, not the market's.
    const hash = await chain.rpc<Hex>("eth_sendTransaction", [
      { from: account, to: account, value: "0x1", maxFeePerGas: "0x174876e800", maxPriorityFeePerGas: "0x1" },
    ]);
    const sentAt = await height();
    while ((await height()) < sentAt + 2) await sleep(100);
    expect(await chain.rpc<{ status: Hex }>("eth_getTransactionReceipt", [hash])).to.include({
      status: "0x1",
    });
    expect(Math.abs((await chain.timestamp()) - Date.now() / 1000)).to.be.lessThan(60);

    const exited = once(child, "exit");
    child.kill("SIGINT");
    expect(await exited).to.deep.equal([0, null]);
  });

  it("refuses flags it cannot use in one line, with exit code 2", async () => {
    for (const [flags, message] of [
      [["--port", "80000"], /^--port 80000 is out of range\n$/],
      [["--block-time", "0"], /^--block-time 0 is out of range\n$/],
      [["--price", "-1"], /--price/],
      [["--price", "1e300"], /^--price 1e300 is out of range \(10 to 100,000 USD\)\n$/],
      [["--price", "0.001"], /^--price 0\.001 is out of range \(10 to 100,000 USD\)\n$/],
      [["--nonsense"], /^Unknown option '--nonsense'.*\n$/],
    ] as const) {
      const child = start(...flags);
      let stderr = "";
      child.stderr!.on("data", (chunk: Buffer) => {
        stderr += chunk.toString();
      });
      child.stdout!.resume();
      const [code] = (await once(child, "close")) as [number];
      expect(code).to.equal(2);
      expect(stderr).to.match(message);
    }
  });
});
