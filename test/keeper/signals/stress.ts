import { expect } from "chai";
import fc from "fast-check";

import type { SignalReading } from "../../../keeper/signals/signal.ts";
import { stressOf } from "../../../keeper/signals/stress.ts";

const NOW = 1_735_689_600;

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

describe("the stress a signal stands for", () => {
  it("is what it says, until it is too old and while its clock is hardly ahead", () => {
    for (const at of [NOW, NOW - 600, NOW + 60])
      expect(stressOf(reading("fear", 0.35, at), NOW)).to.equal(0.35);
    for (const value of [0, 1]) expect(stressOf(reading("fear", value), NOW)).to.equal(value);
  });

  for (const [what, given, why] of [
    ["old", reading("a", 1, NOW - 601), /^is 601 s old, at most 600 s counts$/],
    ["from the future", reading("a", 1, NOW + 61), /^is from the future, 61 s ahead$/],
    ["of no age", reading("a", 1, NOW, NaN), /at most NaN s counts$/],
    ["above 1", reading("a", 1.01), /^answered what is no signal \(value: /],
    ["below 0", reading("a", -0.5), /^answered what is no signal \(value: /],
    ["no number", reading("a", NaN), /^answered what is no signal \(value: /],
    ["a text", reading("a", "1"), /^answered what is no signal \(value: /],
    ["at half a second", reading("a", 1, NOW - 0.5), /^answered what is no signal \(at: /],
    ["no object", { name: "a", maxAge: 600, answer: [1] }, /^answered what is no signal \(/],
    [
      "another's",
      { name: "a", maxAge: 600, answer: { name: "b", value: 1, at: NOW } },
      /^answered for a signal of another name$/,
    ],
    ["none", { name: "a", maxAge: 600 }, /^gave no answer$/],
    ["a fault", { name: "a", maxAge: 600, fault: "answered HTTP 500" }, /^answered HTTP 500$/],
  ] as const) {
    it(`is none where the answer is ${what}`, () => {
      expect(stressOf(given, NOW)).to.match(why);
    });
  }

  it("is from 0 to 1 or a reason, whatever is answered", () => {
    fc.assert(
      fc.property(anyReading, (given) => {
        const stress = stressOf(given, NOW);
        if (typeof stress === "number") expect(stress).to.be.within(0, 1);
        else expect(stress).to.be.a("string");
      }),
      { numRuns: 2000 },
    );
  });
});
