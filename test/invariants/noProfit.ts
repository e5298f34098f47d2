import { expect } from "chai";
import type { Contract } from "ethers";

import { flatSurface } from "../../scripts/deployKeel.ts";
import { USDC, WAD } from "../contracts/utils/keel.ts";
import { movePool } from "../contracts/utils/market.ts";
import { useKeel, type Keel } from "../contracts/utils/useKeel.ts";
import { callOf, driftOf, putOf, rebalance, SHORT, SPOT, vaultAs } from "../contracts/utils/vault.ts";
import { Attacker, type Move } from "./handlers/attacker.ts";
import { World, type WorldMove } from "./handlers/world.ts";
import { answerFeeds } from "./support/chain.ts";
import { Dice, IS_DEEP, seeds } from "./support/seeds.ts";
import { reasonOf } from "./support/thief.ts";
import { inUsdc, type Truth } from "./support/truth.ts";

const TRUTH: Truth = { price: 3_000, volatility: 0.6, usdc: 1 };
/** USD a USDC is worth while its feed says 1, as far off as the feed allows; one after the other by seed. */
const DOLLARS = [1, 0.9976, 1.0024] as const;
/** Orderings a seed tries, each a change of the best so far. */
const TRIES = IS_DEEP ? 60 : 14;
const LONGEST = 16;
/** USDC, 6 decimals: rounding, and Aave's interest. */
const NOTHING = USDC;

type Step = Move | WorldMove;

/**
 * What an attacker gains is what it has at the end, at the true price, beyond what it had at first; what mere time does to
 * the shares it holds meanwhile is the market's, not a gain of the ordering. An honest hedge meets the pool at the true
 * price: sandwiches of hedges are in the loss budget, and in stolenKeeper.ts. Nor is it a gain what a taker pays beyond the
 * true value because the mark is off: whoever holds shares gets that, and only what is beyond the mark is locked.
 */
describe("No ordering of calls makes an attacker richer", () => {
  const keel = useKeel(async (k) => {
    await k.deposit(k.alice, 2_000_000n * USDC);
    await k.deposit(k.bob, 1_000_000n * USDC);
    const soon = (await callOf(k, 1, 3_050, 3_600)) - 84_600n;
    await k.buy(k.taker, soon, 60n * WAD);
    await k.buy(k.taker, await putOf(k, 7, 2_900, 2_300), 120n * WAD);
    await k.buy(k.taker, await callOf(k, 14), 250n * WAD);
    await k.fund(k.taker, 10_000_000n * USDC);
    // Bob waits in line with half of what he has.
    const shares = (await k.vault.balanceOf!(k.bob.address)) as bigint;
    await vaultAs(k, k.bob).requestRedeem!(shares / 2n, k.bob.address, k.bob.address);
    await k.networkHelpers.time.increase(400);
    await answerFeeds(k, TRUTH.price);
  });

  for (const seed of seeds([1, 2, 3])) {
    it(`found by search, seed ${String(seed)}`, async function () {
      this.timeout(600_000);
      const search = await Search.begin(keel(), seed);
      const { best, ordering } = await search.climb();
      console.log(`      the best of ${String(TRIES)} orderings loses ${usd(-best)} USDC`);
      if (best <= NOTHING) return;
      const minimal = await search.shrink(ordering);
      expect.fail(
        `seed ${String(seed)} gains ${usd(minimal.profit)} USDC:\n${minimal.ordering.map(tell).join("\n")}`,
      );
    });
  }

  describe("and outside of the box there is no way in or out at once", () => {
    const expectClosed = async () => {
      const { vault, alice, mainnet, usdc, contracts } = keel();
      for (const most of ["maxDeposit", "maxMint", "maxWithdraw", "maxRedeem"]) {
        expect(await vault.getFunction(most)(alice.address), most).to.equal(0n);
      }
      await mainnet.mintUsdc(alice.address as `0x${string}`, USDC);
      await (usdc.connect(alice) as Contract).approve!(contracts.Vault, USDC);
      const as = vaultAs(keel(), alice);
      await expect(as.deposit!(USDC, alice.address)).to.be.revertedWithCustomError(
        vault,
        "ERC4626ExceededMaxDeposit",
      );
      await expect(as.redeem!(WAD, alice.address, alice.address)).to.be.revertedWithCustomError(
        vault,
        "ERC4626ExceededMaxRedeem",
      );
    };

    for (const share of [0.985, 1.015]) {
      it(`of the price, at ${String(share)} of the oracle's`, async () => {
        await movePool(keel(), TRUTH.price * share);
        await keel().networkHelpers.time.increase(61);
        await expectClosed();
      });
    }

    for (const share of [0.9, 1.1]) {
      it(`of the volatility, at ${String(share)} of the anchor's`, async () => {
        const { volatilityOracle, surfacePoster } = keel();
        await (volatilityOracle.connect(surfacePoster) as Contract).post!(
          flatSurface(TRUTH.volatility * share),
        );
        await expectClosed();
      });
    }
  });
});

/** Random orderings, then changes of the best of them; what profits is shrunk to what it needs. */
class Search {
  readonly #keel: Keel;
  readonly #dice: Dice;
  readonly #attacker: Attacker;
  readonly #world: World;
  readonly #restore: () => Promise<void>;
  readonly #truth: Truth;

  private constructor(
    keel: Keel,
    dice: Dice,
    attacker: Attacker,
    truth: Truth,
    restore: () => Promise<void>,
  ) {
    this.#keel = keel;
    this.#dice = dice;
    this.#attacker = attacker;
    this.#world = new World(keel);
    this.#truth = truth;
    this.#restore = restore;
  }

  static async begin(keel: Keel, seed: number): Promise<Search> {
    const dice = new Dice(seed);
    const attacker = await Attacker.create(keel);
    if (dice.chance(0.5)) {
      const drift = await driftOf(keel);
      await rebalance(keel, [{ venue: drift < 0n ? SPOT : SHORT, dDelta: -drift }]);
    }
    const truth = { ...TRUTH, usdc: DOLLARS[seed % DOLLARS.length]! };
    await movePool(keel, inUsdc(truth));
    await keel.networkHelpers.time.increase(120);
    const snapshot = await keel.networkHelpers.takeSnapshot();
    return new Search(keel, dice, attacker, truth, () => snapshot.restore());
  }

  async climb(): Promise<{ best: bigint; ordering: readonly Step[] }> {
    let ordering = this.#template();
    let best = await this.#profit(ordering);
    for (let n = 1; n < TRIES && best <= NOTHING; n++) {
      // Every third is something else altogether: a climb alone stays at doing nothing.
      const other =
        n % 3 !== 0
          ? this.#change(ordering)
          : this.#dice.chance(0.5)
            ? this.#template()
            : Array.from({ length: 4 + (n % 10) }, () => this.#draw());
      const profit = await this.#profit(other);
      if (profit > best || best === 0n) [best, ordering] = [profit, other];
    }
    return { best, ordering };
  }

  async shrink(ordering: readonly Step[]): Promise<{ profit: bigint; ordering: readonly Step[] }> {
    let profit = await this.#profit(ordering);
    for (let at = ordering.length - 1; at >= 0; at--) {
      const shorter = ordering.filter((_, index) => index !== at);
      const gained = await this.#profit(shorter);
      if (gained > NOTHING) [ordering, profit] = [shorter, gained];
    }
    return { profit, ordering };
  }

  /** USDC, 6 decimals. */
  async #profit(ordering: readonly Step[]): Promise<bigint> {
    await this.#restore();
    this.#attacker.reset();
    let before = await this.#attacker.money(this.#truth);
    for (const step of ordering) {
      const isMarket = step.who === "world" && World.isMarket(step);
      const stake = isMarket ? await this.#attacker.stake(this.#truth) : 0n;
      const share = isMarket ? await this.#attacker.part() : 0n;
      const beyondMark = await this.#play(step);
      // What time brought, or a taker lost to a mark that is off, is not earned.
      if (isMarket) before += (await this.#attacker.stake(this.#truth)) - stake - (beyondMark * share) / WAD;
    }
    await this.#attacker.leave();
    return (await this.#attacker.money(this.#truth)) + (await this.#attacker.atBid(this.#truth)) - before;
  }

  /** @returns USDC that the vault gained beyond the mark, if it is a fill. */
  async #play(step: Step): Promise<bigint> {
    try {
      if (step.who === "world") return await this.#world.play(step, this.#truth);
      await this.#attacker.play(step, this.#truth);
    } catch (error) {
      const reason = reasonOf(this.#keel, error);
      if (!REFUSALS.some((refusal) => reason.includes(refusal))) throw error;
    }
    return 0n;
  }

  /** In while the oracle is at one end of the box, out at the other, with what is honest in between. */
  #template(): readonly Step[] {
    const end = () => this.#dice.pick([-1, 1]);
    const world = (name: WorldMove["name"], size = end()): Step => ({ who: "world", name, size });
    const attacker = (name: Move["name"], size = 1): Step => ({ who: "attacker", name, size });
    const between = [
      world("sell"),
      world("buyBack"),
      world("hedge"),
      attacker("processQueue"),
      world("expire"),
      world("dollar", 1),
    ];
    return [
      world("post"),
      world("round"),
      attacker("deposit", this.#dice.pick([1, 0.1])),
      ...between.filter(() => this.#dice.chance(0.4)),
      world("time", 1),
      world("post"),
      world("round"),
      attacker(this.#dice.pick(["redeem", "requestRedeem"])),
      attacker("processQueue"),
    ];
  }

  #draw(): Step {
    return this.#dice.chance(0.6) ? Attacker.draw(this.#dice) : World.draw(this.#dice);
  }

  #change(ordering: readonly Step[]): readonly Step[] {
    const at = Math.floor(this.#dice.uniform() * ordering.length);
    const changed = [...ordering];
    const how = this.#dice.pick(["insert", "replace", "remove", "swap"]);
    if (how === "remove" && changed.length > 3) changed.splice(at, 1);
    else if (how === "replace") changed[at] = this.#draw();
    else if (how === "swap")
      changed.splice(Math.floor(this.#dice.uniform() * ordering.length), 0, ...changed.splice(at, 1));
    else if (changed.length < LONGEST) changed.splice(at, 0, this.#draw());
    return changed;
  }
}

function tell(step: Step): string {
  const pool = step.who === "attacker" && step.pool !== undefined ? `, pool at ${step.pool.toFixed(3)}` : "";
  return `  ${step.who}: ${step.name}(${step.size.toFixed(4)}${pool})`;
}

function usd(amount: bigint): string {
  return (Number(amount) / 1e6).toFixed(2);
}

/** Why the chain may refuse a step; any other reason fails the test. */
const REFUSALS = [
  "ERC4626Exceeded",
  "ZeroShares",
  "NothingToProcess",
  "NothingToClaim",
  "NotOpen",
  "UnknownSeries",
  "NotSettled",
  "NoBreach",
  "AlreadyRecorded",
  "OracleUnfit",
  "NothingDue",
  "DriftNotReduced",
  "PostedTooSoon",
  "StepTooLarge",
  "HedgeReserveBreached",
  "BudgetExceeded",
  "QuoteOutsideEdge",
  "SeriesExpired",
  "exceeds balance",
  "Panic",
  "ERC20InsufficientBalance",
  "ERC1155InsufficientBalance",
];
