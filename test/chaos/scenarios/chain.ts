import { numberToHex, parseGwei, type Hash } from "viem";
import { privateKeyToAccount } from "viem/accounts";

import { KEEPER_KEY } from "../ground.ts";
import type { Scenario } from "../scenario.ts";
import { OneShot, type Fate } from "../tap.ts";
import type { World } from "../world.ts";

const DEPTHS = [1, 2, 3, 5, 8, 13, 21, 34, 55, 63, 64];

/** What the blocks that are taken back held, and what becomes of it in those that take their place. */
type Held = "nothing" | "a rebalance that is mined again" | "a rebalance that is forgotten";

function reorg(depth: number, held: Held, more: number): Scenario {
  const height = more === 0 ? "the same height" : more > 0 ? "a greater height" : "a lower height";
  return {
    name: `${String(depth)} block${depth === 1 ? "" : "s"} with ${held} taken back, to ${height}`,
    isQuick: held === "a rebalance that is forgotten" && depth === 1 && more === 0,
    run: async (world) => {
      const { ground } = world;
      // Every other keeper is told of blocks, the rest looks for them.
      const keeper = world.start(
        DEPTHS.indexOf(depth) % 2 === 1 ? { settings: { webSocketUrl: ground.webSocketUrl } } : {},
      );
      let transaction: Hash | undefined;
      if (held === "nothing") await world.settle(keeper);
      else {
        await keeper.says("Sends a transaction.");
        await keeper.until(() => keeper.count("Sends a transaction.") > 0, "a transaction");
        transaction = keeper.lines.find(({ msg }) => msg === "Sends a transaction.")!["hash"] as Hash;
        await inPool(world, transaction);
      }
      const fork = await ground.height();
      const snapshot = await ground.rpc("evm_snapshot");
      for (let i = 0; i < depth; i += 1) {
        await ground.mine();
        await seen(world, fork + i + 1);
      }
      if (held !== "nothing") await keeper.says("A rebalance took effect.");
      await ground.inTurn(() => ground.rpc("evm_revert", [snapshot]));
      if (held === "a rebalance that is forgotten")
        await ground.rpc("hardhat_dropTransaction", [transaction]);
      await ground.mine(depth + more, 1);
      await keeper.says("The chain was reorganised.");
      await world.settleTwice(keeper);
      return undefined;
    },
  };
}

/** Waits until the node has it: the log is ahead of the broadcast. */
async function inPool(world: World, hash: Hash): Promise<void> {
  for (let i = 0; i < 100; i += 1) {
    if ((await world.ground.rpc<unknown>("eth_getTransactionByHash", [hash])) !== null) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("The transaction did not reach the node.");
}

/** Waits until the keeper has asked for something at a block. */
async function seen(world: World, block: number): Promise<void> {
  const keeper = world.keepers[0]!;
  const sees = () => keeper.lines.some((line) => line.msg === "Decided." && Number(line["block"]) >= block);
  // While a transaction is pending it decides nothing; then a look at the head must do.
  for (let i = 0; i < 6 && !sees(); i += 1) await new Promise((resolve) => setTimeout(resolve, 30));
}

/** A transaction of the keeper's account that the keeper knows nothing of. */
async function steal(world: World, nonce: number): Promise<void> {
  const account = privateKeyToAccount(KEEPER_KEY);
  const raw = await account.signTransaction({
    ...{ type: "eip1559", chainId: 31337, nonce, to: account.address, gas: 21_000n },
    ...{ maxFeePerGas: parseGwei("500"), maxPriorityFeePerGas: parseGwei("50") },
  });
  world.foreign.add(await world.ground.rpc<Hash>("eth_sendRawTransaction", [raw]));
}

export const reorgs: readonly Scenario[] = DEPTHS.flatMap((depth) => [
  reorg(depth, "nothing", 0),
  reorg(depth, "a rebalance that is mined again", 0),
  reorg(depth, "a rebalance that is forgotten", 0),
  reorg(depth, "a rebalance that is forgotten", 1),
  ...(depth > 1 ? [reorg(depth, "a rebalance that is forgotten", -1)] : []),
]);

export const chain: readonly Scenario[] = [
  {
    name: "killed, and its rebalance is taken back before it is there again",
    run: async (world) => {
      const first = world.start();
      await first.says("Sends a transaction.");
      const hash = first.lines.find(({ msg }) => msg === "Sends a transaction.")!["hash"] as Hash;
      await inPool(world, hash);
      const snapshot = await world.ground.rpc("evm_snapshot");
      await world.ground.mine(4);
      await first.says("A rebalance took effect.");
      await first.kill();
      await world.ground.rpc("evm_revert", [snapshot]);
      await world.ground.rpc("hardhat_dropTransaction", [hash]);
      await world.ground.mine(4, 1);
      await world.expireLeases();
      await world.settleTwice(world.start());
      return undefined;
    },
  },
  {
    name: "a nonce stolen before the broadcast arrives",
    isQuick: true,
    run: async (world) => {
      world.tap = new OneShot(
        "before",
        ({ what }) => what === "eth_sendRawTransaction",
        async (): Promise<Fate> => {
          await steal(world, await world.ground.nonce());
          await world.ground.mine();
          return "pass";
        },
      );
      await world.settleTwice(world.start());
      return undefined;
    },
  },
  {
    name: "a nonce stolen from what is pending",
    run: async (world) => {
      const keeper = world.start();
      await keeper.says("Sends a transaction.");
      const hash = keeper.lines.find(({ msg }) => msg === "Sends a transaction.")!["hash"] as Hash;
      await inPool(world, hash);
      await world.ground.rpc("hardhat_dropTransaction", [hash]);
      await steal(world, await world.ground.nonce());
      await world.settleTwice(keeper);
      return undefined;
    },
  },
  {
    name: "nonces stolen again and again",
    run: async (world) => {
      let left = 4;
      world.rpc.rule = async ({ method }, forward) => {
        if (method === "eth_sendRawTransaction" && (left -= 1) >= 0) {
          await steal(world, await world.ground.nonce());
          await world.ground.mine();
        }
        return forward();
      };
      await world.settleTwice(world.start());
      return undefined;
    },
  },
  ...([10n, 40n] as const).map((factor) => ({
    name: `a base fee ${String(factor)} times as high while a transaction is pending`,
    run: async (world: World) => {
      const { ground } = world;
      ground.baseFee = parseGwei("5");
      await ground.mine(2);
      const keeper = world.start();
      await keeper.says("Sends a transaction.");
      ground.baseFee *= factor;
      await ground.mine(1);
      await world.settleTwice(keeper);
      return undefined;
    },
  })),
  ...([40, 700, 3000] as const).map((seconds) => ({
    name: `the chain's clock jumps by ${String(seconds)} s while a transaction is pending`,
    run: async (world: World) => {
      const { ground } = world;
      const keeper = world.start();
      await keeper.says("Sends a transaction.");
      const hash = keeper.lines.find(({ msg }) => msg === "Sends a transaction.")!["hash"] as Hash;
      await inPool(world, hash);
      // Blocks without it, the last far ahead.
      await ground.rpc("hardhat_dropTransaction", [hash]);
      world.rpc.rule = async (request, forward) =>
        request.method === "eth_sendRawTransaction"
          ? { jsonrpc: "2.0", id: request.id, result: numberToHex(0, { size: 32 }) }
          : forward();
      await ground.mine(1, seconds);
      await keeper.until(() => keeper.count("Decided.") > 1, "another decision");
      world.rpc.rule = (_request, forward) => forward();
      await world.settleTwice(keeper);
      return undefined;
    },
  })),
];
