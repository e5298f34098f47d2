import { expect } from "chai";
import { network } from "hardhat";

import { vanillaGreeks } from "../../../keeper/math/blackScholes.ts";
import { surfaceVolatility, type SurfacePillar } from "../../../keeper/math/volatilitySurface.ts";
import { seriesId, WAD, type SeriesTerms } from "../utils/keel.ts";
import { exactDistribution, referenceGreeks, seeded, type Five, type Option } from "./reference.ts";
import { IS_INSTRUMENTED } from "../../support/instrumented.ts";

const { ethers } = await network.create("localMainnet");

const YEAR = 365 * 86_400;
const DAY = 86_400;
const fields = ["price", "delta", "gamma", "vega", "theta"] as const;

function expectWithin(actual: number, expected: number, tolerance: number, label: string): void {
  // Chai's closeTo is overridden here, for integers alone.
  const error = Math.abs(actual - expected);
  expect(error <= tolerance, `${label}: ${String(actual)}, not ${String(expected)}`).to.equal(true);
}

/** The nearest number of 18 decimals. */
const wad = (x: number): bigint => ethers.parseUnits(x.toFixed(18), 18);
/** Decimals that are meant to the last. */
const exact = (x: string): bigint => ethers.parseEther(x);
const fromWad = (x: bigint): number => Number(ethers.formatUnits(x, 18));

describe("RiskEngine", () => {
  const deploy = async () => {
    const engine = await ethers.deployContract("RiskEngine");
    const harness = await ethers.deployContract("RiskHarness");
    return { engine, harness };
  };
  type Deployed = Awaited<ReturnType<typeof deploy>>;
  let engine: Deployed["engine"];
  let harness: Deployed["harness"];

  before(async () => {
    ({ engine, harness } = await deploy());
  });

  describe("normal distribution", () => {
    const cdf = async (xs: readonly bigint[]): Promise<bigint[]> => [
      ...(await harness.getFunction("cdf")(xs)),
    ];

    it("is within 5e-17 of the exact value", async () => {
      const random = seeded(1);
      const xs = [0n, 1n, -1n, 10n ** 18n, -(10n ** 18n), 9n * 10n ** 18n, -9n * 10n ** 18n];
      while (xs.length < 3000) xs.push(wad((random() - 0.5) * 19));
      const ys = await cdf(xs);
      let worst = 0n;
      xs.forEach((x, i) => {
        const error = ys[i]! * 10n ** 32n - exactDistribution(x);
        if (error > worst) worst = error;
        if (-error > worst) worst = -error;
      });
      expect(Number(worst) / 1e50).to.be.at.most(5e-17);
    });

    it("never falls, where its pieces meet included", async () => {
      const random = seeded(2);
      const starts = [0, 9, -9];
      // Where the exponent passes from one power of two to the next, either side.
      for (let k = 0; k < 58; k++)
        starts.push(Math.sqrt((2 * k + 1) * Math.LN2), -Math.sqrt((2 * k + 1) * Math.LN2));
      for (let i = 0; i < 40; i++) starts.push((random() - 0.5) * 18);
      for (const step of [1n, 7n, 60n]) {
        const xs = starts.flatMap((start) =>
          [...Array(21).keys()].map((i) => wad(start) + BigInt(i - 10) * step),
        );
        xs.sort((a, b) => (a < b ? -1 : 1));
        const ys = await cdf(xs);
        for (let i = 1; i < ys.length; i++) {
          expect(ys[i]! >= ys[i - 1]!, `N falls from ${String(xs[i - 1])} to ${String(xs[i])}`).to.equal(
            true,
          );
        }
      }
    });

    it("has a density that is the density", async () => {
      const xs = [...Array(400).keys()].map((i) => (i - 200) / 20);
      const ys: bigint[] = await harness.getFunction("pdf")(xs.map(wad));
      xs.forEach((x, i) => {
        expectWithin(
          fromWad(ys[i]!),
          Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI),
          2e-16,
          `φ(${String(x)})`,
        );
      });
    });
  });

  describe("options against an independent implementation", () => {
    /** Sides, caps, forwards, expiries of a second and more, strikes to 9 sigma, no volatility and no time. */
    function randomOptions(count: number): Option[] {
      const random = seeded(20260722);
      const between = (a: number, b: number) => a + (b - a) * random();
      const pick = <T>(...values: readonly T[]): T => values[Math.floor(random() * values.length)]!;
      return [...Array(count).keys()].map(() => {
        const spot = pick(between(100, 10_000), between(1000, 5000), 10 ** between(-1, 6));
        const forward = spot * pick(1, between(0.9, 1.1));
        const sigma = pick(between(0.01, 5), between(0.3, 1.2), between(0.3, 1.2), pick(0, 0.01, 5));
        const tau = pick(
          1,
          Math.floor(between(2, 3600)),
          Math.floor(between(1, 60) * DAY),
          pick(0, 2 * YEAR),
        );
        const spread = sigma * Math.sqrt(tau / YEAR) || 0.1;
        const moneyness = pick(between(-2, 2), between(-9, 9), pick(-9, 0, 9)) * spread;
        const strike = forward * Math.exp(Math.min(Math.max(moneyness, -30), 30));
        const isPut = random() < 0.5;
        const cap = pick(0, isPut ? strike * between(0.5, 0.999) : strike * between(1.001, 2));
        return { isPut, spot, strike, cap, sigma, tau, forward };
      });
    }

    it("agrees to 1e-9 over 10,000 random options", async () => {
      const options = randomOptions(10_000);
      const worst = [0, 0, 0, 0, 0];
      for (let from = 0; from < options.length; from += 1000) {
        const batch = options.slice(from, from + 1000);
        const answers: bigint[][] = await harness.getFunction("greeks")(
          await engine.getAddress(),
          batch.map((o) => ({
            isPut: o.isPut,
            spot: wad(o.spot),
            strike: wad(o.strike),
            cap: wad(o.cap),
            sigma: wad(o.sigma),
            tau: BigInt(o.tau),
            forward: wad(o.forward),
          })),
        );
        batch.forEach((o, i) => {
          const expected = referenceGreeks(o);
          const scales: Five = [o.spot, 1, 1 / o.spot, o.spot, o.spot];
          fields.forEach((field, j) => {
            const [actual, value] = [fromWad(answers[i]![j]!), expected[j]!];
            const error = Math.abs(actual - value) / Math.max(scales[j]!, Math.abs(value));
            if (!(error <= 1e-9)) {
              expect.fail(`${field} of ${JSON.stringify(o)}: ${String(actual)}, not ${String(value)}`);
            }
            worst[j] = Math.max(worst[j]!, error);
          });
        });
      }
      // Were the comparison vacuous, nothing at all would differ.
      expect(Math.max(...worst)).to.be.greaterThan(0);
    });

    it("steps at expiry and without volatility, half of it at the strike", async () => {
      const at = async (isPut: boolean, strike: bigint, sigma: bigint, tau: bigint): Promise<bigint[]> => [
        ...(await engine.getFunction("greeks")(isPut, exact("2000"), strike, 0n, sigma, tau, exact("2020"))),
      ];
      for (const [sigma, tau] of [
        [0n, 1000n],
        [exact("0.5"), 0n],
      ] as const) {
        expect(await at(false, exact("2000"), sigma, tau)).to.deep.equal([
          exact("20"),
          exact("1.01"),
          0n,
          0n,
          0n,
        ]);
        expect(await at(false, exact("2020"), sigma, tau)).to.deep.equal([0n, exact("0.505"), 0n, 0n, 0n]);
        expect(await at(false, exact("2020") + 1n, sigma, tau)).to.deep.equal([0n, 0n, 0n, 0n, 0n]);
        expect(await at(true, exact("2020"), sigma, tau)).to.deep.equal([0n, -exact("0.505"), 0n, 0n, 0n]);
        expect(await at(true, exact("2020") + 1n, sigma, tau)).to.deep.equal([
          1n,
          -exact("1.01"),
          0n,
          0n,
          0n,
        ]);
      }
    });
  });

  describe("book", () => {
    const now = 1_700_000_000;
    const pillars: readonly SurfacePillar[] = [
      { tenor: DAY, atmVol: 0.7, skew: -0.05, curvature: 0.08, forwardRatio: 1.0001 },
      { tenor: 7 * DAY, atmVol: 0.65, skew: -0.06, curvature: 0.1, forwardRatio: 1.001 },
      { tenor: 30 * DAY, atmVol: 0.6, skew: -0.08, curvature: 0.12, forwardRatio: 1.004 },
      { tenor: 60 * DAY, atmVol: 0.58, skew: -0.08, curvature: 0.12, forwardRatio: 1.008 },
    ];
    const surface = {
      pillars: pillars.map(({ tenor, ...fractions }) => ({
        tenor,
        ...Object.fromEntries(Object.entries(fractions).map(([name, x]) => [name, Math.round(x * 1e9)])),
      })),
    };
    const leg = (series: SeriesTerms, quantity: bigint): bigint =>
      seriesId(series) | (BigInt.asUintN(80, quantity) << 176n);

    function expectedValue(series: SeriesTerms, spot: number): Five {
      const tau = Math.max(series.expiry - now, 0);
      const at = (strike: number) => {
        const { sigma, forwardRatio } = surfaceVolatility(pillars, spot, strike, tau);
        const type = series.isPut ? "put" : "call";
        return vanillaGreeks({ type, spot, strike, sigma, tau: tau / YEAR, forward: spot * forwardRatio });
      };
      const [near, far] = [at(series.strike), at(series.cap)];
      return fields.map((field) => near[field] - far[field]) as unknown as Five;
    }

    function expectClose(actual: readonly bigint[], expected: Five, spot: number, size = 1): void {
      const scales: Five = [spot, 1, 1 / spot, spot, spot];
      fields.forEach((field, i) => {
        const tolerance = 1e-9 * Math.max(scales[i]! * size, Math.abs(expected[i]!));
        expectWithin(fromWad(actual[i]!), expected[i]!, tolerance, field);
      });
    }

    const random = seeded(3);
    const series: SeriesTerms[] = [...Array(32).keys()].map((i) => {
      const isPut = i % 2 === 1;
      const strike = Math.round(isPut ? 2950 - 400 * random() : 3050 + 400 * random());
      const cap = Math.round(isPut ? strike - 100 - 900 * random() : strike + 100 + 900 * random());
      return { isPut, strike, cap, expiry: now + [0.2, 3, 7, 14, 28, 60, 90][i % 7]! * DAY };
    });

    it("reads volatilities and forwards as the keeper does", async () => {
      for (let i = 0; i < 200; i++) {
        const tau = Math.floor(1 + random() ** 3 * 100 * DAY);
        const strike = 3000 * Math.exp((random() - 0.5) * 2);
        const expected = surfaceVolatility(pillars, 3000, strike, tau);
        const actual = await engine.getFunction("volatility")(wad(3000), wad(strike), tau, surface);
        expectWithin(fromWad(actual.sigma), expected.sigma, 1e-12, "sigma");
        expectWithin(fromWad(actual.forwardRatio), expected.forwardRatio, 1e-15, "forward ratio");
      }
      const nothing = [0n, exact("1")];
      expect(
        await engine.getFunction("volatility")(wad(3000), wad(3000), DAY, { pillars: [] }),
      ).to.deep.equal(nothing);
      expect(await engine.getFunction("volatility")(wad(3000), wad(3000), 0, surface)).to.deep.equal(nothing);
    });

    it("reads the one volatility of a flat surface to the unit", async () => {
      for (let i = 0; i < 200; i++) {
        const atmVol = Math.floor(0.02e9 + random() ** 2 * 3e9);
        const flat = {
          pillars: [{ tenor: DAY, atmVol, skew: 0, curvature: 0, forwardRatio: 1_000_000_000 }],
        };
        const tau = 1 + Math.floor(random() ** 3 * 100 * DAY);
        const read = await engine.getFunction("volatility")(wad(3000), wad(3000 + i), tau, flat);
        expect([...read]).to.deep.equal([BigInt(atmVol) * 10n ** 9n, exact("1")]);
      }
    });

    it("values each series at its own volatilities", async () => {
      for (const one of series) {
        const actual = await engine.getFunction("value")(seriesId(one), wad(3000), now, surface);
        expectClose(actual, expectedValue(one, 3000), 3000);
      }
    });

    it("values no series outside its payouts, in the wings and the last hours included", async () => {
      for (const hours of [0.25, 1, 4, 24]) {
        for (const [isPut, strike, cap] of [
          [true, 2_940, 2_820],
          [true, 2_880, 2_700],
          [true, 2_760, 2_430],
          [true, 2_460, 1_800],
          [false, 2_700, 2_880],
          [false, 3_300, 3_600],
          [false, 3_870, 5_340],
        ] as const) {
          const one = { isPut, strike, cap, expiry: now + hours * 3_600 };
          const { price, delta } = await engine.getFunction("value")(seriesId(one), wad(3000), now, surface);
          const label = `${JSON.stringify(one)}, ${String(hours)} h`;
          expect(fromWad(price), label).to.be.within(0, Math.abs(cap - strike));
          expect(fromWad(isPut ? -delta : delta), label).to.be.within(0, 1.001);
        }
      }
    });

    it("values none outside them on the steepest surface that may be posted", async () => {
      const steep = (skew: number, curvature: number) => {
        const shape = { atmVol: 600_000_000, skew: skew * 1e9, curvature: curvature * 1e9 };
        return { pillars: [{ tenor: 7 * DAY, ...shape, forwardRatio: 1_000_000_000 }] };
      };
      for (const [skew, curvature, isPut, strike, cap, bound] of [
        [-1, 0, true, 2_600, 2_400, "0"],
        [1, 1, false, 3_200, 3_400, "0"],
        [1, 1, true, 3_400, 3_200, "200"],
      ] as const) {
        const id = seriesId({ isPut, strike, cap, expiry: now + 7 * DAY });
        const { price } = await engine.getFunction("value")(id, wad(3000), now, steep(skew, curvature));
        expect(price).to.equal(exact(bound));
      }
    });

    it("values an expired series at its payout, with a step delta", async () => {
      const call = seriesId({ isPut: false, strike: 3000, cap: 3500, expiry: now });
      const put = seriesId({ isPut: true, strike: 3000, cap: 2500, expiry: now });
      const value = async (id: bigint, spot: number): Promise<bigint[]> => {
        const at = async (time: number) => {
          const alone = [...(await engine.getFunction("value")(id, wad(spot), time, surface))] as bigint[];
          const booked = await engine.getFunction("book")([id | (WAD << 176n)], wad(spot), time, surface);
          expect([...booked]).to.deep.equal(alone);
          return alone;
        };
        const values = await at(now);
        // However long ago.
        expect(await at(now + 1)).to.deep.equal(values);
        expect(await at(2 ** 40)).to.deep.equal(values);
        return values.slice(0, 2);
      };
      expect(await value(call, 2900)).to.deep.equal([0n, 0n]);
      expect(await value(call, 3000)).to.deep.equal([0n, exact("0.5")]);
      expect(await value(call, 3100)).to.deep.equal([exact("100"), exact("1")]);
      expect(await value(call, 3600)).to.deep.equal([exact("500"), 0n]);
      expect(await value(put, 3100)).to.deep.equal([0n, 0n]);
      expect(await value(put, 2900)).to.deep.equal([exact("100"), -exact("1")]);
      expect(await value(put, 2400)).to.deep.equal([exact("500"), 0n]);
    });

    it("sums quantity times value, in any order of expiries", async () => {
      const quantities = series.map(() => wad(Math.round((random() - 0.5) * 40)));
      const legs = series.map((one, i) => leg(one, quantities[i]!));
      const expected = fields.map((_, j) =>
        series.reduce((sum, one, i) => sum + fromWad(quantities[i]!) * expectedValue(one, 3000)[j]!, 0),
      ) as unknown as Five;
      expectClose(await engine.getFunction("book")(legs, wad(3000), now, surface), expected, 3000, 32);
      legs.sort((a, b) => Number((a & 0xffffffffffn) - (b & 0xffffffffffn)));
      expectClose(await engine.getFunction("book")(legs, wad(3000), now, surface), expected, 3000, 32);
      expect([...(await engine.getFunction("book")([], wad(3000), now, surface))]).to.deep.equal([
        0n,
        0n,
        0n,
        0n,
        0n,
      ]);
    });

    it("reads no further than the legs it is given, whatever follows them", async () => {
      const coder = ethers.AbiCoder.defaultAbiCoder();
      const words = (types: readonly string[], values: readonly unknown[]) =>
        coder.encode(types, values).slice(2);
      const pillar = "tuple(uint32,uint48,int48,int48,uint48)";
      const encoded = words([`tuple(${pillar}[])`], [[surface.pillars.map((one) => Object.values(one))]]);
      // What is dynamic may come in any order: the surface first, the legs last, and behind them one leg more.
      const body = encoded.slice(64);
      const behind = 4 * 32 + body.length / 2;
      const [first, second] = [leg(series[0]!, WAD), leg(series[1]!, WAD)];
      const data = [
        engine.interface.getFunction("book")!.selector,
        words(["uint256", "uint256", "uint256", "uint256"], [behind, wad(3000), now, 4 * 32]),
        body,
        words(["uint256", "uint256", "uint256"], [1, first, second]),
      ].join("");
      const answer = await ethers.provider.call({ to: await engine.getAddress(), data });
      const alone = await engine.getFunction("book")([first], wad(3000), now, surface);
      expect([...engine.interface.decodeFunctionResult("book", answer)[0]]).to.deep.equal([...alone]);
    });

    it("costs little", async function () {
      if (IS_INSTRUMENTED) this.skip();
      const address = await engine.getAddress();
      const option = {
        isPut: false,
        spot: wad(3000),
        strike: wad(3300),
        cap: 0n,
        sigma: wad(0.6),
        tau: BigInt(30 * DAY),
        forward: wad(3030),
      };
      for (const x of [-8.5, -0.5, 0, 3]) {
        expect((await harness.getFunction("cdfGas")(wad(x))).gas).to.be.lessThanOrEqual(605n);
      }
      expect((await harness.getFunction("vanillaGas")(option)).gas).to.be.lessThanOrEqual(3200n);
      const legs = series.slice(0, 16).map((one) => leg(one, -wad(1)));
      expect(
        await harness.getFunction("bookGas")(address, legs, wad(3000), now, surface),
      ).to.be.lessThanOrEqual(160_000n);
    });
  });
});
