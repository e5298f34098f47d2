import type { Scenario, Series } from "../scenario.ts";
import { OneShot, PHASES, type Channel, type Message, type Phase } from "../tap.ts";
import type { Start, World } from "../world.ts";

const CHANNELS: readonly Channel[] = ["rpc", "database", "signer"];

/** What an interruption does to the keeper: it dies, or only loses the connection on which it waits. */
type Harm = "killed" | "cut off";

/**
 * SIGKILL before the n-th message on a channel is forwarded, or after it was and before its reply is, for every n of a whole
 * rebalance; and the same where only the connection breaks.
 */
export const interruptions: readonly Series[] = (["killed", "cut off"] as const).flatMap((harm) =>
  CHANNELS.flatMap((channel) =>
    PHASES.map((phase) => ({
      name: `${harm} ${phase} a message on ${channel}`,
      at: (n: number): Scenario => ({
        name: `${harm} ${phase} message ${String(n)} on ${channel}`,
        run: (world) =>
          interrupt(world, harm, phase, (message) => message.channel === channel && message.n === n, {
            remote: channel === "signer",
          }),
      }),
    })),
  ),
);

/** Of those, the ones around what must not be torn apart. */
const STEPS: readonly (readonly [string, Channel, RegExp])[] = [
  ["intent", "database", /insert into executions/],
  ["request to sign", "signer", /eth_signTransaction/],
  ["signed bytes", "database", /update executions set status = 'signed'/],
  ["broadcast", "rpc", /eth_sendRawTransaction/],
  ["look for the receipt", "rpc", /eth_getTransactionReceipt/],
];

/** With `npm test` goes the moment at which another order of saving and sending would show. */
const isQuick = (name: string, phase: Phase) => name === "broadcast" && phase === "after";

export const steps: readonly Scenario[] = STEPS.flatMap(([name, channel, pattern]) =>
  PHASES.flatMap((phase) =>
    (["postgres", "pglite"] as const)
      .filter((engine) => engine === "postgres" || channel !== "database")
      .map((engine) => ({
        name: `killed ${phase} its ${name} ${phase === "before" ? "is out" : "is answered"}, on ${engine}`,
        isQuick: engine === "postgres" && isQuick(name, phase),
        run: async (world: World) => {
          if (engine === "pglite") await world.embed(`${world.directory}/store`);
          const matches = (message: Message) => message.channel === channel && pattern.test(message.what);
          const outcome = await interrupt(world, "killed", phase, matches, { remote: channel === "signer" });
          if (outcome === "unreached") throw new Error("The keeper never came there.");
          return outcome;
        },
      })),
  ),
);

async function interrupt(
  world: World,
  harm: Harm,
  phase: Phase,
  matches: (message: Message) => boolean,
  start: Start,
): Promise<"unreached" | undefined> {
  const first = world.start(start);
  const tap = new OneShot(phase, matches, async () => {
    if (harm === "cut off") return "break";
    await first.kill();
    return "hold";
  });
  world.tap = tap;
  const isOver = async () => tap.hit !== null || (await world.isSettled(first));
  try {
    await world.settle(first, isOver);
  } catch (error) {
    // A keeper whose start is disturbed may say so and end.
    if (tap.hit === null) throw error;
  }
  if (tap.hit === null) return "unreached";
  if (harm === "cut off" && first.end === null) {
    try {
      await world.settle(first);
      return undefined;
    } catch (error) {
      if (first.end === null) throw error;
    }
  }
  await world.expireLeases();
  await world.settle(world.start(start));
  return undefined;
}
