import type { Server } from "../keeper/utils/postgresServer.ts";
import { closeSharedServer, sharedServer } from "../keeper/utils/postgres.ts";
import { play } from "./scenario.ts";
import { scenarios } from "./scenarios/all.ts";
import { World } from "./world.ts";

/** A new one every day, so that what is drawn is not always the same; a failure names it. */
const SEED = Number(process.env["CHAOS_SEED"] ?? Math.floor(Date.now() / 86_400_000));

after(closeSharedServer);

describe("a keeper in a world that goes wrong", function () {
  this.timeout(60_000);
  let world: World | undefined;

  before(async function () {
    const server: Server | null = await sharedServer();
    if (server === null) this.skip();
    world = await World.create(server);
  });
  after(() => world?.close());

  for (const scenario of scenarios.filter(({ isQuick }) => isQuick === true)) {
    it(`survives ${scenario.name}`, async () => {
      await play(world!, scenario, SEED);
    });
  }
});
