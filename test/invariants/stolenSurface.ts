import { expect } from "chai";
import type { Contract } from "ethers";

import { surfaceBound } from "../../scripts/bound/hotKeyBounds.ts";
import { DAY, USDC, WAD } from "../contracts/utils/keel.ts";
import { DOLLAR_BOX } from "../contracts/utils/shares.ts";
import { useKeel, type Keel } from "../contracts/utils/useKeel.ts";
import {
  abs,
  callOf,
  driftOf,
  expiryOf,
  putOf,
  quantityOf,
  rebalance,
  SHORT,
  SPOT,
} from "../contracts/utils/vault.ts";
import { answerFeeds, now, subjectOf } from "./support/chain.ts";
import { Dice, IS_DEEP, seeds } from "./support/seeds.ts";
import { percent, shareOf } from "./support/thief.ts";

const STEPS = IS_DEEP ? 100 : 16;
const MARKET = 3_000;
/** What the accomplice can borrow for a block, in NAVs. */
const FLASH = 100n;

/** Of shape and of forward just under half a tolerance, which together is the swing there is room for; the steps. 9 decimals. */
const NINE = 10n ** 9n;
const SHAPE_SWING = 24_500_000n;
const FORWARD_SWING = 490_000n;
/** Seconds in which time makes room for as much again. */
const SWING_TIME = 43_200;
const SHAPE_STEP = 100_000_000n;
const FORWARD_STEP = 10_000_000n;

describe("A stolen surface key misprices shares by no more than the stated bound", () => {
  const keel = useKeel(async (k) => {
    await k.deposit(k.alice, 3_000_000n * USDC);
  });

  const [walks, swings]: [bigint[], bigint[]] = [[], []];
  for (const seed of seeds([1, 2])) {
    for (const way of ["up", "down"] as const) {
      it(`walks volatility ${way}, seed ${String(seed)}`, async function () {
        this.timeout(120_000);
        const theft = await SurfaceTheft.begin(keel(), seed);
        let largest = 0n;
        for (let step = 0; step < STEPS; step++) {
          await theft.walk(way);
          const { gain, bound } = await theft.measure();
          if (gain > largest) largest = gain;
          expect(gain <= bound, `gained ${percent(gain)}, bound ${percent(bound)}`).to.equal(true);
        }
        await theft.tell(largest);
        walks.push(largest);
      });
    }

    it(`jumps as far as a step lets it, seed ${String(seed)}`, async () => {
      const theft = await SurfaceTheft.begin(keel(), seed);
      for (let step = 0; step < 6; step++) {
        await theft.jump();
        const { gain, bound } = await theft.measure();
        expect(gain <= bound, `gained ${percent(gain)}, bound ${percent(bound)}`).to.equal(true);
      }
    });

    it(`goes to and fro within the tolerances, seed ${String(seed)}`, async function () {
      this.timeout(120_000);
      const theft = await SurfaceTheft.begin(keel(), seed);
      const { gain, bound } = await theft.swing(3);
      console.log(`      took ${percent(gain)} of NAV in three days; bound ${percent(bound)}`);
      expect(gain <= bound, `took ${percent(gain)}, bound ${percent(bound)}`).to.equal(true);
      swings.push(gain);
    });
  }

  // Not of every book, but a thief that gets nothing of any proves nothing.
  after(() => {
    for (const gains of [walks, swings]) {
      if (gains.length !== 0) expect(gains.some((gain) => gain > 0n)).to.equal(true);
    }
  });
});

interface Pillar {
  tenor: bigint;
  atmVol: bigint;
  skew: bigint;
  curvature: bigint;
  forwardRatio: bigint;
}

type Signs = readonly [atm: bigint, skew: bigint, curvature: bigint, forward: bigint];

const SIGNS: readonly Signs[] = Array.from({ length: 16 }, (_, n) => {
  const sign = (bit: number) => ((n >> bit) & 1 ? 1n : -1n);
  return [sign(0), sign(1), sign(2), sign(3)];
});

/** A theft by surfaces; the accomplice would enter or leave at the worst moment. */
class SurfaceTheft {
  readonly #keel: Keel;
  readonly #start: number;
  readonly #truth: Pillar[];
  readonly #expiry: number;

  private constructor(keel: Keel, start: number, truth: Pillar[], expiry: number) {
    this.#keel = keel;
    this.#start = start;
    this.#truth = truth;
    this.#expiry = expiry;
  }

  /** A book of one expiry, as deep as the reserve lets it, hedged, with the surface true and settled. */
  static async begin(keel: Keel, seed: number): Promise<SurfaceTheft> {
    const dice = new Dice(seed);
    const days = dice.pick([7, 14, 30, 34]);
    const isPut = dice.chance(0.5);
    const strike = MARKET * dice.pick([0.9, 1, 1.1]);
    const width = strike * dice.pick([0.2, 0.4]);
    const id = isPut
      ? await putOf(keel, days, strike, strike - width)
      : await callOf(keel, days, strike, strike + width);
    const quantity = BigInt(
      Math.floor((0.9 * 3_000_000) / (isPut ? 0.7 * strike + width : strike + 2 * width)),
    );
    await keel.buy(keel.taker, id, quantity * WAD);
    const drift = await driftOf(keel);
    await rebalance(keel, [{ venue: drift < 0n ? SPOT : SHORT, dDelta: -drift }]);
    await keel.networkHelpers.time.increase(DAY + 3_600);
    await answerFeeds(keel, MARKET);
    const truth = await read(keel, "surface");
    await post(keel, truth);
    return new SurfaceTheft(keel, await now(keel), truth, expiryOf(id));
  }

  /** Posts, as often as it may or less, the worst surface that is settled at once. */
  async walk(way: "up" | "down"): Promise<void> {
    await this.#wait(900);
    const signs = SIGNS.filter(([atm]) => atm === (way === "up" ? 1n : -1n));
    await post(this.#keel, await this.#worst(signs));
  }

  /** Posts a volatility a whole step higher: nobody enters or leaves by it until the anchor has come near. */
  async jump(): Promise<void> {
    await this.#wait(400);
    const served = await read(this.#keel, "surface");
    await post(
      this.#keel,
      served.map((pillar) => ({ ...pillar, atmVol: (pillar.atmVol * 119n) / 100n })),
    );
  }

  /**
   * What the accomplice would gain by entering or by leaving now, a share of true NAV; the bound of that, and of all in this
   * time. A USDC lies as far off its feed as bid and ask allow for, on the accomplice's side: that room is not the surface's.
   */
  async measure(): Promise<{ gain: bigint; bound: bigint; inAll: bigint }> {
    const { vault } = this.#keel;
    const value = (await vault.value!()) as {
      bid: bigint;
      ask: bigint;
      entryOpen: boolean;
      exitOpen: boolean;
    };
    const { nav, dollar, exposure } = await this.#trueBook();
    const { parameters } = await subjectOf(this.#keel);
    const elapsed = BigInt((await now(this.#keel)) - this.#start);
    const { once, total } = surfaceBound(parameters, [exposure], elapsed);
    // Entering with F pays F for F/(ask + F) of nav + F; leaving with nearly everything takes bid for nav.
    const assets = FLASH * nav;
    const entry = value.entryOpen ? (assets * (nav + dollar + assets)) / (value.ask + assets) - assets : 0n;
    const exit = value.exitOpen ? value.bid - (nav - dollar) : 0n;
    return { gain: shareOf(entry > exit ? entry : exit, nav), bound: once, inAll: total };
  }

  /**
   * The ends at which entry is cheapest and exit dearest, in turn, as often as the swing has room for. What an accomplice
   * could have taken of NAV by all of them, and the bound.
   */
  async swing(times: number): Promise<{ gain: bigint; bound: bigint }> {
    const { vault, networkHelpers } = this.#keel;
    await this.#wait(400);
    let low: { ask: bigint; signs: Signs } | undefined;
    let high: { bid: bigint; signs: Signs } | undefined;
    for (const signs of SIGNS) {
      const snapshot = await networkHelpers.takeSnapshot();
      await post(this.#keel, await this.#at(signs));
      const { ask, bid } = (await vault.value!()) as { bid: bigint; ask: bigint };
      if (low === undefined || ask < low.ask) low = { ask, signs };
      if (high === undefined || bid > high.bid) high = { bid, signs };
      await snapshot.restore();
    }
    let gain = 0n;
    for (let n = 0; n < 2 * times; n++) {
      await post(this.#keel, await this.#at(n % 2 === 0 ? low!.signs : high!.signs));
      const { gain: one } = await this.measure();
      if (one > 0n) gain += one;
      await this.#wait(SWING_TIME);
    }
    return { gain, bound: (await this.measure()).inAll };
  }

  async tell(largest: bigint): Promise<void> {
    const { bound } = await this.measure();
    const hours = ((await now(this.#keel)) - this.#start) / 3_600;
    console.log(
      `      shares off by ${percent(largest)} of NAV at most in ${hours.toFixed(1)} h; bound ${percent(bound)}`,
    );
  }

  async #wait(seconds: number): Promise<void> {
    await this.#keel.networkHelpers.time.increase(seconds);
    await answerFeeds(this.#keel, MARKET);
  }

  /** The surface at the ends of the tolerances around the anchor. */
  async #at([atm, skew, curvature, forward]: Signs): Promise<Pillar[]> {
    const [anchors, served] = await Promise.all([read(this.#keel, "anchor"), read(this.#keel, "surface")]);
    return anchors.map((anchor, index) => {
      const [last, truth] = [served[index]!, this.#truth[index]!];
      const wanted = atm > 0n ? (anchor.atmVol * 1_000n) / 951n : (anchor.atmVol * 1_000n) / 1_049n;
      return {
        tenor: anchor.tenor,
        atmVol: clamp(wanted, last.atmVol, (last.atmVol * 199n) / 1_000n),
        skew: clamp(truth.skew + skew * SHAPE_SWING, last.skew, SHAPE_STEP),
        curvature: clamp(truth.curvature + curvature * SHAPE_SWING, last.curvature, SHAPE_STEP),
        forwardRatio: clamp(truth.forwardRatio + forward * FORWARD_SWING, last.forwardRatio, FORWARD_STEP),
      };
    });
  }

  /** Of the surfaces at these ends, the one that values the book furthest from the truth. */
  async #worst(signs: readonly Signs[]): Promise<Pillar[]> {
    const truth = await this.#valueAt(this.#truth);
    let worst: { pillars: Pillar[]; gap: bigint } | undefined;
    for (const one of signs) {
      const pillars = await this.#at(one);
      const gap = abs((await this.#valueAt(pillars)).price - truth.price);
      if (worst === undefined || gap > worst.gap) worst = { pillars, gap };
    }
    return worst!.pillars;
  }

  async #trueBook() {
    const { vault } = this.#keel;
    const [marks, served] = (await vault.status!()) as [
      { ethUsd: bigint; book: { price: bigint; delta: bigint } },
      bigint,
    ];
    const book = await this.#valueAt(this.#truth);
    const nav = served + (book.price - marks.book.price) / 10n ** 12n;
    const usd = Number(nav) / 1e6;
    // The largest on the way: at the truth, or at what is served.
    const [true_, false_] = [this.#truth, await read(this.#keel, "surface")];
    const atServed = await this.#valueAt(false_);
    const larger = (a: bigint, b: bigint) => Math.max(Number(abs(a)), Number(abs(b))) / 1e18 / usd;
    const exposure = {
      tenor: this.#expiry - (await now(this.#keel)),
      volatility: Number(this.#truth[0]!.atmVol) / 1e9,
      vega: larger(book.vega, atServed.vega),
      shape: Math.max(await this.#shapeAt(true_), await this.#shapeAt(false_)) / usd,
      delta: larger(book.delta, atServed.delta) * MARKET,
    };
    const dollar = (abs(marks.book.delta) * marks.ethUsd * DOLLAR_BOX) / (WAD * 10n ** 30n);
    return { nav, dollar, exposure };
  }

  /** As `SurfaceExposure` has it, USD. */
  async #shapeAt(pillars: readonly Pillar[]): Promise<number> {
    const { vault, engine } = this.#keel;
    const tau = this.#expiry - (await now(this.#keel));
    const spot = BigInt(MARKET) * WAD;
    let sum = 0;
    for (const leg of (await vault.legs!()) as bigint[]) {
      for (const shift of [104n, 40n]) {
        // Strike and cap of a series, 8 decimals.
        const strike = ((leg >> shift) & (2n ** 64n - 1n)) * 10n ** 10n;
        const [sigma, ratio] = (await engine.getFunction("volatility")(spot, strike, tau, { pillars })) as [
          bigint,
          bigint,
        ];
        const forward = (spot * ratio) / WAD;
        const option = (await engine.getFunction("greeks")(false, spot, strike, 0, sigma, tau, forward)) as {
          vega: bigint;
        };
        const x = Math.abs(Math.log(Number(strike) / Number(forward))) / Math.sqrt(tau / (365 * DAY));
        sum += (Math.abs(Number(quantityOf(leg))) / 1e18) * (Number(option.vega) / 1e18) * (x + (x * x) / 2);
      }
    }
    return sum;
  }

  async #valueAt(pillars: readonly Pillar[]) {
    const { vault, engine } = this.#keel;
    const legs = [...((await vault.legs!()) as bigint[])];
    const spot = BigInt(MARKET) * WAD;
    return (await engine.getFunction("book")(legs, spot, await now(this.#keel), { pillars })) as {
      price: bigint;
      delta: bigint;
      vega: bigint;
    };
  }
}

async function read(keel: Keel, which: "surface" | "anchor"): Promise<Pillar[]> {
  const [pillars] = (await keel.volatilityOracle.getFunction(which)()) as [Pillar[]];
  return pillars.map(({ tenor, atmVol, skew, curvature, forwardRatio }) => ({
    tenor,
    atmVol,
    skew,
    curvature,
    forwardRatio,
  }));
}

async function post(keel: Keel, pillars: readonly Pillar[]): Promise<void> {
  await (keel.volatilityOracle.connect(keel.surfacePoster) as Contract).post!(pillars);
}

/** Within `step` of `last`, and within what any surface may be. */
function clamp(wanted: bigint, last: bigint, step: bigint): bigint {
  const reached = wanted > last + step ? last + step : wanted < last - step ? last - step : wanted;
  return reached > 4n * NINE ? 4n * NINE : reached;
}
