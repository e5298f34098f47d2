import type { World } from "./world.ts";

/** Something that goes wrong. What must hold afterwards is the same for all. */
export interface Scenario {
  readonly name: string;
  /** Whether `npm test` plays it, too. */
  readonly isQuick?: boolean;
  /** Leaves a keeper running that has brought everything to an end. @returns "unreached" where what should have happened did not. */
  readonly run: (world: World) => Promise<"unreached" | undefined>;
}

/** Scenarios numbered from 1, until one is not reached. */
export interface Series {
  readonly name: string;
  readonly at: (n: number) => Scenario;
}

/** Plays one scenario and looks whether everything is as it must be. */
export async function play(world: World, scenario: Scenario, seed: number): Promise<"unreached" | undefined> {
  await world.reset(seed, scenario.name);
  try {
    const outcome = await scenario.run(world);
    await world.check();
    return outcome;
  } catch (error) {
    const log = world.keepers
      .map((keeper, index) => `\nkeeper ${String(index + 1)}:${keeper.tail(60)}`)
      .join("");
    (error as Error).message +=
      `\nseed ${String(seed)}: npm run test:chaos -- --seed ${String(seed)} --only '${scenario.name}'${log}`;
    throw error;
  } finally {
    await world.clear();
  }
}
