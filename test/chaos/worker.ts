import { startServer } from "../keeper/utils/postgresServer.ts";
import { play, type Scenario } from "./scenario.ts";
import { scenarios, series } from "./scenarios/all.ts";
import { World } from "./world.ts";

/** What a worker is asked to play: a scenario by its name, or the n-th of a series. */
export interface Task {
  readonly name: string;
  readonly n: number | null;
}

export interface Result {
  readonly outcome: "ok" | "unreached" | "failed";
  readonly error: string | null;
}

/** Plays what its parent tells it to, in a world of its own, until it is told nothing more. */
async function work(seed: number): Promise<void> {
  const server = await startServer();
  if (server === null) throw new Error("There is no PostgreSQL for this platform.");
  const world = await World.create(server);
  process.on("message", (task: Task | null) => {
    void (async () => {
      if (task === null) {
        await world.close();
        await server.destroy();
        process.exit(0);
      }
      process.send!(await playTask(world, task, seed));
    })();
  });
  process.send!(null);
}

async function playTask(world: World, task: Task, seed: number): Promise<Result> {
  try {
    return { outcome: (await play(world, find(task), seed)) ?? "ok", error: null };
  } catch (error) {
    return { outcome: "failed", error: (error as Error).message };
  }
}

function find({ name, n }: Task): Scenario {
  return n === null
    ? scenarios.find((scenario) => scenario.name === name)!
    : series.find((each) => each.name === name)!.at(n);
}

// Run as a command: Mocha loads every file here.
if (process.argv[1] === import.meta.filename) await work(Number(process.argv[2]));
