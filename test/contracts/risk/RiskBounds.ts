import { expect } from "chai";
import { network } from "hardhat";

import { vanillaGreeks } from "../../../keeper/math/blackScholes.ts";
import { seriesId } from "../utils/keel.ts";
import { seeded } from "./reference.ts";
import { IS_INSTRUMENTED } from "../../support/instrumented.ts";

const { ethers } = await network.create("localMainnet");

const DAY = 86_400;
const YEAR = 365 * DAY;
const NOW = 1_700_000_000;
/** `npm run test:deep` looks for longer. */
const RUNS = Number(process.env["KEEL_RUNS"] ?? 1);
/** The most a series' strike or cap can be, USD. */
const MAX_STRIKE = 1.8e11;

const wad = (x: number): bigint => BigInt(Math.round(x * 1e15)) * 1000n;
const fromWad = (x: bigint): number => Number(x) / 1e18;
const billionths = (x: number): number => Math.round(x * 1e9);
const leg = (id: bigint, quantity: bigint): bigint => id | (BigInt.asUintN(80, quantity) << 176n);

interface Answer {
  readonly remainder: bigint;
  readonly strays: readonly bigint[];
}

const worstOf = ({ strays }: Answer): bigint =>
  strays.reduce((worst, x) => {
    const size = x < 0n ? -x : x;
    return size > worst ? size : worst;
  }, 0n);

const quantile = (values: readonly number[], q: number): number =>
  [...values].sort((a, b) => a - b)[Math.floor(q * (values.length - 1))]!;

describe("RiskEngine bounds", () => {
  const deploy = async () => {
    const engine = await ethers.deployContract("RiskEngine");
    return {
      engine,
      harness: await ethers.deployContract("BoundsHarness"),
      stored: await ethers.deployContract("StoredBook", [await engine.getAddress()]),
    };
  };
  type Deployed = Awaited<ReturnType<typeof deploy>>;
  let engine: Deployed["engine"];
  let harness: Deployed["harness"];
  let stored: Deployed["stored"];

  before(async () => {
    ({ engine, harness, stored } = await deploy());
  });

  describe("over random books and boxes", () => {
    const random = seeded(20260801);
    const between = (a: number, b: number) => a + (b - a) * random();
    const pick = <T>(...values: readonly T[]): T => values[Math.floor(random() * values.length)]!;

    /** Seconds from expiry to years, 9 sigma out, deep in the money, smiles the clamp binds on, long, short and mixed. */
    function randomBook() {
      const spot = pick(3000, between(100, 10_000), 10 ** between(-3, 7));
      const atm = pick(0.65, between(0.2, 1.5), between(0.01, 5));
      const tau = Math.floor(
        pick(
          pick(0, 1, between(2, 60)),
          between(60, 7200),
          between(0.1, 3) * DAY,
          between(1, 60) * DAY,
          between(1, 60) * DAY,
          2 * YEAR,
        ),
      );
      const steep = pick(0, 0.1, 0.1, 1, 3);
      const pillar = (tenor: number) => ({
        tenor,
        atmVol: billionths(atm),
        skew: billionths(between(-1, 1) * steep),
        curvature: billionths(between(-0.3, 1) * steep),
        forwardRatio: billionths(pick(1, between(0.95, 1.05))),
      });
      const spread = Math.max(atm * Math.sqrt(tau / YEAR), pick(0.001, 0.001, 0.02));
      const side = pick(-1, 1, 0);
      const legs = [...Array(pick(1, 1, 2, 4)).keys()].map(() => {
        const isPut = random() < 0.5;
        const moneyness =
          pick(between(-1, 1), between(-2.5, 2.5), between(-2.5, 2.5), between(-9, 9)) * spread;
        const strike = Math.min(spot * Math.exp(Math.min(Math.max(moneyness, -20), 12)), MAX_STRIKE);
        const reach = Math.min(pick(between(0.05, 4) * spread, between(0.05, 0.3)), 8);
        const cap = pick(0, strike * Math.exp(isPut ? -reach : reach));
        const terms = {
          isPut,
          strike,
          cap: isPut || cap ? Math.min(cap, MAX_STRIKE) : strike * 10,
          expiry: NOW + tau,
        };
        return leg(seriesId(terms), wad(pick(1, between(0, 50)) * (side || pick(1, -1))));
      });
      const box = {
        price: wad(pick(0.01, 0.01, between(0, 0.03), 10 ** between(-6, -0.31), 0)),
        volatility: wad(pick(0.05, 0.05, between(0, 0.3), 10 ** between(-6, -0.31), 0)),
      };
      const surface = { pillars: pick([pillar(7 * DAY)], [pillar(DAY), pillar(30 * DAY)]) };
      const usual = tau > DAY && tau < 61 * DAY && atm < 1.6 && steep <= 0.1 && spread > fromWad(box.price);
      return { legs, spot: wad(spot), timestamp: NOW, surface, box, usual };
    }

    /** Corners, middles of the edges, points on the edges and inside. */
    function pointsOf(box: { readonly price: bigint; readonly volatility: bigint }) {
      const edge = () => pick(-1, 1);
      const inside = () => between(-1, 1);
      const points = [-1, 0, 1].flatMap((x) => [-1, 0, 1].map((y) => [x, y] as const));
      for (let i = 0; i < 4; i++) points.push([inside(), inside()], [edge(), inside()], [inside(), edge()]);
      const part = (x: bigint, share: number) => (x * BigInt(Math.round(share * 1e9))) / 1_000_000_000n;
      return points.map(([x, y]) => ({ price: part(box.price, x), volatility: part(box.volatility, y) }));
    }

    it("no value is outside them, and they are not much too wide", async function () {
      this.timeout(120_000 * RUNS);
      const [all, usual]: [number[], number[]] = [[], []];
      for (let i = 0; i < 200 * RUNS; i++) {
        const books = [...Array(5).keys()].map(randomBook);
        const answers: Answer[] = await harness.getFunction("search")(
          await engine.getAddress(),
          books,
          books.map(({ box }) => pointsOf(box)),
        );
        answers.forEach((answer, j) => {
          const worst = worstOf(answer);
          const book = books[j]!;
          if (worst > answer.remainder) {
            const text = JSON.stringify(book, (_, x: unknown) => (typeof x === "bigint" ? String(x) : x));
            expect.fail(`strays ${String(worst)}, bound ${String(answer.remainder)}: ${text}`);
          }
          // Below a millionth of the spot nobody minds.
          if (answer.remainder * 1_000_000n < book.spot) return;
          const ratio = Number(answer.remainder) / Math.max(Number(worst), 1);
          all.push(ratio);
          if (book.usual) usual.push(ratio);
        });
      }
      const summary = (values: readonly number[]) =>
        [0, 0.1, 0.5, 0.9].map((q) => quantile(values, q).toFixed(3)).join(" ");
      const report = `bound over worst: all ${summary(all)}, usual ${summary(usual)} (${String(usual.length)})`;
      expect(all.length, report).to.be.greaterThan(500);
      expect(usual.length, report).to.be.greaterThan(50);
      // Half of it would fail above, as some books reach it; ten times it fails here.
      expect(quantile(all, 0.1) < 1.2, report).to.equal(true);
      expect(quantile(all, 0.5) < 2.5, report).to.equal(true);
      expect(quantile(usual, 0.5) < 2.5, report).to.equal(true);
      expect(quantile(usual, 0.9) < 15, report).to.equal(true);
    });
  });

  it("are those worked out by hand for a week's call at the money", async () => {
    // F = K = 3000, s = 0.65·√(7/365) = 0.0900152, d1 = -d2 = 0.0450076, ε = 0.01, w = 0.05.
    // shift = 0.0100503/0.0900152/0.95 + 0.0900152·0.05/2 = 0.1197783, so φ̂ = φ(0) = 0.3989423, D1 = D2 = 0.1647859.
    // A = 3000·0.3989423·0.0001/(2·0.99)/0.0900152 = 0.6715064
    // U = 0.05·3000·0.3989423·0.1647859·(0.01 + 0.05·0.0900152·0.1647859·1.01/1.9) = 0.1024978
    const [byHand, box] = [0.6715064 + 0.1024978, { price: wad(0.01), volatility: wad(0.05) }];
    const surface = {
      pillars: [{ tenor: 7 * DAY, atmVol: 650_000_000, skew: 0, curvature: 0, forwardRatio: 1_000_000_000 }],
    };
    // A cap so far that it adds nothing.
    const id = seriesId({ isPut: false, strike: 3000, cap: 30_000, expiry: NOW + 7 * DAY });
    const answer = await engine.getFunction("bounds")([leg(id, wad(1))], wad(3000), NOW, surface, box);
    const remainder = fromWad(answer.remainder);
    expect(remainder >= byHand * (1 - 1e-7) && remainder <= byHand * (1 + 1e-5), String(remainder)).to.equal(
      true,
    );

    const at = (spot: number, sigma: number) =>
      vanillaGreeks({ type: "call", spot, strike: 3000, sigma, tau: 7 / 365, forward: spot });
    const centre = at(3000, 0.65);
    const slope = fromWad(answer.volSlope);
    expect(Math.abs(slope - centre.vega * 0.65) < 1e-9, String(slope)).to.equal(true);
    const strays = [-1, 1].flatMap((x) =>
      [-1, 1].map(
        (y) =>
          at(3000 * (1 + 0.01 * x), 0.65 * (1 + 0.05 * y)).price -
          centre.price -
          centre.delta * 30 * x -
          slope * 0.05 * y,
      ),
    );
    // The corners themselves.
    expect(Math.max(...strays) > 0.8 * byHand && Math.max(...strays) < byHand, strays.join(" ")).to.equal(
      true,
    );
    // Sold and bought alike, and twice as much of two.
    const short = await engine.getFunction("bounds")([leg(id, -wad(2))], wad(3000), NOW, surface, box);
    expect(fromWad(short.remainder) / (2 * remainder)).to.be.within(1 - 1e-9, 1 + 1e-9);
    // What one strays the other cancels, but for the part of either sign.
    const flat = await engine.getFunction("bounds")(
      [leg(id, wad(1)), leg(id, -wad(1))],
      wad(3000),
      NOW,
      surface,
      box,
    );
    expect(fromWad(flat.remainder) < byHand + 0.1026, String(fromWad(flat.remainder))).to.equal(true);
  });

  it("and the book cost little, storage included", async function () {
    if (IS_INSTRUMENTED) this.skip();
    const surface = [
      [1, 0.7, 1.0001],
      [7, 0.65, 1.001],
      [30, 0.6, 1.004],
      [60, 0.58, 1.008],
    ].map(([days, atm, ratio]) => ({
      tenor: days! * DAY,
      atmVol: billionths(atm!),
      skew: billionths(-0.06),
      curvature: billionths(0.1),
      forwardRatio: billionths(ratio!),
    }));
    const gas = async (count: number, expiries: readonly number[]) => {
      const legs = [...Array(count).keys()].map((i) => {
        const isPut = i % 2 === 1;
        const strike = isPut ? 2950 - 45 * (i % 8) : 3050 + 45 * (i % 8);
        const cap = isPut ? strike - 300 - 20 * i : strike + 300 + 20 * i;
        const expiry = NOW + expiries[Math.floor((i * expiries.length) / count)]! * DAY;
        return leg(seriesId({ isPut, strike, cap, expiry }), -wad(1));
      });
      await stored.getFunction("store")(legs, surface);
      const box = { price: wad(0.01), volatility: wad(0.05) };
      return {
        book: Number((await stored.getFunction("bookGas")(wad(3000), NOW)).all),
        bounds: Number((await stored.getFunction("boundsGas")(wad(3000), NOW, box)).all),
      };
    };
    const four = await gas(16, [3, 7, 14, 28]);
    expect(four.book).to.be.at.most(161_000);
    expect(four.bounds).to.be.at.most(211_000);
    expect((await gas(8, [3, 14])).bounds).to.be.at.most(117_000);
  });
});
