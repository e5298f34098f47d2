import { expect } from "chai";
import fc from "fast-check";

import { PolicyInputError } from "../../../keeper/math/policyInputError.ts";
import type { SignalReading } from "../../../keeper/signals/signal.ts";
import { tightenBy } from "../../../keeper/signals/tightenBy.ts";
import { expectNear } from "../../support/near.ts";

const NOW = 1_735_689_600;
const LIMITS = { delta: 40, minDrift: 5, maxAge: 86_400, gamma: 0.5 };

const reading = (name: string, value: unknown, at: unknown = NOW, maxAge = 600): SignalReading => ({
  ...{ name, maxAge, answer: { name, value, at } },
});

/** Anything an endpoint may say, good signals among it. */
const anyReading: fc.Arbitrary<SignalReading> = fc.oneof(
  fc.record({
    name: fc.constant("a"),
    maxAge: fc.oneof(fc.integer({ min: -10, max: 4000 }), fc.constantFrom(NaN, Infinity, -Infinity)),
    answer: fc.record({
      name: fc.constantFrom("a", "b"),
      value: fc.oneof(fc.double(), fc.double({ min: 0, max: 1 }), fc.anything()),
      at: fc.oneof(fc.integer({ min: NOW - 5000, max: NOW + 200 }), fc.double(), fc.anything()),
    }),
  }),
  fc.record({ name: fc.string(), maxAge: fc.double(), answer: fc.anything() }),
  fc.record({ name: fc.string(), maxAge: fc.double(), fault: fc.string() }),
);

/** A signal that counts. */
const goodReading = fc
  .record({ value: fc.double({ min: 0, max: 1, noNaN: true }), age: fc.integer({ min: -60, max: 600 }) })
  .map(({ value, age }) => reading("a", value, NOW - age));

const anyLimits = fc.record({
  delta: fc.double({ min: 0, max: 1e6, noNaN: true }),
  minDrift: fc.double({ min: 0, max: 1e6, noNaN: true }),
  maxAge: fc.integer({ min: 0, max: 1e6 }),
});

const anyFloor = fc.double({ min: 1e-6, max: 1, noNaN: true });

describe("limits under external signals", () => {
  it("are never looser, nor tighter than the operator allows, whatever is answered", () => {
    fc.assert(
      fc.property(fc.array(anyReading, { maxLength: 5 }), anyLimits, anyFloor, (readings, limits, floor) => {
        const { limits: tightened, factor } = tightenBy(readings, limits, { now: NOW, floor });
        expect(factor).to.be.within(floor, 1);
        expect(tightened.delta).to.be.at.most(limits.delta);
        expect(tightened.delta).to.be.at.least(limits.delta * floor);
        expect(tightened.delta).to.be.at.least(Math.min(limits.delta, limits.minDrift));
        expect({ ...tightened, delta: 0 }).to.deep.equal({ ...limits, delta: 0 });
      }),
      { numRuns: 2000 },
    );
  });

  it("are the same without any signal that counts, and each that does not is reported", () => {
    const readings = [
      reading("old", 1, NOW - 601),
      reading("ahead", 1, NOW + 61),
      reading("over", 1.01),
      reading("under", -0.5),
      reading("none", NaN),
      reading("text", "1"),
      reading("null", null),
      reading("undated", 1, null),
      reading("iso", 1, "2025-01-01T00:00:00Z"),
      reading("ageless", 1, NOW, NaN),
      { ...reading("one", 1), name: "another" },
      { name: "array", maxAge: 600, answer: [1] },
      { name: "silent", maxAge: 600 },
      { name: "down", maxAge: 600, fault: "gave no answer in 500 ms" },
    ];
    const result = tightenBy(readings, LIMITS, { now: NOW, floor: 0.25 });
    expect(result.limits).to.deep.equal(LIMITS);
    expect({ ...result, limits: null, unused: null }).to.deep.equal({
      ...{ limits: null, factor: 1, by: null, used: [], unused: null },
    });
    expect(result.unused.map(({ name }) => name)).to.deep.equal(readings.map(({ name }) => name));
    const why = Object.fromEntries(result.unused.map((each) => [each.name, each.why]));
    expect(why["old"]).to.equal("is 601 s old, at most 600 s counts");
    expect(why["ahead"]).to.equal("is from the future, 61 s ahead");
    expect(why["over"]).to.match(/^answered what is no signal \(value: /);
    expect(why["another"]).to.equal("answered for a signal of another name");
    expect(why["silent"]).to.equal("gave no answer");
    expect(why["down"]).to.equal("gave no answer in 500 ms");
  });

  it("are tightened in proportion to stress, down to the floor", () => {
    for (const [value, delta] of [
      [0, 40],
      [0.5, 25],
      [1, 10],
    ] as const) {
      const { limits, by } = tightenBy([reading("fear", value)], LIMITS, { now: NOW, floor: 0.25 });
      expect(limits.delta).to.equal(delta);
      expect(by).to.equal(value === 0 ? null : "fear");
    }
  });

  it("follow the most stressed signal, in any order", () => {
    const readings = [reading("news", 0.2), reading("flow", 0.9), reading("fear", 0.4)];
    for (const given of [readings, [...readings].reverse()]) {
      const { by, factor, used } = tightenBy(given, LIMITS, { now: NOW, floor: 0.5 });
      expect(by).to.equal("flow");
      expectNear(factor, 0.55, 1e-12);
      expect(used).to.have.length(3);
    }
  });

  it("are never given back by more stress, or by one more signal", () => {
    const value = fc.double({ min: 0, max: 1, noNaN: true });
    const deltaBy = (readings: SignalReading[], floor: number) =>
      tightenBy(readings, LIMITS, { now: NOW, floor }).limits.delta;
    fc.assert(
      fc.property(value, value, anyFloor, (a, b, floor) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        expect(deltaBy([reading("a", high)], floor)).to.be.at.most(deltaBy([reading("a", low)], floor));
      }),
    );
    fc.assert(
      fc.property(fc.array(goodReading, { maxLength: 4 }), anyReading, anyFloor, (readings, more, floor) => {
        expect(deltaBy([...readings, more], floor)).to.be.at.most(deltaBy(readings, floor));
      }),
    );
  });

  it("do not go below what the chain would refuse, nor up to it", () => {
    const at = (delta: number) =>
      tightenBy([reading("a", 1)], { ...LIMITS, delta }, { now: NOW, floor: 0.1 }).limits.delta;
    expect([at(40), at(4)]).to.deep.equal([5, 4]);
  });

  it("leave what they were given as it was", () => {
    const limits = Object.freeze({ ...LIMITS });
    expect(tightenBy([reading("a", 1)], limits, { now: NOW, floor: 0.5 }).limits).not.to.equal(limits);
    expect(limits).to.deep.equal(LIMITS);
  });

  it("refuse a floor that would loosen or do away with them", () => {
    for (const floor of [0, -1, 1.5, NaN, Infinity]) {
      expect(() => tightenBy([], LIMITS, { now: NOW, floor })).to.throw(PolicyInputError);
    }
    expect(() => tightenBy([], LIMITS, { now: NaN, floor: 0.5 })).to.throw(PolicyInputError);
  });
});
