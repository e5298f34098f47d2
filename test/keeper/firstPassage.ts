import { expect } from "chai";
import fc from "fast-check";

import { exitProbability } from "../../keeper/math/firstPassage.ts";
import { normalCdf } from "../../keeper/math/gaussian.ts";
import { PolicyInputError } from "../../keeper/math/policyInputError.ts";
import { expectNear } from "../support/near.ts";

const SPOT = 3000;

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Of the paths of `steps` steps, the mean probability of having left, with what a Brownian bridge does between two steps. */
function simulate(low: number, high: number, s: number, steps: number, paths: number): number {
  const random = uniform(7);
  const [a, b] = [Math.log(low / SPOT), Math.log(high / SPOT)];
  const variance = (s * s) / steps;
  const crossing = (from: number, to: number) => (from * to <= 0 ? 1 : Math.exp((-2 * from * to) / variance));
  let left = 0;
  for (let path = 0; path < paths; path++) {
    let stays = 1;
    let x = 0;
    for (let step = 0; step < steps && stays > 0; step++) {
      const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
      const next = x - variance / 2 + Math.sqrt(variance) * normal;
      stays *= (1 - crossing(x - a, next - a)) * (1 - crossing(b - x, b - next));
      x = next;
    }
    left += 1 - stays;
  }
  return left / paths;
}

/** P(stay) as the method of images is written in textbooks, 201 images: right while s is not large against a + b, where they cancel. */
function stayByImages(a: number, b: number, s: number): number {
  const width = a + b;
  const between = (y: number) => normalCdf((b - y + (s * s) / 2) / s) - normalCdf((-a - y + (s * s) / 2) / s);
  let sum = 0;
  for (let k = -100; k <= 100; k++) {
    const [straight, mirrored] = [2 * k * width, 2 * k * width - 2 * a];
    for (const [y, sign] of [
      [straight, 1],
      [mirrored, -1],
    ] as const) {
      const weight = between(y);
      if (weight !== 0) sum += sign * Math.exp(-y / 2) * weight;
    }
  }
  return sum;
}

describe("first passage", () => {
  const at = (low: number, high: number, sigma: number, time = 1) =>
    exitProbability({ spot: SPOT, low, high, sigma, time });
  const sigma = fc.double({ min: 1e-3, max: 8, noNaN: true });
  const time = fc.double({ min: 1e-6, max: 5, noNaN: true });
  const low = fc.double({ min: 0.01 * SPOT, max: 0.9999 * SPOT, noNaN: true });
  const high = fc.double({ min: 1.0001 * SPOT, max: 100 * SPOT, noNaN: true });
  /** Of a probability: rounding, near 1 that of the difference. */
  const ROUNDING = 1e-13;

  it("is the closed formula of one barrier where there is one", () => {
    for (const s of [0.01, 0.1, 0.6, 2]) {
      for (const x of [0.001, 0.02, 0.3, 1.5]) {
        const up = normalCdf(-x / s - s / 2) + Math.exp(-x) * normalCdf(-x / s + s / 2);
        const down = normalCdf(-x / s + s / 2) + Math.exp(x) * normalCdf(-x / s - s / 2);
        // The rounding of the barrier counts (x/s)² times in a tail.
        const tolerance = 1e-13 + 2e-15 * (x / s) ** 2;
        expectNear(at(0, SPOT * Math.exp(x), s), up, tolerance * up);
        expectNear(at(SPOT * Math.exp(-x), Infinity, s), down, tolerance * down);
        // A second barrier that cannot be reached changes nothing.
        expectNear(at(SPOT * 1e-100, SPOT * Math.exp(x), s), up, tolerance * up);
      }
    }
  });

  it("is the textbook's images wherever these can be summed, on both sides of the change of series", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 2, noNaN: true }),
        fc.double({ min: 0.01, max: 2, noNaN: true }),
        fc.double({ min: 0.1, max: 1.1, noNaN: true }),
        (a, b, part) => {
          const s = part * (a + b);
          const exit = at(SPOT * Math.exp(-a), SPOT * Math.exp(b), s);
          expectNear(exit, 1 - stayByImages(a, b, s), 1e-10, `${String(a)} ${String(b)} ${String(s)}`);
        },
      ),
    );
  });

  it("is what a simulation counts", () => {
    const paths = 40_000;
    for (const [below, above, s] of [
      [0.95, 1.05, 0.05],
      [0.8, 1.1, 0.1],
      [0.9, 1.3, 0.3],
      [0.5, 3, 1],
      [0.98, 1.2, 0.12],
    ] as const) {
      const exact = at(below * SPOT, above * SPOT, s);
      const seen = simulate(below * SPOT, above * SPOT, s, 50, paths);
      expectNear(
        seen,
        exact,
        4 * Math.sqrt((exact * (1 - exact)) / paths),
        `${String(below)} to ${String(above)}`,
      );
    }
  });

  it("is the chance of a fair game in the end", () => {
    // A martingale that never stops ends at the barrier or at 0: P·high = spot.
    expectNear(at(0, 1.25 * SPOT, 1000), 0.8, 1e-15);
    expect(at(0.8 * SPOT, Infinity, 1000)).to.equal(1);
    expect(at(0.8 * SPOT, 1.25 * SPOT, 1000)).to.equal(1);
    expect(at(0, Infinity, 1000)).to.equal(0);
  });

  it("keeps its digits where it is very small, and its range where anything is very large", () => {
    // Twice the tail, to first order in s.
    const tail = at(0, SPOT * Math.exp(30e-6), 1e-6);
    expectNear(tail / (2 * 4.906713927148187e-198), 1, 1e-4);
    expect(at(0.9 * SPOT, 1.1 * SPOT, 1e-12)).to.equal(0);
    for (const volatility of [1e-300, 1e-9, 1, 27, 40, 1e3, 1e9, 1e150]) {
      for (const [below, above] of [
        [1e-300, 1e300],
        [1e-300, Infinity],
        [0, 1e300],
        [SPOT * (1 - 1e-15), SPOT * (1 + 1e-15)],
        [SPOT * (1 - 1e-15), 1e300],
      ] as const) {
        expect(at(below, above, volatility)).to.be.within(0, 1);
      }
    }
    // Ten deviations to both of two barriers: both tails, and nothing is lost to one of them from 1 minus nearly 1.
    const [below, above] = [SPOT * Math.exp(-0.1), SPOT * Math.exp(0.1)];
    const both = at(below, Infinity, 0.01) + at(0, above, 0.01);
    expectNear(at(below, above, 0.01) / both, 1, 1e-14);
    // Where N(-39) is below the smallest double, and e^700 times it is not; by mpmath.
    expectNear(at(SPOT * Math.exp(-700), Infinity, 28) / 2.4535900741344833e-28, 1, 1e-11);
    // An even chance to fall through a far barrier once the drift has got there: the correction is a half of φ over s.
    const far = at(SPOT * Math.exp(-450), Infinity, 30);
    expect(far).to.be.within(0.5, 0.52);
  });

  it("has left when spot is on a barrier, and stays without volatility or time", () => {
    expect([
      at(SPOT, Infinity, 0),
      at(0, SPOT, 0),
      at(SPOT, SPOT, 0),
      at(SPOT + 1, Infinity, 1),
    ]).to.deep.equal([1, 1, 1, 1]);
    expect([at(2999, 3001, 0), at(2999, 3001, 1, 0)]).to.deep.equal([0, 0]);
  });

  it("rises with time and volatility, and falls when a barrier moves away", () => {
    const more = fc.double({ min: 1, max: 3, noNaN: true });
    fc.assert(
      fc.property(low, high, sigma, time, more, (below, above, vol, t, factor) => {
        const p = at(below, above, vol, t);
        expect(p).to.be.within(0, 1);
        expect(at(below, above, vol * factor, t)).to.be.at.least(p - ROUNDING);
        expect(at(below, above, vol, t * factor)).to.be.at.least(p - ROUNDING);
        expect(at(below / factor, above, vol, t)).to.be.at.most(p + ROUNDING);
        expect(at(below, above * factor, vol, t)).to.be.at.most(p + ROUNDING);
        // At least that of either barrier, at most that of both.
        const [down, up] = [at(below, Infinity, vol, t), at(0, above, vol, t)];
        expect(p).to.be.within(Math.max(down, up) - ROUNDING, down + up + ROUNDING);
      }),
      { numRuns: 500 },
    );
  });

  it("depends on ratios of prices and on sigma²·time alone", () => {
    fc.assert(
      fc.property(low, high, sigma, time, (below, above, vol, t) => {
        const p = at(below, above, vol, t);
        const scaled = { spot: 8 * SPOT, low: 8 * below, high: 8 * above, sigma: vol / 2, time: 4 * t };
        expectNear(exitProbability(scaled), p, ROUNDING);
      }),
    );
  });

  it("refuses what has no meaning", () => {
    for (const bad of [
      { spot: 0 },
      { spot: NaN },
      { low: -1 },
      { low: NaN },
      { low: 4001 },
      { high: NaN },
      { sigma: -1 },
      { sigma: Infinity },
      { time: -1 },
      { time: NaN },
    ]) {
      const input = { spot: SPOT, low: 2000, high: 4000, sigma: 1, time: 1, ...bad };
      expect(() => exitProbability(input), JSON.stringify(bad)).to.throw(PolicyInputError);
    }
  });
});
