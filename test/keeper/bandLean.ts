import { expect } from "chai";

import { bandLean, type LeanInput } from "../../keeper/math/bandLean.ts";
import { impulseBand, type ImpulseModel } from "../../keeper/math/impulseBand.ts";
import { waitingShape } from "../../keeper/math/waitingValue.ts";
import { expectNear } from "../support/near.ts";

const model: ImpulseModel = { a2: 180, h: 160, G: 32, ell: 1.5, kappa: 0.02 };
const levels = impulseBand(model);
const shape = waitingShape(model, levels, 1);
const level: LeanInput = {
  model,
  levels,
  spot: 3000,
  sigma: 0.6,
  // Of a2, but the terms that it alone makes are left out where a test asks for the others: gamma 0.
  gamma: 0,
  shape,
  slope: { p: 0, q: 0 },
  reserveSlope: 0,
  curvature: 1,
};
const w = levels.b - levels.t;

describe("bandLean", () => {
  it("moves the whole band to where the expected friction falls off, as far as it is trusted", () => {
    // h·(d − R_S)² is the same problem around R_S.
    for (const reserveSlope of [1e-6 * w, -1e-6 * w]) {
      const { edges, landings } = bandLean({ ...level, reserveSlope });
      expectNear(edges / reserveSlope, 1, 1e-9);
      expectNear(landings / reserveSlope, 1, 1e-9);
    }
    const most = bandLean({ ...level, reserveSlope: 0.4 * w });
    expectNear(most.landings / w, 0.2, 1e-9);
    expect(bandLean({ ...level, reserveSlope: 100 * w }).landings).to.be.below(0.01 * w);
  });

  it("meets the conditions of an optimal band to first order", () => {
    const input = {
      ...level,
      gamma: 1e-7,
      reserveSlope: 1e-10,
      // Of a gamma that grows by a thousandth per USD: q goes with its square, p with a power of about 0.8.
      slope: { p: -8e-4 * shape.p, q: -2e-3 * shape.q },
    };
    const { edges, landings } = bandLean(input);
    const { a2, h, kappa, ell } = model;
    const { b, t } = levels;
    const s2 = 0.6 ** 2;
    const { gamma, reserveSlope, slope, spot } = input;
    // Integrates ½a²·v1'' = 2h·R_S·d + σ²SΓ·v0_d − σ²S²Γ·v0_Sd, with the v1' at 0 that leaves v1 the same at t and b.
    const v0d = (p: number, q: number, d: number) => 2 * p * d - 4 * q * d ** 3;
    const source = (d: number) =>
      (2 / a2) *
      (2 * h * reserveSlope * d +
        s2 * spot * gamma * v0d(shape.p, shape.q, d) -
        s2 * spot * spot * gamma * v0d(slope.p, slope.q, d));
    const integrate = (f: (x: number) => number, from: number, to: number) => {
      const n = 400;
      const dx = (to - from) / n;
      let sum = 0;
      for (let i = 0; i < n; i++) sum += f(from + (i + 0.5) * dx) * dx;
      return sum;
    };
    const rise = (d: number) => integrate(source, 0, d);
    const constant = -integrate(rise, t, b) / (b - t);
    // V' = K' at both moved thresholds of the upper side, V = v0 + v1.
    const marginal = (d: number) => v0d(shape.p, shape.q, d) + constant + rise(d);
    const cost = ell + 2 * kappa * (b + edges - t - landings);
    const slack = 1e-4 * Math.abs(constant);
    expect(Math.abs(constant)).to.be.above(1e-8);
    expectNear(marginal(b + edges), cost, slack);
    expectNear(marginal(t + landings), cost, slack);
    // Both are moved, and not alike.
    expect(Math.sign(edges)).to.equal(-Math.sign(landings));
  });

  it("turns with the sign of gamma, and is level where nothing moves, costs nothing or has no time", () => {
    const input = { ...level, gamma: 0.01, slope: { p: 1e-5, q: 1e-8 } };
    const here = bandLean(input);
    const turned = bandLean({ ...input, gamma: -0.01 });
    expectNear(turned.edges, -here.edges, 1e-12);
    expectNear(turned.landings, -here.landings, 1e-12);
    for (const none of [
      level,
      { ...input, model: { ...model, a2: 0 } },
      { ...input, levels: { b: 1, t: 1 } },
      { ...input, curvature: 0 },
    ]) {
      const { edges, landings } = bandLean(none);
      expect(Math.abs(edges) + Math.abs(landings)).to.equal(0);
    }
  });
});
