/**
 * The most that a stolen hot key can take from the vault in a stretch of time, from the vault's own parameters: shares of NAV
 * with 18 decimals, rounded up. Pure.
 *
 * A share is of the NAV at the call that loses it, so deposits and exits in between change no bound. "Market" is where
 * others trade; each bound says how far from it the oracle may be.
 */

export const WAD = 10n ** 18n;
const DAY = 86_400n;
const YEAR = 365 * 86_400;

/** A budget of the vault: what may be used at once, and what a day gives back. Shares of NAV, 18 decimals. */
export interface Bucket {
  readonly capacity: bigint;
  readonly perDay: bigint;
}

/** What the bounds follow from. Fractions have 18 decimals unless told. */
export interface BoundParameters {
  readonly budgets: Readonly<
    Record<
      "loss" | "turnover" | "rescueLoss" | "rescueTurnover" | "quoteLoss" | "quoteDelta" | "quoteVega",
      Bucket
    >
  >;
  readonly limits: {
    readonly maxSlippage: bigint;
    readonly rescueSlippage: bigint;
    readonly shortMarginRatio: bigint;
    readonly maxGamma: bigint;
    readonly maxVega: bigint;
    /** ETH, 18 decimals. */
    readonly ripcordDrift: bigint;
  };
  /** `PriceOracle.BOX`. */
  readonly priceBox: bigint;
  readonly anchor: AnchorParameters;
}

/** Constants of `VolatilityOracle`: fractions with 9 decimals, seconds. */
export interface AnchorParameters {
  readonly volTolerance: bigint;
  readonly shapeTolerance: bigint;
  readonly forwardTolerance: bigint;
  readonly volPace: bigint;
  readonly shapePace: bigint;
  readonly forwardPace: bigint;
  readonly pacePeriod: bigint;
  readonly paceTenor: bigint;
}

/** @returns what a bucket lets through in `seconds`, of which it is full at the start. */
export function bucketOver({ capacity, perDay }: Bucket, seconds: bigint): bigint {
  return capacity + divUp(perDay * seconds, DAY);
}

export interface KeeperBound {
  /** What its hedges lose at the oracle price. */
  readonly loss: bigint;
  /** What the same hedges lose besides, where the market is `priceBox` from the oracle. */
  readonly gap: bigint;
  readonly rescueLoss: bigint;
  readonly rescueGap: bigint;
  readonly total: bigint;
}

/**
 * A stolen keeper key: B + r·T + B_rescue + r_rescue·T + ε·(V0 + v·T) + ε_rescue·(V_r + v_r·T).
 * Holds while the market is within ε = `priceBox` of the oracle when an ordinary rebalance is sent, and within
 * ε_rescue = `rescueSlippage` at a rescue. What the key withholds is no part of it: see {@link withholding}.
 */
export function keeperBound(p: BoundParameters, seconds: bigint): KeeperBound {
  const { loss, turnover, rescueLoss, rescueTurnover } = p.budgets;
  return totalled({
    loss: bucketOver(loss, seconds),
    gap: mulUp(p.priceBox, bucketOver(turnover, seconds)),
    rescueLoss: bucketOver(rescueLoss, seconds),
    rescueGap: mulUp(p.limits.rescueSlippage, bucketOver(rescueTurnover, seconds)),
  });
}

export interface QuoterBound {
  /** What its fills lose against the mark. */
  readonly loss: bigint;
  /** What an error of `priceBox` in the mark's price costs. */
  readonly price: bigint;
  /** What an error of `volTolerance` in its volatility costs. */
  readonly volatility: bigint;
  readonly total: bigint;
}

/** A stolen quoter key, while the market's price and volatility are within the box of the marks. */
export function quoterBound(p: BoundParameters, seconds: bigint): QuoterBound {
  const { quoteLoss, quoteDelta, quoteVega } = p.budgets;
  return totalled({
    loss: bucketOver(quoteLoss, seconds),
    price: mulUp(p.priceBox, bucketOver(quoteDelta, seconds)),
    volatility: mulUp(p.anchor.volTolerance * 10n ** 9n, bucketOver(quoteVega, seconds)),
  });
}

/** The options of one expiry, as a share of NAV. Fractions, not fixed point. */
export interface SurfaceExposure {
  /** Seconds to expiry. */
  readonly tenor: number;
  /** The true volatility of a year. */
  readonly volatility: number;
  /** |Vega| per 1.00 of volatility over NAV: the largest it is on the way. */
  readonly vega: number;
  /** |Delta| of the options alone, times price, over NAV. */
  readonly delta: number;
  /** The largest |ln(K/F)|/√(years). */
  readonly moneyness: number;
}

export interface SurfaceBound {
  readonly volatility: bigint;
  readonly shape: bigint;
  readonly forward: bigint;
  readonly total: bigint;
}

/**
 * A stolen surface key with an accomplice that enters and leaves: what shares can be mispriced by beyond the two-sided value,
 * which covers the at-the-money tolerance (that of the anchor, itself true when the key is stolen). The anchor can be walked
 * from there at its pace, compounding; skew and curvature by their tolerance and pace, times how far from the money; the
 * forward likewise, and its tolerance is not covered where the options' delta is hedged, as no venue follows it.
 * First order in vega, so `vega` must be the largest on the way; never more than all of NAV. Several expiries add up.
 */
export function surfaceBound(
  p: BoundParameters,
  exposures: readonly SurfaceExposure[],
  seconds: bigint,
): SurfaceBound {
  const a = p.anchor;
  const periods = Number(seconds) / Number(a.pacePeriod);
  const [volPace, shapePace, forwardPace] = [a.volPace, a.shapePace, a.forwardPace].map(fromNine) as Triple;
  const [shapeTolerance, forwardTolerance] = [a.shapeTolerance, a.forwardTolerance].map(fromNine) as Pair;
  let [volatility, shape, forward] = [0, 0, 0];
  for (const e of exposures) {
    const scale = Math.sqrt(Number(a.paceTenor) / e.tenor);
    volatility += e.vega * e.volatility * Math.expm1(volPace * scale * periods);
    // A curvature adds half its square.
    const away = e.moneyness + e.moneyness ** 2 / 2;
    shape += e.vega * (shapeTolerance + shapePace * scale * periods) * away;
    forward += e.delta * (forwardTolerance + forwardPace * periods);
  }
  const parts = totalled({ volatility: share(volatility), shape: share(shape), forward: share(forward) });
  return { ...parts, total: min(parts.total, WAD) };
}

/**
 * The most of one expiry that the limits let the vault write: vega up to `maxVega` or, where that is less, to what `maxGamma`
 * makes of it (vega = gamma·price²·volatility·years), delta up to the hedge reserve, strikes a standard deviation away.
 * @param tenor Seconds.
 */
export function widestExposure(p: BoundParameters, tenor: number, volatility: number): SurfaceExposure {
  const { maxVega, maxGamma, maxSlippage, shortMarginRatio } = p.limits;
  const byGamma = (Number(maxGamma) / 1e18) * 100 * volatility * (tenor / YEAR);
  const leastMargin = min(WAD, shortMarginRatio) + maxSlippage;
  return {
    tenor,
    volatility,
    vega: Math.min((Number(maxVega) / 1e18) * 100, byGamma),
    delta: Number(WAD) / Number(leastMargin),
    moneyness: volatility,
  };
}

export interface Withholding {
  /** What `ripcordDrift` loses: nobody else may mend less. */
  readonly drift: bigint;
  /** What `maxGamma` adds on the way, until anybody may. */
  readonly gamma: bigint;
  readonly total: bigint;
}

/**
 * What a key that sends nothing costs: no theft, and what it costs depends on the market. The price moves by `move` before
 * the ripcord can be pulled (15 minutes from when the breach is recorded; less is not a breach and may stand for ever).
 * @param move Of the price, 18 decimals.
 * @param nav USDC, 6 decimals.
 * @param price USDC per ETH, 18 decimals.
 */
export function withholding(p: BoundParameters, move: bigint, nav: bigint, price: bigint): Withholding {
  // ETH 18, price 18, move 18 decimals, over USDC's 6, make 48; a share has 18.
  const drift = divUp(p.limits.ripcordDrift * price * move, nav * 10n ** 30n);
  // Delta of maxGamma a per cent: half of it on the mean over the move.
  const gamma = divUp(p.limits.maxGamma * 100n * move * move, 2n * WAD * WAD);
  return totalled({ drift, gamma });
}

type Pair = [number, number];
type Triple = [number, number, number];

function totalled<T extends Record<string, bigint>>(parts: T): T & { total: bigint } {
  return { ...parts, total: Object.values(parts).reduce((sum, part) => sum + part, 0n) };
}

function fromNine(value: bigint): number {
  return Number(value) / 1e9;
}

/** Never more than a million times NAV, where it says nothing any more. */
function share(value: number): bigint {
  return BigInt(Math.ceil(Math.min(value, 1e6) * 1e9)) * 10n ** 9n;
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function mulUp(a: bigint, b: bigint): bigint {
  return divUp(a * b, WAD);
}

function divUp(a: bigint, b: bigint): bigint {
  return (a + b - 1n) / b;
}
