import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import type { Verdict } from "../postgresProxy.ts";
import type { Scenario } from "../scenario.ts";
import type { World } from "../world.ts";

const FULL: Verdict = { code: "53100", message: "could not extend file: No space left on device" };
const WRITES = /^\s*(with|insert|update|delete)\b/i;

/** Milliseconds without a database: longer than a lease, and than a statement may take. */
const AWAY = 6000;

/** @param when What the keeper has just said. */
async function without(
  world: World,
  when: string,
  away: () => void,
  back: () => unknown,
): Promise<undefined> {
  const keeper = world.start();
  await keeper.says(when);
  away();
  world.ground.startMining();
  await sleep(AWAY);
  await back();
  await world.settleTwice(keeper);
  return undefined;
}

const away: readonly (readonly [string, (world: World) => () => void, (world: World) => () => unknown])[] = [
  ["down", (world) => () => world.postgres.down(), (world) => () => world.postgres.up()],
  ["standing still", (world) => () => world.postgres.stall(), (world) => () => world.postgres.resume()],
  [
    "full",
    (world) => () => (world.postgres.judge = (sql) => (WRITES.test(sql) ? FULL : "pass")),
    (world) => () => (world.postgres.judge = () => "pass"),
  ],
];

const errors: readonly Exclude<Verdict, string>[] = [
  { code: "40001", message: "could not serialize access" },
  { code: "53300", message: "too many connections" },
  { code: "57P01", message: "terminating connection due to administrator command" },
  { code: "25006", message: "cannot execute INSERT in a read-only transaction" },
];

export const database: readonly Scenario[] = [
  ...away.flatMap(([what, begin, end]) =>
    ["Has the lane.", "Sends a transaction.", "A rebalance took effect."].map((when) => ({
      name: `the database is ${what} for a while after "${when}"`,
      run: async (world: World) => {
        if (when === "A rebalance took effect.") world.ground.startMining();
        return without(world, when, begin(world), end(world));
      },
    })),
  ),
  {
    name: "every fifth query fails, each in a way of its own",
    isQuick: true,
    run: async (world) => {
      let asked = 0;
      const keeper = world.start();
      await keeper.says("Has the lane.");
      world.postgres.judge = () => {
        if ((asked += 1) % 5 !== 0) return "pass";
        const kind = world.draw(errors.length + 1);
        return errors[kind] ?? "cut";
      };
      await world.settleTwice(keeper);
      return undefined;
    },
  },
  {
    name: "the directory of an embedded database is on a disk that fills up",
    run: async (world) => {
      const disk = join(world.directory, "disk");
      mkdirSync(disk);
      const mount = spawnSync("mount", ["-t", "tmpfs", "-o", "size=96m", "tmpfs", disk]);
      if (mount.status !== 0) {
        console.warn(`      skipped: no tmpfs can be mounted (${String(mount.stderr).trim()})`);
        return "unreached";
      }
      world.onEnd(() => void spawnSync("umount", ["-l", disk]));
      await world.embed(join(disk, "store"));
      const keeper = world.start();
      await world.settle(keeper);
      const ballast = join(disk, "ballast");
      spawnSync("dd", ["if=/dev/zero", `of=${ballast}`, "bs=4k"]);
      if (!existsSync(ballast)) writeFileSync(ballast, "");
      await world.ground.disturb();
      world.ground.startMining();
      await sleep(AWAY);
      if (!keeper.lines.some(({ error }) => String(error).includes("No space left")))
        throw new Error("The disk did not fill up.");
      rmSync(ballast);
      await world.settle(keeper);
      return undefined;
    },
  },
];
