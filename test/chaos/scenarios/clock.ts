import { writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Scenario } from "../scenario.ts";
import type { World } from "../world.ts";

const PRELOADED = join(import.meta.dirname, "../shiftedClock.ts");
const HOUR = 3_600_000;

async function jump(world: World, offsets: readonly number[]): Promise<undefined> {
  const file = join(world.directory, "clock");
  const keeper = world.start({ flags: ["--import", PRELOADED], env: { CHAOS_CLOCK: file } });
  await keeper.says("Sends a transaction.");
  for (const offset of offsets) {
    writeFileSync(file, String(offset));
    keeper.signal("SIGUSR2");
    await world.settle(keeper);
    await world.ground.disturb();
    await world.settle(keeper);
  }
  return undefined;
}

export const clock: readonly Scenario[] = [
  { name: "the machine's clock jumps an hour ahead", run: (world) => jump(world, [HOUR]) },
  { name: "the machine's clock jumps an hour back", run: (world) => jump(world, [-HOUR]) },
  { name: "the machine's clock jumps to and fro", run: (world) => jump(world, [HOUR, -HOUR, 0]) },
];
