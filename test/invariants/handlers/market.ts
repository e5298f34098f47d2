import type { Contract } from "ethers";

import { flatSurface } from "../../../scripts/deployKeel.ts";
import { expiryOf, settleBook } from "../../contracts/utils/vault.ts";
import { answerFeeds, now } from "../support/chain.ts";
import type { Action, Life } from "../support/life.ts";
import type { Thief } from "../support/thief.ts";
import { settleExpired } from "./stranger.ts";

/** The price moves, the feed follows late or not at all, surfaces come and go stale, time goes by and series expire. */
export function market(life: Life, trader: Thief): readonly Action[] {
  const { keel, dice } = life;

  const move = async () => {
    const drawn = life.price * Math.exp((dice.chance(0.1) ? 0.05 : 0.008) * dice.normal());
    life.price = Math.min(6_000, Math.max(1_500, drawn));
    await trader.movePool(life.price);
    if (dice.chance(0.8)) await answerFeeds(keel, life.price);
    if (dice.chance(0.7)) await passTo(life, (await now(keel)) + 70);
    life.tell(`price ${life.price.toFixed(0)}`);
  };

  const wait = async () => {
    await passTo(life, (await now(keel)) + dice.pick([310, 1_200, 3_600, 9_000, 20_000, 90_000]));
    if (dice.chance(0.8)) await answerFeeds(keel, life.price);
    if (dice.chance(0.9)) await life.attempt("post", ["PostedTooSoon", "StepTooLarge"], () => postNear(life));
  };

  return [
    [6, move],
    [5, wait],
  ];
}

/** Lets time go by to `until`; what expires on the way settles at the price of then. */
export async function passTo(life: Life, until: number): Promise<void> {
  const { keel } = life;
  const from = await now(keel);
  const expiries = [...new Set([...life.series].map(expiryOf))].sort();
  for (const expiry of expiries.filter((at) => at > from + 5 && at <= until)) {
    await settleBook(keel, expiry, life.price);
    life.tell(`expiry at ${life.price.toFixed(0)}`);
    if (life.dice.chance(0.2)) await settleExpired(life);
  }
  if (until > (await now(keel))) await keel.networkHelpers.time.increaseTo(until);
}

async function postNear({ keel, dice }: Life): Promise<void> {
  const oracle = keel.volatilityOracle.connect(keel.surfacePoster) as Contract;
  const last = (await oracle.surface!()).pillars[0].atmVol as bigint;
  const next = (Number(last) / 1e9) * Math.exp(0.02 * dice.normal());
  await oracle.post!(flatSurface(Math.min(1.5, Math.max(0.3, next))));
}
