import { expect } from "chai";
import fc from "fast-check";

import { cappedDelta, cappedGreeks, vanillaGreeks, type Greeks } from "../../keeper/math/blackScholes.ts";
import { normalCdf, normalPdf } from "../../keeper/math/gaussian.ts";
import { surfaceVolatility, type SurfacePillar } from "../../keeper/math/volatilitySurface.ts";
import { expectNear } from "../support/near.ts";

const fields = ["price", "delta", "gamma", "vega", "theta"] as const;

function expectRelative(actual: number, expected: number, tolerance: number, label: string): void {
  const error = expected === 0 ? Math.abs(actual) : Math.abs(actual / expected - 1);
  expect(error, `${label}: ${String(actual)}, not ${String(expected)}`).to.be.at.most(tolerance);
}

describe("the normal distribution", () => {
  // 17 digits of mpmath's erfc at 50.
  const tails: readonly (readonly [number, number])[] = [
    [0.5, 0.3085375387259869],
    [1, 0.15865525393145705],
    [2, 0.022750131948179207],
    [3, 0.0013498980316300945],
    [5, 2.8665157187919391e-7],
    [9, 1.1285884059538406e-19],
    [15, 3.6709661993127509e-51],
    [30, 4.9067139271481871e-198],
  ];

  it("keeps its relative accuracy in the tails", () => {
    for (const [z, tail] of tails) {
      expectRelative(normalCdf(-z), tail, 2e-15, `N(-${String(z)})`);
      expect(normalCdf(z)).to.equal(1 - normalCdf(-z));
    }
    expect(normalCdf(0)).to.equal(0.5);
    expect([normalCdf(-Infinity), normalCdf(Infinity), normalPdf(-Infinity)]).to.deep.equal([0, 1, 0]);
    expect(normalCdf(NaN)).to.be.NaN;
  });

  it("has the density as its slope", () => {
    fc.assert(
      fc.property(fc.double({ min: -30, max: 6, noNaN: true }), (x) => {
        const h = 1e-4;
        const slope = (normalCdf(x + h) - normalCdf(x - h)) / (2 * h);
        // The third derivative of N is φ(x)·(x² - 1); near N = 1 the difference itself is rounded.
        const tolerance = (normalPdf(x) * h * h * (x * x + 1)) / 3 + normalCdf(x) * 1e-11;
        expect(Math.abs(slope - normalPdf(x))).to.be.at.most(tolerance);
      }),
    );
  });
});

describe("Black-76", () => {
  // 17 digits of the definitions at 50.
  const cases = [
    [
      { type: "call", spot: 3000, strike: 3200, sigma: 0.65, tau: 0.08 },
      [
        140.85149737079159, 0.39777156036506964, 0.00069944017490654429, 327.33800185626274,
        -1329.8106325410674,
      ],
    ],
    [
      { type: "put", spot: 3000, strike: 3200, sigma: 0.65, tau: 0.08, forward: 3010 },
      [
        334.86419992779449, -0.59721374968929337, 0.00070495537429174207, 329.9191151685353,
        -1340.2964053721747,
      ],
    ],
    [
      { type: "call", spot: 3000, strike: 8500, sigma: 0.5, tau: 0.0625 },
      [
        2.9335448624017726e-15, 6.7469468962158506e-17, 1.5089339053147922e-18, 4.243876608697853e-13,
        -1.6975506434791412e-12,
      ],
    ],
    [
      { type: "put", spot: 3000, strike: 900, sigma: 0.5, tau: 0.0625 },
      [
        6.1191592169393281e-21, -1.5943559305706137e-22, 4.1646061599515184e-24, 1.1712954824863646e-18,
        -4.6851819299454582e-18,
      ],
    ],
    [
      { type: "put", spot: 3000, strike: 9000, sigma: 0.5, tau: 0.0625 },
      [6000, -1, 3.0982070525867243e-20, 8.713707335400162e-15, -3.4854829341600648e-14],
    ],
    [
      { type: "call", spot: 100, strike: 100, sigma: 0.2, tau: 1 },
      [
        7.9655674554057967, 0.53982783727702898, 0.019847627373850587, 39.695254747701177,
        -3.9695254747701179,
      ],
    ],
    [
      { type: "call", spot: 3000, strike: 3001, sigma: 0.8, tau: 3.1709791983764586e-8 },
      [
        0.0013932993898078173, 0.009657094912167632, 0.060490827456427973, 0.01381069120009771,
        -174213.58307451256,
      ],
    ],
  ] as const;

  for (const [terms, expected] of cases) {
    it(`meets reference values: ${JSON.stringify(terms)}`, () => {
      const greeks = vanillaGreeks(terms);
      fields.forEach((field, i) => {
        expectRelative(greeks[field], expected[i]!, 1e-11, field);
      });
    });
  }

  it("steps at expiry and without volatility", () => {
    const rest = { gamma: 0, vega: 0, theta: 0 };
    for (const still of [
      { sigma: 0, tau: 0.1 },
      { sigma: 0.5, tau: 0 },
    ]) {
      const option = { spot: 2000, forward: 2020, ...still };
      expect(vanillaGreeks({ ...option, type: "call", strike: 2000 })).to.deep.equal({
        price: 20,
        delta: 1.01,
        ...rest,
      });
      expect(vanillaGreeks({ ...option, type: "call", strike: 2020 })).to.deep.equal({
        price: 0,
        delta: 0.505,
        ...rest,
      });
      expect(vanillaGreeks({ ...option, type: "put", strike: 2020 })).to.deep.equal({
        price: 0,
        delta: -0.505,
        ...rest,
      });
      expect(vanillaGreeks({ ...option, type: "put", strike: 2000 })).to.deep.equal({
        price: 0,
        delta: 0,
        ...rest,
      });
      expect(vanillaGreeks({ ...option, type: "put", strike: 2100 })).to.deep.equal({
        price: 80,
        delta: -1.01,
        ...rest,
      });
    }
  });

  const terms = fc.record({
    spot: fc.double({ min: 100, max: 10_000, noNaN: true }),
    moneyness: fc.double({ min: -9, max: 9, noNaN: true }),
    sigma: fc.double({ min: 0.05, max: 3, noNaN: true }),
    tau: fc.double({ min: 1e-4, max: 2, noNaN: true }),
    ratio: fc.double({ min: 0.9, max: 1.1, noNaN: true }),
  });
  const option = terms.map(({ spot, moneyness, sigma, tau, ratio }) => ({
    spot,
    sigma,
    tau,
    forward: spot * ratio,
    strike: spot * ratio * Math.exp(moneyness * sigma * Math.sqrt(tau)),
  }));

  it("keeps parity, and prices between intrinsic value and the forward", () => {
    fc.assert(
      fc.property(option, (o) => {
        const call = vanillaGreeks({ ...o, type: "call" });
        const put = vanillaGreeks({ ...o, type: "put" });
        const ulp = 1e-14 * Math.max(o.forward, o.strike);
        expectNear(call.price - put.price, o.forward - o.strike, ulp);
        expectNear(call.delta - put.delta, o.forward / o.spot, 1e-14);
        expect([put.gamma, put.vega, put.theta]).to.deep.equal([call.gamma, call.vega, call.theta]);
        expect(call.price).to.be.within(Math.max(o.forward - o.strike, 0), o.forward);
        expect(put.price).to.be.within(Math.max(o.strike - o.forward, 0), o.strike);
      }),
    );
  });

  it("has greeks that are the slopes of its price", () => {
    fc.assert(
      fc.property(option, (o) => {
        const at = (change: Partial<typeof o>) => vanillaGreeks({ ...o, ...change, type: "call" });
        const { delta, gamma, vega, theta } = at({});
        const v = o.sigma * Math.sqrt(o.tau);
        const h = 1e-3 * v;
        const ratio = o.forward / o.spot;
        const moved = (s: number) => at({ spot: s, forward: s * ratio });
        const [up, down] = [moved(o.spot * (1 + h)), moved(o.spot * (1 - h))];
        expectNear(delta, (up.price - down.price) / (2 * h * o.spot), 1e-5, "delta");
        expectNear(gamma * o.spot * v, ((up.delta - down.delta) / (2 * h)) * v, 1e-5, "gamma");
        const k = 1e-3 * o.sigma;
        const slope = (at({ sigma: o.sigma + k }).price - at({ sigma: o.sigma - k }).price) / (2 * k);
        expectNear(vega / o.spot, slope / o.spot, 1e-4, "vega");
        const t = 1e-3 * o.tau;
        const decay = -(at({ tau: o.tau + t }).price - at({ tau: o.tau - t }).price) / (2 * t);
        expectNear((theta / o.spot) * o.tau, (decay / o.spot) * o.tau, 1e-4, "theta");
      }),
    );
  });

  it("prices a capped option as a difference of two", () => {
    fc.assert(
      fc.property(option, fc.constantFrom("call" as const, "put" as const), (o, type) => {
        const cap = type === "call" ? o.strike * 1.3 : o.strike * 0.7;
        const capped = cappedGreeks({ ...o, type, cap });
        const near = vanillaGreeks({ ...o, type });
        const far = vanillaGreeks({ ...o, type, strike: cap });
        for (const field of fields) expect(capped[field]).to.equal(near[field] - far[field]);
        const ulp = 1e-14 * Math.max(o.forward, o.strike);
        expect(capped.price).to.be.within(-ulp, Math.abs(cap - o.strike) + ulp);
        expect(cappedDelta({ ...o, type, cap })).to.equal(capped.delta);
        expect(cappedDelta({ ...o, type })).to.equal(near.delta);
      }),
    );
  });

  it("takes a floor of zero as no floor", () => {
    const put = { type: "put", spot: 3000, strike: 2500, sigma: 0.7, tau: 0.1 } as const;
    const expected: Greeks = vanillaGreeks(put);
    expect(cappedGreeks({ ...put, cap: 0 })).to.deep.equal(expected);
    expect(cappedDelta({ ...put, cap: 0 })).to.equal(expected.delta);
  });
});

describe("the volatility surface", () => {
  const day = 86_400;
  const pillars: readonly SurfacePillar[] = [
    { tenor: 7 * day, atmVol: 0.6, skew: -0.1, curvature: 0.2, forwardRatio: 1 },
    { tenor: 28 * day, atmVol: 0.8, skew: 0.1, curvature: 0.4, forwardRatio: 1.02 },
  ];

  it("is linear in total variance between pillars and flat outside", () => {
    const atm = (days: number) => {
      const tau = days * day;
      const { forwardRatio } = surfaceVolatility(pillars, 1000, 1000, tau);
      return surfaceVolatility(pillars, 1000, 1000 * forwardRatio, tau);
    };
    expect(atm(3)).to.deep.equal({ sigma: 0.6, forwardRatio: 1 });
    expect(atm(7)).to.deep.equal({ sigma: 0.6, forwardRatio: 1 });
    expect(atm(28)).to.deep.equal({ sigma: 0.8, forwardRatio: 1.02 });
    expect(atm(300)).to.deep.equal({ sigma: 0.8, forwardRatio: 1.02 });
    const middle = atm(14);
    expectNear(middle.forwardRatio, 1 + 0.02 / 3, 1e-15);
    // A third of the way from 7·0.36 to 28·0.64.
    expectNear(middle.sigma ** 2 * 14, 2.52 + (17.92 - 2.52) / 3, 1e-12);
  });

  it("smiles in standardised log-moneyness, within its bounds", () => {
    const tau = 7 * day;
    const x = 0.5;
    const strike = 1000 * Math.exp(x * Math.sqrt(tau / (365 * day)));
    expectNear(surfaceVolatility(pillars, 1000, strike, tau).sigma, 0.6 - 0.05 + 0.025, 1e-14);
    // Flat from three standard deviations on: x = 1.8.
    for (const far of [1300, 1e9])
      expectNear(surfaceVolatility(pillars, 1000, far, tau).sigma, 0.6 - 0.18 + 0.324, 1e-14);
    const smile = [{ ...pillars[0]!, curvature: 4 }];
    expect(surfaceVolatility(smile, 1000, 1e9, tau).sigma).to.equal(5);
    const frown = [{ ...pillars[0]!, curvature: -1 }];
    expect(surfaceVolatility(frown, 1000, 1e9, tau).sigma).to.equal(0.01);
  });

  it("has no volatility without pillars or time", () => {
    expect(surfaceVolatility([], 1000, 1100, 7 * day)).to.deep.equal({ sigma: 0, forwardRatio: 1 });
    expect(surfaceVolatility(pillars, 1000, 1100, 0)).to.deep.equal({ sigma: 0, forwardRatio: 1 });
  });
});
