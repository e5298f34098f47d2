import { expect } from "chai";
import type { Contract } from "ethers";

import { USDC, WAD } from "../contracts/utils/keel.ts";
import { useKeel } from "../contracts/utils/useKeel.ts";
import { expiryOf, SHORT, SPOT, vaultAs } from "../contracts/utils/vault.ts";
import { depositors } from "./handlers/depositors.ts";
import { market, passTo } from "./handlers/market.ts";
import { settleExpired, stranger } from "./handlers/stranger.ts";
import { PLENTY, traders } from "./handlers/traders.ts";
import { SPECIFICATION } from "./specification.ts";
import { answerFeeds, now } from "./support/chain.ts";
import { Life } from "./support/life.ts";
import { Dice, IS_DEEP, seeds } from "./support/seeds.ts";
import { Thief } from "./support/thief.ts";

/**
 * After the last series has settled. The budget of rescues gives back a quarter of NAV a day, and what is released is no
 * longer in NAV: a hedge that nobody else ends goes by a quarter of itself a day at the slowest, and with it who is last.
 */
const MOST_DAYS = 20;
/** Of the shares that asked to leave, 18 decimals: 0.75^20 is 0.3 %. */
const LAST_OF_THEM = 10n ** 16n;
const STEPS = IS_DEEP ? 250 : 90;

describe("The specification holds through random lives", () => {
  const keel = useKeel(async (k) => {
    await k.deposit(k.alice, 2_000_000n * USDC);
    await k.deposit(k.bob, 1_000_000n * USDC);
    await k.fund(k.taker, PLENTY);
  });

  for (const seed of seeds([1, 2])) {
    it(`and lets everybody out in the end, seed ${String(seed)}`, async function () {
      this.timeout(600_000);
      const life = new Life(keel(), new Dice(seed));
      try {
        const actions = [
          ...depositors(life),
          ...stranger(life),
          ...market(life, await Thief.deploy(keel())),
          ...traders(life),
        ];
        for (let step = 0; step < STEPS; step++) {
          await life.dice.weighted(actions)();
          await expectSpecified(life);
        }
        await letEverybodyOut(life);
      } catch (error) {
        console.log(`seed ${String(seed)}:\n${life.story}`);
        throw error;
      }
    });
  }
});

async function expectSpecified(life: Life): Promise<void> {
  for (const [name, holds] of Object.entries(SPECIFICATION)) {
    try {
      await holds(life);
    } catch (error) {
      life.tell(`broken: ${name}`);
      throw error;
    }
  }
}

/** Everybody asks to leave, the keeper is dead, and strangers do what is left to do. */
async function letEverybodyOut(life: Life): Promise<void> {
  const { keel } = life;
  const { vault, usdc, book, contracts, taker } = keel;
  const anyone = vaultAs(keel, keel.stranger);
  for (const user of life.depositors) {
    const shares = (await vault.balanceOf!(user.address)) as bigint;
    if (shares === 0n) continue;
    await vaultAs(keel, user).requestRedeem!(shares, user.address, user.address);
    const start = life.requests.at(-1)?.end ?? 0n;
    life.requests.push({
      id: BigInt(life.requests.length),
      receiver: user.address,
      start,
      end: start + shares,
    });
  }
  const last = Math.max(0, ...[...life.series].map(expiryOf));
  await passTo(life, Math.max(last, await now(keel)) + 60);
  await expectSpecified(life);
  await settleExpired(life);
  expect(await vault.legs!()).to.deep.equal([]);
  await keel.mainnet.submitEthUsd(life.price);
  for (
    let day = 0;
    day < MOST_DAYS && ((await vault.queue!()) as { waiting: bigint }).waiting !== 0n;
    day++
  ) {
    await life.attempt("record", ["NoBreach", "AlreadyRecorded"], () => anyone.recordBreach!());
    await keel.networkHelpers.time.increase(1_200);
    await answerFeeds(keel, life.price);
    await endHedge(life);
    await life.attempt("process", ["NothingToProcess"], () => anyone.processQueue!());
    await expectSpecified(life);
    await passTo(life, (await now(keel)) + 86_400);
    await answerFeeds(keel, life.price);
  }
  for (const { id } of life.requests) {
    if (((await vault.claimable!(id)) as bigint) !== 0n) await anyone.claim!(id);
  }
  for (const id of life.series) await (book.connect(taker) as Contract).claim!(id, taker.address);
  const { waiting, owed } = (await vault.queue!()) as { waiting: bigint; owed: bigint };
  const asked = life.requests.at(-1)?.end ?? 0n;
  expect(waiting * WAD <= asked * LAST_OF_THEM, `${String(waiting)} of ${String(asked)} wait`).to.equal(true);
  expect(await vault.totalSupply!()).to.equal(waiting);
  // Less than a unit a claim is what rounding leaves.
  expect(owed <= BigInt(life.requests.length)).to.equal(true);
  expect((await usdc.balanceOf!(contracts.OptionBook)) as bigint).to.be.lessThan(100n);
  if (waiting === 0n) expect((await vault.totalAssets!()) as bigint).to.be.lessThan(1_000n * USDC);
}

/** Ends by the ripcord what position is left, as much of it as the budgets of rescues let. */
async function endHedge(life: Life): Promise<void> {
  const { vault, stranger: by } = life.keel;
  const drift = (await vault.drift!()) as bigint;
  for (let part = 1n; part <= 64n; part *= 2n) {
    const dDelta = -drift / part;
    const legs = [SPOT, SHORT].map((venue) => ({ venue, dDelta, limitPrice: drift < 0n ? 2n ** 200n : 0n }));
    // One leg after the other: both would be twice the part.
    for (const leg of legs) {
      const refusals = ["NoBreach", "BudgetExceeded", "BreachNotDue", "DriftNotReduced"];
      if (await life.attempt("ripcord", refusals, () => vaultAs(life.keel, by).ripcord!([leg]))) return;
    }
  }
}
