import { expect } from "chai";

import type { BookLeg } from "../../keeper/chain/legs.ts";
import type { Snapshot, VenueState } from "../../keeper/chain/snapshot.ts";
import { decisionInput } from "../../keeper/market/decisionInput.ts";

const ETH = 10n ** 18n;
const DAY = 86_400;
const NOW = 1_722_643_200n;
const VENUE = "0x00000000000000000000000000000000000000aa";
const UNLIMITED = 2n ** 256n - 1n;
const FACTS = { gasUsd: 7, checkInterval: 12, deltaLimit: 50 };

function call(strike: number, cap: number, days: number, quantity: bigint): BookLeg {
  const usd = (price: number) => BigInt(price) * 10n ** 8n;
  const expiry = NOW + BigInt(days * DAY);
  return { isPut: false, strike: usd(strike), cap: usd(cap), expiry, quantity: quantity * ETH };
}

function snapshot(changes: Partial<Snapshot> = {}): Snapshot {
  const flat = { skew: 0, curvature: 0, forwardRatio: 1_000_000_000 };
  return {
    blockNumber: 1n,
    timestamp: NOW,
    price: 3000n * ETH,
    ethUsd: 3000n * ETH,
    priceUpdatedAt: NOW,
    fresh: true,
    open: true,
    paused: false,
    poolPrice: 2500n * ETH,
    poolLiquidity: 4_000_000n * 10n ** 12n,
    poolFee: 500,
    rebalanceNonce: 0n,
    lastRebalanceAt: 0n,
    due: false,
    trigger: "none",
    minDrift: ETH / 10n,
    maxAge: BigInt(7 * DAY),
    maxSlippage: ETH / 100n,
    maxLoss: 10n ** 9n,
    nav: 10n ** 12n,
    totalSupply: 10n ** 18n,
    cash: 10n ** 12n,
    reserve: 0n,
    book: { price: 0n, delta: 0n, gamma: 0n, vega: 0n, theta: 0n },
    legs: [],
    pillars: [
      { tenor: DAY, atmVol: 800_000_000, ...flat },
      { tenor: 30 * DAY, atmVol: 500_000_000, ...flat },
    ],
    surfacePostedAt: NOW,
    venues: [
      { venue: VENUE, delta: 3n * ETH, equity: 0n, liquidationDistance: UNLIMITED, marginTrigger: 0n },
      { venue: VENUE, delta: -ETH / 2n, equity: 0n, liquidationDistance: ETH / 2n, marginTrigger: ETH / 5n },
    ],
    ...changes,
  };
}

describe("decisionInput", () => {
  it("puts the chain's units into a strategy's", () => {
    const input = decisionInput(snapshot({ legs: [call(3200, 4000, 30, -12n)] }), FACTS);
    expect(input).to.deep.include({
      timestamp: Number(NOW),
      spot: 3000,
      hedgeDelta: 2.5,
      gasUsd: 7,
      feeRate: 0.0005,
      checkInterval: 12,
      lastRebalanceAt: null,
      marginCall: false,
      limits: { delta: 50, minDrift: 0.1, maxAge: 7 * DAY },
    });
    expect(Math.abs(input.kappa - 0.03125)).to.be.below(1e-12);
    const [leg] = input.legs;
    expect(leg).to.include({ type: "call", strike: 3200, cap: 4000, quantity: -12, forwardRatio: 1 });
    expect(leg!.expiry).to.equal(Number(NOW) + 30 * DAY);
    expect(Math.abs(leg!.sigma - 0.5)).to.be.below(1e-12);
    expect(
      decisionInput(snapshot({ rebalanceNonce: 1n, lastRebalanceAt: NOW - 5n }), FACTS).lastRebalanceAt,
    ).to.equal(Number(NOW) - 5);
  });

  it("takes the volatility of spot where the book's gamma is", () => {
    const sigma = (legs: BookLeg[]) => decisionInput(snapshot({ legs }), FACTS).sigma;
    const near = (a: number, b: number) => expect(Math.abs(a - b)).to.be.below(1e-3);
    near(sigma([call(3000, 9000, 1, -1n)]), 0.8);
    near(sigma([call(3000, 9000, 30, -1n)]), 0.5);
    // Expired and far away legs have no gamma and no say.
    near(sigma([call(3000, 9000, 30, -1n), call(3000, 9000, -1, -50n), call(9000, 9999, 1, -50n)]), 0.5);
    near(sigma([]), 0.8);
    const mixed = sigma([call(3000, 9000, 1, -1n), call(3000, 9000, 30, 1n)]);
    expect(mixed).to.be.above(0.51).and.below(0.79);
    // At the money forward: neither skew nor the forward's distance from spot has a say.
    const tilted = {
      tenor: DAY,
      atmVol: 600_000_000,
      skew: -300_000_000,
      curvature: 0,
      forwardRatio: 1_050_000_000,
    };
    const legs = [call(3000, 9000, 30, -1n)];
    near(decisionInput(snapshot({ legs, pillars: [tilted] }), FACTS).sigma, 0.6);
  });

  it("marks at the dollars that options settle on, whatever a USDC is worth", () => {
    expect(decisionInput(snapshot({ ethUsd: 2970n * ETH }), FACTS).spot).to.equal(2970);
  });

  it("marks the cap at its own volatility where the surface has a skew, and says nothing of it where not", () => {
    const legs = [call(3000, 4000, 30, -1n)];
    expect(decisionInput(snapshot({ legs }), FACTS).legs[0]).to.not.have.property("capSigma");
    const skewed = [
      { tenor: DAY, atmVol: 600_000_000, skew: -100_000_000, curvature: 0, forwardRatio: 1_000_000_000 },
    ];
    const [leg] = decisionInput(snapshot({ legs, pillars: skewed }), FACTS).legs;
    const x = Math.log(4000 / 3000) / Math.sqrt(30 / 365);
    expect(Math.abs(leg!.sigma - 0.6)).to.be.below(1e-12);
    expect(Math.abs(leg!.capSigma! - (0.6 - 0.1 * x))).to.be.below(1e-12);
  });

  it("sees a margin call below the trigger, not at it", () => {
    const at = (distance: bigint) =>
      decisionInput(
        snapshot({ venues: snapshot().venues.map((venue) => ({ ...venue, liquidationDistance: distance })) }),
        FACTS,
      ).marginCall;
    expect([at(ETH / 5n), at(ETH / 5n - 1n)]).to.deep.equal([false, true]);
  });

  it("tells the health factor of the venue nearest to liquidation, and nothing where nothing can be", () => {
    const [spot, short] = snapshot().venues as [VenueState, VenueState];
    const observed = (...venues: VenueState[]) => decisionInput(snapshot({ venues }), FACTS).observed;
    expect(observed(spot, short)).to.deep.equal({ healthFactor: 1.5 });
    expect(observed(spot, short, { ...short, liquidationDistance: ETH / 4n })).to.deep.equal({
      healthFactor: 1.25,
    });
    expect(observed(spot)).to.equal(undefined);
    expect(observed(spot, { ...short, delta: 0n, liquidationDistance: UNLIMITED })).to.equal(undefined);
  });

  it("takes along limits of gamma and vega only where there are any", () => {
    const limitsOf = (more: object) => decisionInput(snapshot(), { ...FACTS, ...more }).limits;
    expect(limitsOf({ gammaLimit: 0.1, vegaLimit: 900 })).to.include({ gamma: 0.1, vega: 900 });
    expect(limitsOf({ gammaLimit: undefined })).to.have.all.keys("delta", "minDrift", "maxAge");
  });

  it("sees by what is due that the vault has halved its trigger", () => {
    const at = (drift: bigint, trigger: Snapshot["trigger"]) => {
      const book = { ...snapshot().book, delta: drift - (5n * ETH) / 2n };
      return decisionInput(snapshot({ book, trigger }), FACTS).limits.minDrift;
    };
    expect(at(ETH / 20n, "delta")).to.equal(0.05);
    expect(at(-ETH / 20n, "delta")).to.equal(0.05);
    expect(at(ETH / 10n, "delta")).to.equal(0.1);
    expect(at(ETH / 20n, "none")).to.equal(0.1);
    expect(at(ETH / 20n, "margin")).to.equal(0.1);
  });
});
