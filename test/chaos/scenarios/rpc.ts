import { setTimeout as sleep } from "node:timers/promises";

import type { Random } from "../../../keeper/math/random.ts";
import { only, type RpcReply, type RpcRequest, type Rule } from "../rpcProxy.ts";
import type { Scenario } from "../scenario.ts";
import type { World } from "../world.ts";

const SEND = ["eth_sendRawTransaction"];

/** What a bad connection does to a reply, each with its share of all. None of it is a lie. */
const NUISANCES: readonly (readonly [number, Rule])[] = [
  [0.05, () => Promise.resolve(null)],
  [0.05, (_request, forward) => forward().then(() => null)],
  [0.1, (_request, forward) => sleep(300).then(forward)],
  // The same request twice, as a proxy that tries again makes of one.
  [0.05, (_request, forward) => forward().then(forward)],
  [0.03, (_request, forward) => forward().then(({ id, ...rest }) => ({ ...rest, id: Number(id) - 1 }))],
  [0.03, () => Promise.resolve("<!doctype html><title>Bad gateway</title>")],
  [0.03, ({ id }) => Promise.resolve(failure(id, -32_603, "Internal error"))],
  [0.02, ({ id }) => Promise.resolve(failure(id, -32_000, "header not found"))],
  [0.02, ({ id }) => Promise.resolve({ jsonrpc: "2.0", id })],
];

const failure = (id: number, code: number, message: string): RpcReply => ({
  jsonrpc: "2.0",
  id,
  error: { code, message },
});

/** Drawn by the number of the message, so that the order in which replies come changes nothing. */
function nuisances(random: Random, scale = 1): Rule {
  return (request, forward) => {
    let left = random.uniform() / scale;
    for (const [share, rule] of NUISANCES) {
      left -= share;
      if (left < 0) return rule(request, forward);
    }
    return forward();
  };
}

/** Changes digits of whatever it is asked, makes things up, holds things back; now and then tells the truth. */
function lies(random: Random): Rule {
  const digit = () => Math.floor(random.uniform() * 16).toString(16);
  const twist = (value: unknown): unknown => {
    if (typeof value === "string" && /^0x[0-9a-f]+$/i.test(value)) {
      const at = 2 + Math.floor(random.uniform() * (value.length - 2));
      return value.slice(0, at) + digit() + value.slice(at + 1);
    }
    if (Array.isArray(value)) return value.map(twist);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, twist(each)]));
  };
  return async (request, forward) => {
    const draw = random.uniform();
    if (draw < 0.15) return { jsonrpc: "2.0", id: request.id, result: null };
    if (draw < 0.25) return failure(request.id, -32_000, "nonce too low");
    if (draw < 0.35) return failure(request.id, -32_000, "insufficient funds for gas * price + value");
    if (draw < 0.4) return failure(request.id, 3, "execution reverted");
    if (draw < 0.9) {
      const { result, ...rest } = request.method === SEND[0] ? madeUp(request) : await forward();
      return result === undefined ? rest : { ...rest, result: twist(result) };
    }
    return forward();
  };
}

/** A node that says it took a transaction and did not. */
function madeUp({ id }: RpcRequest): RpcReply {
  return { jsonrpc: "2.0", id, result: `0x${"ab".repeat(32)}` };
}

async function hedge(world: World, endpoints = 1): Promise<undefined> {
  await world.settleTwice(world.start({ endpoints }));
}

/** Refusals that a node may give for what it, or another behind the same address, has taken all the same. */
const REFUSALS = [
  "nonce too low",
  "replacement transaction underpriced",
  "already known",
  "the pool is at sea",
  "insufficient funds for gas * price + value",
];

export const rpc: readonly Scenario[] = [
  {
    name: "a node of three that lies",
    isQuick: true,
    run: (world) => {
      world.rpcs[world.draw(3)]!.rule = lies(world.random);
      return hedge(world, 3);
    },
  },
  {
    name: "a node of three that lies and two with a bad connection",
    run: (world) => {
      for (const each of world.rpcs) each.rule = nuisances(world.random, 0.3);
      world.rpcs[2].rule = lies(world.random);
      return hedge(world, 3);
    },
  },
  {
    name: "a node of three that stands still",
    run: async (world) => {
      const seen = new Map<string, RpcReply>();
      const [stale] = world.rpcs;
      stale.rule = async (request, forward) => {
        const key = JSON.stringify([request.method, request.params]);
        const known = seen.get(key);
        if (known !== undefined) return { ...known, id: request.id };
        const reply = await forward();
        if (request.method !== SEND[0]) seen.set(key, reply);
        return reply;
      };
      return hedge(world, 3);
    },
  },
  ...[1, 2, 3].map((endpoints) => ({
    name: `a bad connection to ${String(endpoints)} of ${String(endpoints)} nodes`,
    run: (world: World) => {
      for (const each of world.rpcs) each.rule = nuisances(world.random);
      return hedge(world, endpoints);
    },
  })),
  {
    name: "replies in another order",
    run: (world) => {
      world.rpc.rule = (_request, forward) =>
        forward().then((reply) => sleep(world.draw(250)).then(() => reply));
      return hedge(world);
    },
  },
  {
    name: "no receipt for a while",
    run: async (world) => {
      let asked = 0;
      world.rpc.rule = only(["eth_getTransactionReceipt"], ({ id }, forward) =>
        (asked += 1) <= 2 ? Promise.resolve({ jsonrpc: "2.0", id, result: null }) : forward(),
      );
      return hedge(world);
    },
  },
  {
    name: "no node for a while",
    run: async (world) => {
      const keeper = world.start();
      await keeper.says("Sends a transaction.");
      world.rpc.rule = () => Promise.resolve(null);
      world.ground.startMining();
      await sleep(4000);
      world.rpc.rule = (_request, forward) => forward();
      await world.settleTwice(keeper);
      return undefined;
    },
  },
  ...[1, 3, Infinity].map((times) => ({
    name: `a broadcast whose reply is lost, ${times === Infinity ? "every time" : `${String(times)} times`}`,
    run: (world: World) => {
      let lost = 0;
      world.rpc.rule = only(SEND, (_request, forward) =>
        forward().then((reply) => ((lost += 1) <= times ? null : reply)),
      );
      return hedge(world);
    },
  })),
  {
    name: "a broadcast that is lost on its way",
    run: (world) => {
      let lost = 0;
      world.rpc.rule = only(SEND, (_request, forward) =>
        (lost += 1) <= 3 ? Promise.resolve(null) : forward(),
      );
      return hedge(world);
    },
  },
  ...REFUSALS.flatMap((message) =>
    ([true, false] as const).map((isTaken) => ({
      name: `"${message}" for what was ${isTaken ? "" : "not "}taken`,
      run: (world: World) => {
        let refused = 0;
        world.rpc.rule = only(SEND, async ({ id }, forward) => {
          if ((refused += 1) > 3) return forward();
          if (isTaken) await forward();
          return failure(id, -32_000, message);
        });
        return hedge(world);
      },
    })),
  ),
];
