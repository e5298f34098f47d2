import { expect } from "chai";
import fc from "fast-check";

import { BookValuer, UNCAPPED } from "../../../keeper/backtest/bookValuer.ts";
import { cappedGreeks } from "../../../keeper/math/blackScholes.ts";
import { SECONDS_PER_YEAR } from "../../../keeper/math/units.ts";
import { bookDelta, bookRisk } from "../../../keeper/strategy/bookRisk.ts";
import type { OptionLeg } from "../../../keeper/strategy/types.ts";
import { expectNear } from "../../support/near.ts";
import { DAY, START } from "../utils/backtestScenarios.ts";

const legArbitrary = fc
  .record({
    type: fc.constantFrom("call" as const, "put" as const),
    strike: fc.double({ min: 500, max: 9000, noNaN: true }),
    width: fc.option(fc.double({ min: 0.01, max: 0.9, noNaN: true }), { nil: undefined }),
    days: fc.constantFrom(-1, 0, 0.01, 1, 7, 7, 30, 365),
    quantity: fc.integer({ min: -100, max: 100 }).map((tenths) => tenths / 10),
    sigma: fc.double({ min: 0.05, max: 3, noNaN: true }),
    capSigma: fc.option(fc.double({ min: 0.05, max: 3, noNaN: true }), { nil: undefined }),
    forwardRatio: fc.double({ min: 0.9, max: 1.1, noNaN: true }),
  })
  .map(({ width, days, capSigma, ...leg }): OptionLeg => {
    const isCall = leg.type === "call";
    const bare = isCall ? UNCAPPED : 0;
    const cap = width === undefined ? bare : leg.strike * (isCall ? 1 + width : 1 - width);
    return { ...leg, cap, expiry: START + days * DAY, ...(capSigma === undefined ? {} : { capSigma }) };
  });

function valueOf(legs: readonly OptionLeg[], spot: number, timestamp: number): number {
  return legs.reduce((sum, leg) => {
    const tau = Math.max(0, leg.expiry - timestamp) / SECONDS_PER_YEAR;
    const cap = leg.cap === UNCAPPED || leg.cap === 0 ? undefined : leg.cap;
    return (
      sum + leg.quantity * cappedGreeks({ ...leg, cap, spot, tau, forward: spot * leg.forwardRatio }).price
    );
  }, 0);
}

describe("the valuer of a book", () => {
  it("agrees with the strategies' own greeks to 1e-14 of the book, wherever spot wanders", () => {
    fc.assert(
      fc.property(
        fc.array(legArbitrary, { minLength: 1, maxLength: 8 }),
        fc.array(
          fc.record({
            spot: fc.double({ min: 300, max: 12_000, noNaN: true }),
            seconds: fc.integer({ min: 0, max: 400 * DAY }),
          }),
          { minLength: 1, maxLength: 5 },
        ),
        fc.double({ min: 0.5, max: 2, noNaN: true }),
        (legs, moments, varianceScale) => {
          const valuer = new BookValuer(legs);
          const size = 1e-14 * legs.reduce((sum, { quantity }) => sum + Math.abs(quantity), 1);
          for (const { spot, seconds } of moments) {
            const now = START + seconds;
            const risk = bookRisk(legs, spot, now);
            valuer.mark(spot, now);
            expectNear(valuer.delta, risk.delta, 2 * size, "delta");
            const scale = legs.reduce((most, { strike }) => Math.max(most, strike), spot);
            expectNear(valuer.value, valueOf(legs, spot, now), 2 * size * scale, "value");
            expectNear(
              valuer.deltaAt(spot, now, varianceScale),
              bookDelta(legs, spot, now, varianceScale),
              2 * size,
            );
            const known = valuer.risk(spot, now);
            expectNear(known.delta, risk.delta, 2 * size, "known delta");
            // Gamma divides by spot times deviation, and either density has a relative error of its exponent.
            expectNear(known.gamma, risk.gamma, 1e-12 * gross(legs, spot, now, "gamma"), "gamma");
            expectNear(known.vega, risk.vega, 1e-12 * gross(legs, spot, now, "vega"), "vega");
            const isWeighty = gross(legs, spot, now, "gamma") > 1e-11;
            if (isWeighty) expectNear(known.horizon, risk.horizon, 1e-9, "horizon");
          }
        },
      ),
      { numRuns: 300, seed: 7 },
    );
  });

  it("takes a new volatility of one leg, and leaves the others alone", () => {
    const legs: OptionLeg[] = [
      {
        type: "call",
        strike: 3000,
        cap: 3300,
        expiry: START + DAY,
        quantity: -2,
        sigma: 0.6,
        forwardRatio: 1,
      },
      {
        type: "put",
        strike: 2800,
        cap: 0,
        expiry: START + 7 * DAY,
        quantity: 3,
        sigma: 0.6,
        forwardRatio: 1,
      },
    ];
    const valuer = new BookValuer(legs);
    valuer.setVolatility(0, 0.9, 0.8);
    valuer.mark(3000, START);
    const moved = [{ ...legs[0]!, sigma: 0.9, capSigma: 0.8 }, legs[1]!];
    expectNear(valuer.delta, bookRisk(moved, 3000, START).delta, 1e-14);
    expect(valuer.size).to.equal(3);
  });
});

/** Of a sum that may cancel, what its terms would be without their signs. */
function gross(legs: readonly OptionLeg[], spot: number, now: number, greek: "gamma" | "vega"): number {
  const rows = legs.flatMap(({ capSigma, ...leg }) => [
    { ...leg, cap: leg.type === "call" ? UNCAPPED : 0 },
    {
      ...leg,
      strike: leg.cap || 1,
      cap: leg.type === "call" ? 10 * UNCAPPED : 0,
      sigma: capSigma ?? leg.sigma,
    },
  ]);
  return rows.reduce((sum, row) => sum + Math.abs(bookRisk([row], spot, now)[greek]), 1e-12);
}
