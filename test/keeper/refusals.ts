import { expect } from "chai";
import { network } from "hardhat";
import { keccak256, parseGwei, serializeTransaction, type Hex, type PublicClient } from "viem";
import { privateKeyToAccount } from "viem/accounts";

import { createChainClient } from "../../keeper/chain/client.ts";
import { broadcast } from "../../keeper/execution/broadcast.ts";
import type { ErrorKind } from "../../keeper/execution/classify.ts";
import { startAnvil } from "./utils/anvil.ts";

/** The first account of both nodes, and one that owns nothing. */
const RICH = privateKeyToAccount("0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
const POOR = privateKeyToAccount(`0x${"11".repeat(32)}`);
const BLOCK_GAS_LIMIT = 10_000_000n;

const NODES = [
  {
    name: "anvil",
    // Anvil 1.7 has no method that lowers the limit of the blocks it mines.
    start: async () => {
      const anvil = await startAnvil(["--gas-limit", String(BLOCK_GAS_LIMIT)]);
      return anvil === null ? null : { url: anvil.url, stop: () => anvil.stop() };
    },
  },
  {
    name: "Hardhat",
    start: async () => {
      const server = await network.createServer("localMainnet", "127.0.0.1", 0);
      const { address, port } = await server.listen();
      return { url: `http://${address}:${String(port)}`, stop: () => server.close() };
    },
  },
];

for (const { name, start } of NODES) {
  describe(`refusals of a running ${name}`, () => {
    let client: PublicClient;
    let chainId: number;
    let stop: (() => Promise<void>) | undefined;

    before(async function () {
      this.timeout(60_000);
      const node = await start();
      if (node === null) {
        console.log(`      ${name} is not installed: its refusals are not checked.`);
        this.skip();
      }
      stop = node.stop;
      client = createChainClient({ url: node.url });
      chainId = await client.getChainId();
    });
    after(async () => {
      await stop?.();
    });

    const ask = (method: string, params: unknown[]) => client.request({ method, params } as never);
    const fees = { maxFeePerGas: parseGwei("100"), maxPriorityFeePerGas: parseGwei("1") };
    const plain = { type: "eip1559", to: RICH.address, gas: 30_000n, ...fees } as const;
    const sign = (fields: object, account = RICH) =>
      account.signTransaction({ ...plain, chainId, ...fields } as Parameters<typeof RICH.signTransaction>[0]);
    async function refused(raw: Hex | Promise<Hex>, kind: ErrorKind): Promise<void> {
      const reply = await broadcast(client, await raw);
      expect(reply.kind, reply.text).to.equal(kind);
    }

    it("take none for what it is not", async () => {
      // While it mines at once.
      const first = await sign({ nonce: 0 });
      expect(await broadcast(client, first)).to.deep.equal({ kind: "known", text: "accepted" });
      // Anvil says yes before it mines: until it has, the nonce is still in its pool.
      await client.waitForTransactionReceipt({ hash: keccak256(first), pollingInterval: 20 });
      await refused(sign({ nonce: 0, value: 1n }), "nonce");
      await refused(first, "nonce");
      await refused(sign({ nonce: 1, maxFeePerGas: 1n, maxPriorityFeePerGas: 0n }), "underpriced");
      if (name === "Hardhat") {
        await ask("evm_setBlockGasLimit", [`0x${BLOCK_GAS_LIMIT.toString(16)}`]);
      }
      await refused(sign({ nonce: 1, gas: BLOCK_GAS_LIMIT + 1n }), "permanent");

      // While they wait in its pool.
      await ask("evm_setAutomine", [false]);
      const waiting = await sign({ nonce: 1 });
      expect(await broadcast(client, waiting)).to.deep.equal({ kind: "known", text: "accepted" });
      const again = await broadcast(client, waiting);
      expect(again.kind, again.text).to.equal("known");
      expect(again.text, "it said so itself").to.not.equal("accepted");
      await refused(sign({ nonce: 1, value: 1n }), "underpriced");
      await refused(sign({ nonce: 0 }, POOR), "funds");
    });

    it("know bytes that nobody will take", async () => {
      await refused(sign({ nonce: 2, chainId: chainId + 1 }), "permanent");
      await refused(sign({ nonce: 2, gas: 20_000n }), "permanent");
      const signature = { r: `0x${"ff".repeat(32)}`, s: `0x${"ff".repeat(32)}`, yParity: 0 } as const;
      await refused(serializeTransaction({ ...plain, chainId, nonce: 2 }, signature), "permanent");
    });

    it("count for nothing where nobody answers", async () => {
      await stop?.();
      stop = undefined;
      await refused(sign({ nonce: 2 }), "unknown");
    });
  });
}
