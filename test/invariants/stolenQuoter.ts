import { expect } from "chai";
import type { Contract } from "ethers";

import { quoterBound } from "../../scripts/bound/hotKeyBounds.ts";
import { DAY, seriesId, USDC, WAD } from "../contracts/utils/keel.ts";
import { useKeel, type Keel } from "../contracts/utils/useKeel.ts";
import { abs, quantityOf, seriesOf, expiryOf, settleBook, vaultAs } from "../contracts/utils/vault.ts";
import { answerFeeds, now, subjectOf } from "./support/chain.ts";
import { Dice, IS_DEEP, seeds } from "./support/seeds.ts";
import { percent, reasonOf, Thief, toWad } from "./support/thief.ts";

const STEPS = IS_DEEP ? 120 : 60;
/** Where the market stays; the oracle strays to both ends of the box around it. */
const MARKET = 3_000;
const GAP = 0.0098;
const VOLATILITY_BOX = 0.05;
/** Seconds. */
const TENORS: readonly number[] = [900, 3_600, 14_400, DAY, 7 * DAY, 34 * DAY];
/** Seconds between two thefts. */
type Pause = readonly [least: number, most: number];
const PAUSE: Pause = [310, 1_500];
const QUOTER = 2n;
const LARGEST = 700n;

describe("A stolen quoter key loses no more than the stated bound", () => {
  const keel = useKeel(async (k) => {
    await k.deposit(k.alice, 3_000_000n * USDC);
  });

  for (const seed of seeds([1])) {
    it(`greedy, whatever loses most for what it uses up, seed ${String(seed)}`, async function () {
      this.timeout(120_000);
      const theft = await QuoteTheft.begin(keel(), seed);
      for (let step = 0; step < STEPS; step++) {
        await theft.moveOracle();
        await theft.steal("greedy");
      }
      const { lost, bound, capacity } = await theft.finish();
      expect(lost <= bound, `lost ${percent(lost)}, bound ${percent(bound)}`).to.equal(true);
      expect(lost > capacity / 2n, `only ${percent(lost)} lost`).to.equal(true);
    });
  }

  for (const seed of seeds([3])) {
    it(`greedy, options that end within minutes, seed ${String(seed)}`, async function () {
      this.timeout(120_000);
      const theft = await QuoteTheft.begin(keel(), seed, [620], [640, 650]);
      for (let step = 0; step < STEPS; step++) {
        await theft.moveOracle();
        await theft.steal("greedy");
      }
      const { lost, bound } = await theft.finish();
      expect(lost <= bound, `lost ${percent(lost)}, bound ${percent(bound)}`).to.equal(true);
    });
  }

  for (const seed of seeds([2])) {
    it(`any quotes, seed ${String(seed)}`, async function () {
      this.timeout(120_000);
      const theft = await QuoteTheft.begin(keel(), seed);
      for (let step = 0; step < STEPS; step++) {
        await theft.moveOracle();
        await theft.steal("any");
      }
      const { lost, bound, fills } = await theft.finish();
      expect(lost <= bound, `lost ${percent(lost)}, bound ${percent(bound)}`).to.equal(true);
      expect(fills).to.be.greaterThan(3);
    });
  }

  it("washing what has no delta at both edges", async function () {
    this.timeout(120_000);
    const theft = await QuoteTheft.begin(keel(), 1);
    const expiry = (await now(keel())) + 14 * DAY;
    const id = seriesId({ isPut: false, strike: 1_500, cap: 2_000, expiry });
    for (let step = 0; step < 12; step++) {
      await theft.moveOracle();
      await theft.wash(id);
    }
    const { lost, lossBound, capacity } = await theft.finish();
    expect(lost <= lossBound, `lost ${percent(lost)}, bound ${percent(lossBound)}`).to.equal(true);
    expect(lost > capacity / 2n, `only ${percent(lost)} lost`).to.equal(true);
  });

  it("ends with the role", async () => {
    const theft = await QuoteTheft.begin(keel(), 1);
    await theft.moveOracle();
    await (keel().revoker.connect(keel().guardian) as Contract).revoke!(QUOTER, keel().quoter.address);
    await theft.steal("any");
    expect(theft.refusals).to.deep.equal(["InvalidSignature"]);
  });
});

interface Candidate {
  readonly id: bigint;
  readonly sells: boolean;
  /** USDC, 6 decimals. */
  readonly premium: bigint;
  /** USD, 18 decimals, that one option is lost for. */
  readonly loss: bigint;
  /** What it uses of the budgets, by one option: USD, 18 decimals. */
  readonly use: bigint;
}

interface Pillar {
  tenor: bigint;
  atmVol: bigint;
  skew: bigint;
  curvature: bigint;
  forwardRatio: bigint;
}

/** One theft by quotes the thief signs and takes itself. */
class QuoteTheft {
  readonly #keel: Keel;
  readonly #dice: Dice;
  readonly #thief: Thief;
  readonly #start: number;
  readonly #tenors: readonly number[];
  readonly #pause: Pause;
  readonly refusals: string[] = [];
  #oracle = MARKET;
  #lost = 0n;
  #fills = 0;

  private constructor(
    keel: Keel,
    dice: Dice,
    thief: Thief,
    start: number,
    tenors: readonly number[],
    pause: Pause,
  ) {
    this.#keel = keel;
    this.#pause = pause;
    this.#tenors = tenors;
    this.#dice = dice;
    this.#thief = thief;
    this.#start = start;
  }

  static async begin(keel: Keel, seed: number, tenors = TENORS, pause = PAUSE): Promise<QuoteTheft> {
    const thief = await Thief.deploy(keel);
    return new QuoteTheft(keel, new Dice(seed), thief, await now(keel), tenors, pause);
  }

  /** Some minutes go by, and the feed answers at one end of the box; what expired settles. */
  async moveOracle(): Promise<void> {
    const { vault, networkHelpers } = this.#keel;
    const until = (await now(this.#keel)) + Math.round(this.#dice.between(...this.#pause));
    const expiries = ((await vault.legs!()) as bigint[]).map((leg) => expiryOf(seriesOf(leg)));
    for (const expiry of [...new Set(expiries)].sort()) {
      if (expiry > until + 5 || expiry <= (await now(this.#keel)) + 5) continue;
      await settleBook(this.#keel, expiry, MARKET);
      for (const leg of (await vault.legs!()) as bigint[]) {
        if (expiryOf(seriesOf(leg)) === expiry) {
          await vaultAs(this.#keel, this.#keel.bob).settle!(seriesOf(leg));
        }
      }
    }
    if (until > (await now(this.#keel))) await networkHelpers.time.increaseTo(until);
    const oracle = this.#keel.volatilityOracle.connect(this.#keel.surfacePoster) as Contract;
    await oracle.post!(await this.#pillars(0));
    this.#oracle = MARKET / (1 + (this.#dice.chance(0.5) ? GAP : -GAP));
    await answerFeeds(this.#keel, this.#oracle);
  }

  async steal(how: "greedy" | "any"): Promise<void> {
    const candidates = await this.#candidates();
    if (candidates.length === 0) return;
    const best = candidates.reduce((a, b) => (b.loss * a.use > a.loss * b.use ? b : a));
    const candidate = how === "greedy" ? best : this.#dice.pick(candidates);
    if (how === "greedy" && candidate.loss <= 0n) return;
    for (let quantity = LARGEST * WAD; quantity >= WAD; quantity /= 3n) {
      if (await this.#fill(candidate, quantity)) return;
    }
  }

  /** Sells as much of `id` as it can, then buys back what it sold, at the worst the vault takes: all of it is loss at the mark. */
  async wash(id: bigint): Promise<void> {
    const [sale, purchase] = await this.#price(id);
    const held = (await this.#keel.book.balanceOf!(this.#thief.address, id)) as bigint;
    for (let quantity = LARGEST * WAD; quantity >= WAD; quantity /= 2n) {
      if (await this.#fill(held === 0n ? sale! : purchase!, quantity)) return;
    }
  }

  async finish() {
    const { parameters } = await subjectOf(this.#keel);
    const elapsed = (await now(this.#keel)) - this.#start;
    const { total: bound, loss } = quoterBound(parameters, BigInt(elapsed));
    console.log(
      `      lost ${percent(this.#lost)} of NAV in ${(elapsed / 3_600).toFixed(1)} h by ${String(this.#fills)} fills; bound ${percent(bound)}`,
    );
    return {
      lost: this.#lost,
      bound,
      // What it costs that the mark is not the truth of this option, to which a per cent is nothing.
      lossBound: loss + loss / 100n,
      capacity: parameters.budgets.quoteLoss.capacity,
      fills: this.#fills,
    };
  }

  /** Old series and new ones of many tenors and strikes, both ways, at the edge of what the vault takes. */
  async #candidates(): Promise<Candidate[]> {
    const at = await now(this.#keel);
    const ids = new Set<bigint>();
    for (const leg of (await this.#keel.vault.legs!()) as bigint[]) {
      if (expiryOf(seriesOf(leg)) > at + 60) ids.add(seriesOf(leg));
    }
    for (let n = 0; n < 4; n++) {
      const isPut = this.#oracle > MARKET;
      const strike = Math.round(MARKET * this.#dice.pick([0.98, 0.99, 0.995, 1, 1.005, 1.01, 1.02]));
      const seconds = this.#dice.pick(this.#tenors);
      const width = this.#dice.pick([150, 600]) * (isPut ? -1 : 1);
      ids.add(seriesId({ isPut, strike, cap: strike + width, expiry: at + seconds }));
    }
    return (await Promise.all([...ids].map((id) => this.#price(id)))).flat();
  }

  async #price(id: bigint): Promise<Candidate[]> {
    const at = (await now(this.#keel)) + 2;
    const engine = this.#keel.engine.getFunction("value");
    const value = async (usd: number, stretch: number) =>
      (await engine(id, toWad(usd), at, { pillars: await this.#pillars(stretch) })) as {
        price: bigint;
        delta: bigint;
        vega: bigint;
      };
    const [mark, high, low] = await Promise.all([
      value(this.#oracle, 0),
      value(MARKET, VOLATILITY_BOX),
      value(MARKET, -VOLATILITY_BOX),
    ]);
    const delta = (abs(mark.delta) * toWad(this.#oracle)) / WAD;
    const use = delta / 100n + (abs(mark.vega) * 6n) / 200n + mark.price / 50n + (3n * WAD) / 10n;
    const [dear, cheap] = high.price > low.price ? [high.price, low.price] : [low.price, high.price];
    const ask = (mark.price * 98n) / 100n / 10n ** 12n + 1n;
    const bid = (mark.price * 102n) / 100n / 10n ** 12n;
    return [
      { id, sells: true, premium: ask, loss: dear - ask * 10n ** 12n, use },
      { id, sells: false, premium: bid, loss: bid * 10n ** 12n - cheap, use },
    ];
  }

  async #fill({ id, sells, premium, loss }: Candidate, most: bigint): Promise<boolean> {
    const { vault, book, networkHelpers } = this.#keel;
    const held = (await book.balanceOf!(this.#thief.address, id)) as bigint;
    const quantity = sells || held >= most ? most : held;
    if (quantity === 0n) return false;
    const { terms, signature } = await this.#keel.quote(id, quantity, premium, { makerSells: sells });
    const nav = (await vault.nav!()) as bigint;
    const before = await this.#spare();
    await networkHelpers.time.setNextBlockTimestamp((await now(this.#keel)) + 2);
    try {
      await this.#thief.run([
        this.#thief.call(book as unknown as Contract, "fill", [terms, signature, quantity]),
      ]);
    } catch (error) {
      const reason = reasonOf(this.#keel, error);
      if (!REFUSALS.some((refusal) => reason.includes(refusal))) throw error;
      if (this.refusals.at(-1) !== reason) this.refusals.push(reason);
      return false;
    }
    this.#fills++;
    // USD with 36 decimals over USDC with 6 make a share of 18 by 12 more.
    if (loss > 0n) this.#lost += (loss * quantity) / (nav * 10n ** 12n);
    await this.#check(before);
    return true;
  }

  /** What every fill must leave as it is. */
  async #check(spareBefore: bigint): Promise<void> {
    const spare = await this.#spare();
    expect(spare >= 0n || spare > spareBefore, `${String(spare)} beyond the reserve`).to.equal(true);
    const legs = (await this.#keel.vault.legs!()) as bigint[];
    expect(legs.length).to.be.at.most(32);
    const at = await now(this.#keel);
    for (const leg of legs) {
      expect(abs(quantityOf(leg)) >= WAD / 10n).to.equal(true);
      expect(expiryOf(seriesOf(leg)) - at).to.be.at.most(35 * DAY);
    }
  }

  async #spare(): Promise<bigint> {
    const { vault } = this.#keel;
    const [marks] = (await vault.status!()) as [{ venueEquity: bigint }];
    return ((await vault.cash!()) as bigint) + marks.venueEquity - ((await vault.hedgeReserve!()) as bigint);
  }

  /** The surface served, all of it stretched: every strike's volatility is that much higher. */
  async #pillars(stretch: number): Promise<Pillar[]> {
    const [pillars] = (await this.#keel.volatilityOracle.surface!()) as [Pillar[]];
    const factor = BigInt(Math.round((1 + stretch) * 1_000));
    return pillars.map(({ tenor, atmVol, skew, curvature, forwardRatio }) => ({
      tenor,
      atmVol: (atmVol * factor) / 1_000n,
      skew: (skew * factor) / 1_000n,
      curvature: (curvature * factor) / 1_000n,
      forwardRatio,
    }));
  }
}

const REFUSALS = [
  "HedgeReserveBreached",
  "BudgetExceeded",
  "GammaTooLarge",
  "VegaTooLarge",
  "PositionTooSmall",
  "TooManySeries",
  "QuoteOutsideEdge",
  "InvalidSignature",
  "BalanceOutOfRange",
  "exceeds balance",
];
