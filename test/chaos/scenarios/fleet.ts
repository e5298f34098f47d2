import { performance } from "node:perf_hooks";

import type { KeeperProcess } from "../keeperProcess.ts";
import type { Scenario } from "../scenario.ts";
import { gate, OneShot, type Fate, type Message, type Phase } from "../tap.ts";
import { LEASE_SECONDS, type World } from "../world.ts";

/** Milliseconds within which another takes over: the lease, a third of it until the next try, a head, and what a busy machine adds. */
const TAKEOVER = ((LEASE_SECONDS * 4) / 3) * 1000 + 200 + 2000;

/** @returns The one that has the lane, and the one that waits for it. */
async function pair(world: World): Promise<{ holder: KeeperProcess; other: KeeperProcess }> {
  const holder = world.start();
  await holder.says("Has the lane.");
  const other = world.start();
  await other.says("The keeper watches.");
  return { holder, other };
}

/** The holder is frozen while a message of its is on its way; it arrives, and the holder wakes up, when another has acted for it. */
async function zombie(
  world: World,
  phase: Phase,
  matches: (message: Message) => boolean,
): Promise<undefined> {
  const { holder, other } = await pairBefore(world, phase, matches);
  await other.keeper.says("Has the lane.");
  await world.settle(other.keeper);
  holder.release();
  holder.keeper.thaw();
  await world.ground.disturb();
  await world.settle(other.keeper);
  await world.ground.disturb();
  await world.settle(other.keeper);
  if (holder.keeper.count("A rebalance took effect.") > 0) throw new Error("The zombie went on.");
  return undefined;
}

async function pairBefore(world: World, phase: Phase, matches: (message: Message) => boolean) {
  const { opened, open } = gate();
  const reached = gate();
  const first = world.start();
  const tap = new OneShot(phase, matches, async (): Promise<Fate> => {
    first.freeze();
    reached.open();
    await opened;
    return "pass";
  });
  world.tap = tap;
  world.ground.startMining();
  await reached.opened;
  const second = world.start();
  return { holder: { keeper: first, release: open }, other: { keeper: second } };
}

const MOMENTS: readonly (readonly [string, Phase, RegExp])[] = [
  ["its intent is on the way", "before", /insert into executions/],
  ["the reply to its intent is on the way", "after", /insert into executions/],
  ["its signed bytes are on the way to the database", "before", /update executions set status = 'signed'/],
  ["its signed bytes are saved", "after", /update executions set status = 'signed'/],
  ["its broadcast is on the way", "before", /eth_sendRawTransaction/],
  ["the reply to its broadcast is on the way", "after", /eth_sendRawTransaction/],
];

export const fleet: readonly Scenario[] = [
  {
    name: "two keepers, and the one that has the lane is killed",
    isQuick: true,
    run: async (world) => {
      const { holder, other } = await pair(world);
      await world.settle(holder);
      world.ground.startMining();
      const killed = performance.now();
      await holder.kill();
      await other.says("Has the lane.");
      const took = performance.now() - killed;
      if (took > TAKEOVER) throw new Error(`The other took over only after ${took.toFixed(0)} ms.`);
      await world.ground.disturb();
      await world.settle(other);
      return undefined;
    },
  },
  {
    name: "two keepers, and the one that has the lane is told to stop",
    run: async (world) => {
      const { holder, other } = await pair(world);
      await world.settle(holder);
      world.ground.startMining();
      await holder.stop();
      await other.says("Has the lane.", { timeout: 1000 + (LEASE_SECONDS * 1000) / 3 });
      await world.ground.disturb();
      await world.settle(other);
      return undefined;
    },
  },
  ...MOMENTS.map(([moment, phase, pattern]) => ({
    name: `two keepers, and the one that has the lane sleeps while ${moment}`,
    isQuick: phase === "before" && pattern.test("update executions set status = 'signed'"),
    run: (world: World) => zombie(world, phase, ({ what }) => pattern.test(what)),
  })),
  {
    name: "two keepers on one database that are killed in turn",
    run: async (world) => {
      let { holder, other } = await pair(world);
      for (let round = 0; round < 4; round += 1) {
        world.ground.startMining(60 + world.draw(120));
        await new Promise((resolve) => setTimeout(resolve, world.draw(400)));
        await holder.kill();
        await other.says("Has the lane.");
        await world.settle(other);
        await world.ground.disturb();
        holder = other;
        other = world.start();
        await other.says("The keeper watches.");
      }
      await world.settle(holder);
      return undefined;
    },
  },
];
