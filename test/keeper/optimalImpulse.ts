import { expect } from "chai";
import fc from "fast-check";
import { bookDelta, bookRisk } from "../../keeper/strategy/bookRisk.ts";
import { planBand } from "../../keeper/strategy/bandPlan.ts";
import { optimalImpulse } from "../../keeper/strategy/optimalImpulse.ts";
import { bandCost } from "../../keeper/math/bandCost.ts";
import { impulseBand, marketModel } from "../../keeper/math/impulseBand.ts";
import { PolicyInputError } from "../../keeper/math/policyInputError.ts";
import type { Decision, DecisionInput, OptionLeg } from "../../keeper/strategy/types.ts";
import { expectNear } from "../support/near.ts";

const NOW = 1_722_643_200;
const DAY = 86_400;
const strategy = optimalImpulse({ riskAversion: 1e-4 });

const shortCall: OptionLeg = {
  type: "call",
  strike: 3000,
  cap: 6000,
  expiry: NOW + 30 * DAY,
  quantity: -100,
  sigma: 0.7,
  forwardRatio: 1,
};

const quiet: DecisionInput = {
  timestamp: NOW,
  spot: 3000,
  legs: [shortCall],
  hedgeDelta: -bookDelta([shortCall], 3000, NOW),
  sigma: 0.7,
  gasUsd: 8,
  feeRate: 0.0005,
  kappa: 0.008,
  checkInterval: 12,
  lastRebalanceAt: NOW - 3600,
  marginCall: false,
  limits: { delta: Infinity, minDrift: 0.01, maxAge: Infinity },
};

/** The decision on `quiet` with the hedge moved so that drift is `drift`. */
const at = (drift: number, change: Partial<DecisionInput> = {}): Decision => {
  const input = { ...quiet, ...change };
  return strategy.decide({
    ...input,
    hedgeDelta: drift - bookDelta(input.legs, input.spot, input.timestamp),
  });
};
const after = (decision: Decision): number => decision.drift + decision.trade;

const planOf = (input: DecisionInput) =>
  planBand(input, bookRisk(input.legs, input.spot, input.timestamp), 1e-4);

describe("optimalImpulse", () => {
  it("holds inside the band and trades to t from its edge, on both sides", () => {
    const { t, c, centre, ...band } = at(0).band!;
    expect(band.b).to.be.above(t);
    expect(t).to.be.above(0);
    expect(c).to.be.above(0);
    expect(band.lean).to.not.equal(0);
    for (const side of [1, -1]) {
      const b = band.b + side * band.lean!;
      const inside = at(centre + side * b * 0.999);
      expect(inside).to.include({ action: "hold", reason: "inside-band", trade: 0 });
      expect(inside.gain!).to.be.below(inside.cost!);
      const edge = at(centre + side * b * 1.00001);
      expect(edge).to.include({ action: "rebalance", reason: "gain-over-gas" });
      expect(edge.gain!).to.be.at.least(edge.cost!);
      expectNear(after(edge), centre + side * t, 2e-3 * b);
    }
  });

  it("gains, past the band, what the wait for the next look would lose", () => {
    const { b, c, centre } = at(0).band!;
    const checkInterval = 3600;
    const { gain, cost } = at(centre + 2 * b, { checkInterval });
    const holding = 0.5 * 1e-4 * (0.7 * 3000) ** 2 * (2 * b) ** 2;
    expectNear(gain! - cost!, (holding - c) * (checkInterval / (365 * DAY)), 1e-9 * cost!);
  });

  it("acts the earlier the less often it looks, and states what its band costs, widened or not", () => {
    const rare = { ...quiet, timestamp: shortCall.expiry - 3600, checkInterval: 60 };
    const always = planOf({ ...rare, checkInterval: 0 });
    const { model, b, t } = always;
    expectNear(b - planOf(rare).b, 0.5826 * Math.sqrt(model.a2 * (60 / (365 * DAY))), 1e-9 * b);
    expect(always.c).to.be.above(1.01 * impulseBand(model).c);
    expectNear(always.c / bandCost(model, { b, t }).c, 1, 1e-12);
  });

  it("is the long-run band of the book's gamma when that hardly changes and expiry is far", () => {
    const legs = [{ ...shortCall, expiry: NOW + 3000 * DAY }];
    const { gamma } = bookRisk(legs, 3000, NOW);
    const cheap = { gasUsd: 0.05, kappa: 0, checkInterval: 1e-6 };
    const band = at(0, { legs, ...cheap }).band!;
    const longRun = impulseBand(
      marketModel({ S: 3000, sigma: 0.7, gamma, riskAversion: 1e-4, feeRate: 0.0005, ...cheap }),
    );
    expectNear(band.b / longRun.b, 1, 0.02);
    expectNear(band.t / longRun.t, 1, 0.02);
  });

  it("waits longer the dearer the gas and the fee, and the less the aversion to risk", () => {
    const widths = (change: (x: number) => Partial<DecisionInput>): number[] =>
      [1, 2, 4, 8].map((x) => at(0, change(x)).band!.b);
    for (const bs of [
      widths((x) => ({ gasUsd: 4 * x })),
      widths((x) => ({ feeRate: 0.0003 * x })),
      [1e-3, 1e-4, 1e-5, 1e-6].map((riskAversion) => optimalImpulse({ riskAversion }).decide(quiet).band!.b),
    ]) {
      for (let i = 1; i < bs.length; i++) expect(bs[i]).to.be.above(bs[i - 1]!);
    }
  });

  it("does not act on the same drift at 100 gwei that it acts on at 1", () => {
    const drift = at(0, { gasUsd: 2 }).band!.b * 1.5;
    expect(at(drift, { gasUsd: 2 }).action).to.equal("rebalance");
    expect(at(drift, { gasUsd: 200 }).action).to.equal("hold");
  });

  it("opens the band near expiry: less time is left for a hedge to pay", () => {
    // At 4,500 gamma is all but gone and no longer what makes the band.
    const bs = [7 * DAY, DAY, 3600, 600].map(
      (left) => at(0, { spot: 4500, timestamp: shortCall.expiry - left }).band!.b,
    );
    for (let i = 1; i < bs.length; i++) expect(bs[i]).to.be.above(bs[i - 1]!);
    // Ten minutes before the end a drift of 20 ETH is not worth 8 USD of gas and 45 of fees.
    expect(at(20, { spot: 4500, timestamp: shortCall.expiry - 600 }).action).to.equal("hold");
  });

  it("weighs expiries by gamma: a dead near leg does not make it stop hedging the live far one", () => {
    const dead: OptionLeg = { ...shortCall, strike: 9000, cap: 12_000, expiry: NOW + 600 };
    expectNear(at(0, { legs: [shortCall, dead] }).band!.b, at(0).band!.b, 1e-6);
    expectNear(bookRisk([shortCall, dead], 3000, NOW).horizon, 30 / 365, 1e-6);
  });

  it("sees gamma coming where a mixed book has none now", () => {
    // A risk reversal: net gamma passes through 0 between the strikes although delta moves on both sides.
    const legs: OptionLeg[] = [
      { ...shortCall, strike: 3300 },
      { ...shortCall, type: "put", strike: 2730, cap: 1, quantity: 100 },
    ];
    let spot = 2800;
    for (let step = 200; step > 1e-9; step /= 2) if (bookRisk(legs, spot + step, NOW).gamma > 0) spot += step;
    expect(Math.abs(bookRisk(legs, spot, NOW).gamma)).to.be.below(1e-9);
    const { b } = at(0, { legs, spot }).band!;
    expect(b).to.be.within(0.2 * at(0).band!.b, at(0).band!.b);
  });

  it("leans with gamma: out of the money it lands with less of a hedge, and lets the hedge it has go further", () => {
    // Below the strike gamma grows with the price. Most paths end where no hedge is needed, and few where all of it is.
    const calm = optimalImpulse({ riskAversion: 1e-5 });
    const bandAt = (spot: number, quantity: number) =>
      calm.decide({ ...quiet, spot, legs: [{ ...shortCall, quantity }], ...later }).band!;
    const later = { timestamp: shortCall.expiry - 7.5 * DAY, gasUsd: 32 };
    for (const [spot, side] of [
      [2780, 1],
      [3237, -1],
    ] as const) {
      for (const quantity of [-100, 100]) {
        const { b, t, centre, lean } = bandAt(spot, quantity);
        const sign = side * Math.sign(-quantity);
        expect(-sign * centre).to.be.within(0.05 * b, (b - t) / 4);
        expect(sign * (centre + lean!)).to.be.within(0.005 * b, (b - t) / 4);
      }
    }
  });

  it("waits where it would rather have more drift, and keeps to the limits meanwhile", () => {
    // Long calls of which a third are gone within minutes. Until then the best drift is the third's delta: a level book is outside its band.
    const calm = optimalImpulse({ riskAversion: 1e-6 });
    const long = { ...shortCall, strike: 2000, cap: 9000, quantity: 50 };
    const legs = [NOW + 120, NOW + 7 * DAY, NOW + 14 * DAY].map((expiry) => ({ ...long, expiry }));
    const decide = (drift: number, limits: Partial<DecisionInput["limits"]> = {}) =>
      calm.decide({
        ...quiet,
        gasUsd: 2,
        kappa: 0,
        legs,
        hedgeDelta: drift - bookDelta(legs, 3000, NOW),
        limits: { ...quiet.limits, ...limits },
      });
    const { b, centre, lean } = decide(0).band!;
    expect(centre + lean! - b, "its lower edge").to.be.above(20);
    for (const drift of [-5, 0, 5, 20]) expect(decide(drift)).to.include({ action: "hold", trade: 0 });
    for (const limits of [{ delta: 15 }, { maxAge: 60 }])
      expect(decide(20, limits)).to.include({
        reason: "delta" in limits ? "delta-limit" : "age",
        action: "rebalance",
        trade: -20,
      });
    // Below 0 it asks for less of a hedge, and a trade to the other side of 0 that leaves no more drift is one the chain takes.
    expect(decide(-60)).to.include({ action: "rebalance", reason: "gain-over-gas" });
  });

  it("acts at the delta limit, and lands where acting there is cheapest", () => {
    const { b, t, centre } = at(0).band!;
    const delta = 0.6 * b;
    const limits = { ...quiet.limits, delta };
    expect(at(0.99 * delta, { limits }).action).to.equal("hold");
    const decision = at(delta, { limits });
    expect(decision).to.include({ action: "rebalance", reason: "delta-limit" });
    expect(decision.gain!).to.be.below(decision.cost!);
    const landing = after(decision) - centre;
    expect(landing).to.be.within(0, 0.95 * t);
    const { model } = planOf(quiet);
    const costOf = (level: number): number => bandCost(model, { b: delta - centre, t: level }).c;
    for (const other of [0.98, 1.02]) expect(costOf(other * landing)).to.be.above(costOf(landing));
  });

  it("lands inside a delta limit that is nearer than its own landing, from wherever drift is", () => {
    const calm = optimalImpulse({ riskAversion: 1e-7 });
    for (const drift of [3, 8, 80, -3, -80]) {
      const hedgeDelta = drift - bookDelta(quiet.legs, 3000, NOW);
      const free = calm.decide({ ...quiet, hedgeDelta });
      expect(free.band!.t).to.be.above(3.5);
      const limits = { ...quiet.limits, delta: 3 };
      const decision = calm.decide({ ...quiet, hedgeDelta, limits });
      expect(decision.reason).to.equal("delta-limit");
      expect(Math.abs(after(decision))).to.be.below(3);
    }
  });

  it("acts on age once drift is worth the chain's trigger", () => {
    const limits = { delta: Infinity, minDrift: 0.5, maxAge: 3600 };
    expect(at(1, { limits })).to.include({ action: "rebalance", reason: "age" });
    expect(at(1, { limits: { ...limits, maxAge: 3601 } }).action).to.equal("hold");
    expect(at(0.4, { limits }).action).to.equal("hold");
    expect(at(1, { limits, lastRebalanceAt: null }).action).to.equal("hold");
    const { b, t, centre } = at(0).band!;
    const between = at(centre + (b + t) / 2, { limits });
    // Inside t on the side of the centre: a landing no nearer to 0 is none, and the centre is.
    const cheap = { spot: 3300, gasUsd: 1e-3, kappa: 0 };
    const narrow = at(0, cheap).band!;
    expect(narrow.centre).to.be.below(-0.01);
    const old = at(-0.5 * narrow.t, { ...cheap, limits: { ...limits, minDrift: 0.01 } });
    expect(old.reason).to.equal("age");
    expectNear(after(old), narrow.centre, 1e-12);
    expect(between.reason).to.equal("age");
    expectNear(after(between), centre + t, 1e-9);
  });

  it("holds below the chain's trigger what the band would trade, unless a venue wants margin", () => {
    const { b } = at(0).band!;
    const limits = { ...quiet.limits, minDrift: 2 * b };
    expect(at(1.5 * b, { limits })).to.include({ action: "hold", reason: "below-trigger", trade: 0 });
    const call = at(1.5 * b, { limits, marginCall: true });
    expect(call).to.include({ action: "rebalance", reason: "margin" });
    expect(Math.abs(after(call))).to.be.below(1.5 * b);
    expect(at(0.1 * b, { marginCall: true })).to.include({ action: "rebalance", reason: "margin", trade: 0 });
  });

  it("closes a hedge that has lost its book, and rests when there is nothing", () => {
    const left = strategy.decide({ ...quiet, legs: [], hedgeDelta: 0.4 });
    expect(left).to.include({ action: "rebalance", reason: "gain-over-gas", trade: -0.4, drift: 0.4 });
    expect(left.gain!).to.be.at.least(left.cost!);
    expect(strategy.decide({ ...quiet, legs: [], hedgeDelta: 0 })).to.include({
      action: "hold",
      reason: "flat",
    });
    const dust = strategy.decide({ ...quiet, legs: [], hedgeDelta: 0.001 });
    expect(dust).to.include({ action: "hold", reason: "below-trigger" });
  });

  it("takes the delta of a book from each leg's own forward and volatilities", () => {
    const leg: OptionLeg = { ...shortCall, cap: 3500, capSigma: 0.9, forwardRatio: 1.03 };
    expectNear(bookDelta([leg], 3000, NOW), bookRisk([leg], 3000, NOW).delta, 1e-12);
    // A scale of variance is one of both volatilities.
    const doubled = { ...leg, sigma: 2 * leg.sigma, capSigma: 1.8 };
    expectNear(bookDelta([leg], 3000, NOW, 4), bookDelta([doubled], 3000, NOW), 1e-12);
  });

  it("measures an expired leg by its payout's step until it is settled", () => {
    const timestamp = shortCall.expiry + 60;
    expect(bookRisk([shortCall], 3500, timestamp)).to.include({ delta: -100, gamma: 0, vega: 0, horizon: 0 });
    expect(Math.abs(bookRisk([shortCall], 2500, timestamp).delta)).to.equal(0);
    const decision = strategy.decide({ ...quiet, timestamp, spot: 3500, hedgeDelta: 90 });
    expect(decision).to.include({ action: "hold", drift: -10 });
    for (const value of [decision.gain!, decision.cost!, decision.band!.b])
      expect(Number.isFinite(value)).to.equal(true);
  });

  it("gives the same answer to the same input and leaves the input alone", () => {
    const input = structuredClone({ ...quiet, hedgeDelta: quiet.hedgeDelta + 3 });
    const frozen = JSON.stringify(input);
    expect(strategy.decide(input)).to.deep.equal(strategy.decide(input));
    expect(JSON.stringify(input)).to.equal(frozen);
  });

  it("refuses an aversion or a market without meaning", () => {
    for (const riskAversion of [0, -1, NaN, Infinity]) {
      expect(() => optimalImpulse({ riskAversion })).to.throw(PolicyInputError);
    }
    expect(() => at(0, { spot: 0 })).to.throw(PolicyInputError);
    expect(() => at(0, { sigma: NaN })).to.throw(PolicyInputError);
    expect(() => strategy.decide({ ...quiet, hedgeDelta: NaN })).to.throw(PolicyInputError);
  });

  const legs = fc.array(
    fc
      .record({
        isCall: fc.boolean(),
        strike: fc.double({ min: 1500, max: 5000, noNaN: true }),
        width: fc.double({ min: 100, max: 1400, noNaN: true }),
        expiry: fc.integer({ min: NOW - 3600, max: NOW + 35 * DAY }),
        quantity: fc.double({ min: -500, max: 500, noNaN: true }),
        sigma: fc.double({ min: 0.1, max: 2, noNaN: true }),
        forwardRatio: fc.double({ min: 0.98, max: 1.02, noNaN: true }),
      })
      .map(({ isCall, width, ...leg }): OptionLeg => {
        return {
          ...leg,
          type: isCall ? "call" : "put",
          cap: isCall ? leg.strike + width : leg.strike - width,
        };
      }),
    { maxLength: 8 },
  );
  const inputs: fc.Arbitrary<DecisionInput> = fc.record({
    timestamp: fc.constant(NOW),
    spot: fc.double({ min: 500, max: 10_000, noNaN: true }),
    legs,
    hedgeDelta: fc.double({ min: -600, max: 600, noNaN: true }),
    sigma: fc.double({ min: 0.05, max: 3, noNaN: true }),
    gasUsd: fc.oneof(fc.constant(0), fc.double({ min: 1e-4, max: 500, noNaN: true })),
    feeRate: fc.double({ min: 1e-5, max: 0.01, noNaN: true }),
    kappa: fc.double({ min: 0, max: 10, noNaN: true }),
    checkInterval: fc.integer({ min: 1, max: 3600 }),
    lastRebalanceAt: fc.option(fc.integer({ min: NOW - 10 * DAY, max: NOW })),
    marginCall: fc.boolean(),
    limits: fc.record({
      delta: fc.double({ min: 0.1, max: 1000, noNaN: true }),
      minDrift: fc.double({ min: 0.001, max: 10, noNaN: true }),
      maxAge: fc.integer({ min: 60, max: 20 * DAY }),
    }),
  });

  it("never asks for a trade the chain would refuse, whatever the book and the market", () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const decision = strategy.decide(input);
        const { drift, trade, band, gain, cost } = decision;
        for (const value of [drift, trade, band!.b, band!.t, band!.c, band!.centre, gain!, cost!]) {
          expect(Number.isFinite(value), JSON.stringify(decision)).to.equal(true);
        }
        expect(band!.b).to.be.at.least(band!.t);
        if (decision.action === "hold") {
          expect(trade).to.equal(0);
          expect(input.marginCall).to.equal(false);
        } else if (trade !== 0) {
          const most = Math.min(Math.abs(drift), input.limits.delta);
          expect(Math.abs(drift + trade), JSON.stringify(decision)).to.be.below(most);
          expect(Math.abs(drift) >= input.limits.minDrift || input.marginCall).to.equal(true);
          // Never across zero by more than the centre may lie off it.
          if (Math.sign(drift + trade) !== Math.sign(drift)) {
            expect(Math.abs(drift + trade)).to.be.at.most((band!.b + band!.t) / 4 + 1e-9);
          }
        } else {
          expect(decision.reason).to.equal("margin");
        }
        if (decision.reason === "gain-over-gas") expect(gain!).to.be.at.least(cost!);
        if (decision.reason === "inside-band" && !input.marginCall) expect(gain!).to.be.at.most(cost!);
      }),
      { numRuns: 2000 },
    );
  });
});
