import type { Hex } from "viem";

import { startJsonServer, type Answer } from "../../keeper/utils/jsonServer.ts";
import type { Scenario } from "../scenario.ts";
import type { World } from "../world.ts";

interface Request {
  readonly id: number;
  readonly params: readonly [Hex];
}

/** Seconds of the chain. */
const PUBLIC_AFTER = 6;
const HASH = `0x${"00".repeat(32)}`;

/** @param handle What the relay does with what it is given. */
async function through(
  world: World,
  handle: (request: Request, world: World) => Promise<Answer> | Answer,
  isKilled = false,
): Promise<undefined> {
  const relay = await startJsonServer((body) => handle(body as Request, world));
  world.onEnd(() => relay.close());
  const start = { settings: { private: { url: relay.url, publicAfter: PUBLIC_AFTER } } };
  let keeper = world.start(start);
  if (isKilled) {
    await keeper.says("Sends a transaction.");
    await world.ground.mine();
    await keeper.kill();
    await world.expireLeases();
    keeper = world.start(start);
  }
  await world.settleTwice(keeper);
  return undefined;
}

const taken = ({ id }: Request): Answer => ({ json: { jsonrpc: "2.0", id, result: HASH } });
const refused = ({ id }: Request): Answer => ({
  json: { jsonrpc: "2.0", id, error: { code: -32_000, message: "the relay is at sea" } },
});

export const relay: readonly Scenario[] = [
  { name: "a private relay that loses what it took", isQuick: true, run: (world) => through(world, taken) },
  {
    name: "a private relay that loses what it took, and a death",
    run: (world) => through(world, taken, true),
  },
  { name: "a private relay that refuses", run: (world) => through(world, refused) },
  { name: "a private relay that hangs up", run: (world) => through(world, () => "hang up" as const) },
  {
    name: "a private relay that delivers when it has long been public",
    run: (world) =>
      through(world, (request) => {
        const { ground } = world;
        const late = setTimeout(() => {
          ground.rpc("eth_sendRawTransaction", request.params).catch(() => undefined);
        }, 1500);
        // On the chain of the next scenario the transaction would be as good.
        world.onEnd(() => {
          clearTimeout(late);
        });
        return taken(request);
      }),
  },
  {
    name: "a private relay that delivers and says that it did not",
    run: (world) =>
      through(world, async (request) => {
        await world.ground.rpc("eth_sendRawTransaction", request.params).catch(() => undefined);
        return refused(request);
      }),
  },
];
