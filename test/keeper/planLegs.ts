import { expect } from "chai";
import fc from "fast-check";

import { planLegs, SHORT, SPOT, withoutOpening, type PlanBasis } from "../../keeper/execution/planLegs.ts";
import { toWad } from "../../keeper/math/units.ts";

const ETH = 10n ** 18n;
const DUST = 10n ** 12n;
const VENUE = "0x00000000000000000000000000000000000000aa";
const UNLIMITED = 2n ** 256n - 1n;

interface Holdings {
  readonly spot?: bigint;
  readonly short?: bigint;
  readonly distance?: bigint;
}

function basis({ spot = 0n, short = 0n, distance = UNLIMITED }: Holdings = {}): PlanBasis {
  return {
    price: 3000n * ETH,
    maxSlippage: ETH / 100n,
    maxLoss: UNLIMITED,
    venues: [
      { venue: VENUE, delta: spot, equity: 0n, liquidationDistance: UNLIMITED, marginTrigger: 0n },
      {
        venue: VENUE,
        delta: -short,
        equity: 0n,
        liquidationDistance: distance,
        marginTrigger: (3n * ETH) / 10n,
      },
    ],
  };
}

function shape(trade: number, holdings: Holdings): [number, bigint][] {
  return planLegs(trade, basis(holdings)).legs.map(({ venue, dDelta }) => [venue, dDelta]);
}

const holding = fc.bigInt({ min: 0n, max: 10_000n * ETH });
const amount = fc.double({ min: -10_000, max: 10_000, noNaN: true });

describe("planLegs", () => {
  it("moves the margin of what can be liquidated where margin is what the trade is for", () => {
    const legsOf = (forMargin: boolean, holdings: Holdings) =>
      planLegs(1, basis(holdings), forMargin).legs.map(({ venue, dDelta }) => [venue, dDelta]);
    const short = { short: 5n * ETH, distance: ETH / 2n };
    expect(legsOf(false, short)).to.deep.equal([[SHORT, ETH]]);
    expect(legsOf(true, short)).to.deep.equal([
      [SHORT, ETH],
      [SHORT, 0n],
    ]);
    expect(legsOf(true, { spot: ETH })).to.deep.equal([[SPOT, ETH]]);
    expect(legsOf(true, { ...short, distance: ETH / 5n })).to.deep.equal(legsOf(true, short));
  });

  it("opens where nothing is held: a short to lower delta, spot to raise it", () => {
    expect(shape(-2, {})).to.deep.equal([[SHORT, -2n * ETH]]);
    expect(shape(2, {})).to.deep.equal([[SPOT, 2n * ETH]]);
  });

  it("adds to what is held", () => {
    expect(shape(-2, { short: ETH })).to.deep.equal([[SHORT, -2n * ETH]]);
    expect(shape(2, { spot: ETH })).to.deep.equal([[SPOT, 2n * ETH]]);
  });

  it("closes in part", () => {
    expect(shape(-2, { spot: 5n * ETH })).to.deep.equal([[SPOT, -2n * ETH]]);
    expect(shape(2, { short: 5n * ETH })).to.deep.equal([[SHORT, 2n * ETH]]);
  });

  it("closes in full, asking for a little more than is held, before it opens the other side", () => {
    expect(shape(-5, { spot: 2n * ETH })).to.deep.equal([
      [SPOT, (-2002n * ETH) / 1000n],
      [SHORT, -3n * ETH],
    ]);
    expect(shape(5, { short: 2n * ETH })).to.deep.equal([
      [SHORT, (2002n * ETH) / 1000n],
      [SPOT, 3n * ETH],
    ]);
  });

  it("leaves no dust on the venue it closes, and opens none on the other", () => {
    expect(shape(-1, { spot: ETH + DUST })).to.deep.equal([[SPOT, -((ETH + DUST) * 1001n) / 1000n]]);
    expect(shape(-1, { spot: ETH - DUST })).to.deep.equal([[SPOT, -((ETH - DUST) * 1001n) / 1000n]]);
    expect(shape(1e-7, {})).to.deep.equal([]);
  });

  it("clears even dust of the other side before opening", () => {
    expect(shape(-1, { spot: 1n })).to.deep.equal([
      [SPOT, -1n],
      [SHORT, -ETH + 1n],
    ]);
  });

  it("moves margin where it is wanted, last, since a trade there may fill nothing", () => {
    const distance = ETH / 10n;
    expect(shape(0, { short: ETH, distance })).to.deep.equal([[SHORT, 0n]]);
    expect(shape(-1, { short: ETH, distance })).to.deep.equal([
      [SHORT, -ETH],
      [SHORT, 0n],
    ]);
    expect(shape(-1, { spot: 5n * ETH, short: ETH, distance })).to.deep.equal([
      [SPOT, -ETH],
      [SHORT, 0n],
    ]);
    expect(shape(0, { short: ETH, distance: (3n * ETH) / 10n })).to.deep.equal([]);
  });

  it("trades in one direction, closing before opening, and fills to the trade within dust", () => {
    fc.assert(
      fc.property(amount, holding, fc.boolean(), (trade, held, isSpot) => {
        const holdings = isSpot ? { spot: held } : { short: held };
        const { legs } = planLegs(trade, basis(holdings));
        const wanted = toWad(trade);
        const against = isSpot === wanted < 0n ? held : 0n;
        let filled = 0n;
        for (const { venue, dDelta } of legs) {
          expect(dDelta > 0n).to.equal(wanted > 0n);
          expect(dDelta).to.not.equal(0n);
          // As a venue does: a closing leg fills at most what is held.
          const closes = against > 0n && venue === (isSpot ? SPOT : SHORT);
          const cut = closes && abs(dDelta) > against ? (dDelta > 0n ? against : -against) : dDelta;
          filled += cut;
        }
        expect(abs(filled - wanted) <= DUST, `${String(filled)} for ${String(wanted)}`).to.equal(true);
        const openingAt = legs.findIndex(({ venue }) => venue === (wanted > 0n ? SPOT : SHORT));
        if (against > 0n && openingAt !== -1) expect(openingAt).to.equal(1);
      }),
    );
  });

  it("keeps limits twice the vault's slippage from the oracle, on the losing side, and states the loss they allow", () => {
    fc.assert(
      fc.property(amount, holding, holding, (trade, spot, short) => {
        const on = basis({ spot, short });
        const plan = planLegs(trade, on);
        let worst = 0n;
        for (const { dDelta, limitPrice } of plan.legs) {
          expect(limitPrice).to.equal(dDelta > 0n ? 3060n * ETH : 2940n * ETH);
          worst += abs(dDelta) * 60n;
        }
        const usdc = plan.maxLoss * 10n ** 12n;
        expect(abs(usdc - worst - ETH) <= 2n * 10n ** 12n).to.equal(true);
        expect(planLegs(trade, { ...on, maxLoss: 5n }).maxLoss).to.equal(5n);
      }),
    );
  });

  it("can leave the opening out when a thin market would not let the closing through in full", () => {
    const on = basis({ spot: 2n * ETH });
    const less = withoutOpening(planLegs(-5, on), on);
    expect(less?.legs.map(({ venue }) => venue)).to.deep.equal([SPOT]);
    expect(less!.maxLoss < planLegs(-5, on).maxLoss).to.equal(true);
    expect(withoutOpening(planLegs(-1, on), on)).to.equal(null);
  });
});

function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}
