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
  /** Of skew, curvature and forward to and fro, in tolerances, 9 decimals: at once, and a day. */
  readonly swingRoom: bigint;
  readonly swingPerDay: bigint;
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

/** The options of one expiry, as shares of NAV. Fractions, not fixed point. */
export interface SurfaceExposure {
  /** Seconds to expiry. */
  readonly tenor: number;
  /** The true volatility of a year. */
  readonly volatility: number;
  /** |Vega| per 1.00 of volatility: the largest it is on the way. */
  readonly vega: number;
  /** What skew and curvature move: the sum over both strikes of every option of |vega|·(|x| + x²/2), x = ln(K/F)/√years. */
  readonly shape: number;
  /** |Delta| of the options alone, times price. */
  readonly delta: number;
}

export interface SurfaceBound {
  /** What the anchor can be walked to, times what it prices. */
  readonly volatility: bigint;
  readonly shape: bigint;
  readonly forward: bigint;
  /** What entering at one end of the tolerances and leaving at the other brings, as often as the swing allows. */
  readonly swings: bigint;
  /** What one entry or exit can be mispriced by; no part of the total. */
  readonly once: bigint;
  readonly total: bigint;
}

/**
 * A stolen surface key with an accomplice that enters and leaves: what shares can be mispriced by beyond the two-sided value.
 * That covers the tolerance of at-the-money volatility around the anchor (itself true when the key is stolen), but not those
 * of skew, curvature and forward: the hedge offsets the book's delta, and no venue follows the forward. Between their ends
 * the key may go to and fro as far as their swing has room. Besides, the anchor can be walked at its pace, compounding.
 * First order in vega and shape, so they must be the largest on the way. Never more than all of NAV. Expiries add up.
 */
export function surfaceBound(
  p: BoundParameters,
  exposures: readonly SurfaceExposure[],
  seconds: bigint,
): SurfaceBound {
  const a = p.anchor;
  const periods = Number(seconds) / Number(a.pacePeriod);
  const fromNine = (value: bigint) => Number(value) / 1e9;
  const swings = fromNine(a.swingRoom) + (fromNine(a.swingPerDay) * Number(seconds)) / 86_400;
  let [volatility, shape, forward, tolerated] = [0, 0, 0, 0];
  for (const e of exposures) {
    const scale = Math.sqrt(Number(a.paceTenor) / e.tenor);
    volatility += e.vega * e.volatility * Math.expm1(fromNine(a.volPace) * scale * periods);
    shape += e.shape * fromNine(a.shapePace) * scale * periods;
    forward += e.delta * fromNine(a.forwardPace) * periods;
    tolerated += e.shape * fromNine(a.shapeTolerance) + e.delta * fromNine(a.forwardTolerance);
  }
  const parts = totalled({
    volatility: share(volatility),
    shape: share(shape),
    forward: share(forward),
    swings: share(tolerated * swings),
  });
  const once = share(volatility + shape + forward + tolerated);
  return { ...parts, once, total: min(parts.total, WAD) };
}

/**
 * The most of one expiry that the limits let the vault write, all on one side: vega up to `maxVega` or, where that is less,
 * to what `maxGamma` makes of it (vega = gamma·price²·volatility·years) or to that of as many options at the money as the
 * hedge reserve allows; delta up to that reserve; both strikes of every option a standard deviation away.
 * @param tenor Seconds.
 */
export function widestExposure(p: BoundParameters, tenor: number, volatility: number): SurfaceExposure {
  const { maxVega, maxGamma, maxSlippage, shortMarginRatio } = p.limits;
  const years = tenor / YEAR;
  const perNav = Number(WAD) / Number(min(WAD, shortMarginRatio) + maxSlippage);
  const [vegaLimit, gammaLimit] = [Number(maxVega) / 1e16, Number(maxGamma) / 1e16];
  const atTheMoney = perNav * Math.sqrt(years / (2 * Math.PI));
  return {
    tenor,
    volatility,
    vega: Math.min(vegaLimit, gammaLimit * volatility * years, atTheMoney),
    shape: 2 * atTheMoney * Math.exp(-0.5) * (volatility + volatility ** 2 / 2),
    delta: perNav,
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

function totalled<T extends Record<string, bigint>>(parts: T): T & { total: bigint } {
  return { ...parts, total: Object.values(parts).reduce((sum, part) => sum + part, 0n) };
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
