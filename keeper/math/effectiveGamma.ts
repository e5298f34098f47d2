/** Gauss–Hermite nodes and weights of a standard normal, 5 points, by symmetry three. */
const NODE_1 = 1.3556261799742659;
const NODE_2 = 2.8569700138728056;
const WEIGHT_0 = 0.5333333333333333;
const WEIGHT_1 = 0.22207592200561263;
const WEIGHT_2 = 0.011257411327720691;

/** Delta of the book, ETH, at `spot` and `elapsed` years from now. */
export type DeltaAt = (spot: number, elapsed: number) => number;

/**
 * The gamma (ETH per USD, at least 0) that disperses delta as the book does over the next `stretch` years:
 *
 *     sd(Δ(S·e^(σ√θ·z), θ/2)) / (S·σ·√θ),    z standard normal, 5-point Gauss–Hermite, delta taken half a stretch ahead
 *
 * For a book of one sign it is nearly |gamma|. Where gamma changes sign nearby, |gamma| says that delta stands still although
 * it is about to move.
 */
export function dispersionGamma(deltaAt: DeltaAt, spot: number, sigma: number, stretch: number): number {
  const sd = sigma * Math.sqrt(stretch);
  if (!(sd > 0)) return 0;
  const ahead = stretch / 2;
  const middle = deltaAt(spot, ahead);
  const up1 = deltaAt(spot * Math.exp(sd * NODE_1), ahead) - middle;
  const down1 = deltaAt(spot * Math.exp(-sd * NODE_1), ahead) - middle;
  const up2 = deltaAt(spot * Math.exp(sd * NODE_2), ahead) - middle;
  const down2 = deltaAt(spot * Math.exp(-sd * NODE_2), ahead) - middle;
  const mean = WEIGHT_1 * (up1 + down1) + WEIGHT_2 * (up2 + down2);
  const square =
    WEIGHT_0 * mean ** 2 +
    WEIGHT_1 * ((up1 - mean) ** 2 + (down1 - mean) ** 2) +
    WEIGHT_2 * ((up2 - mean) ** 2 + (down2 - mean) ** 2);
  return Math.sqrt(square) / (spot * sd);
}

/**
 * Years in which delta crosses about a sixth of a band: 0.03·B²/a2, at most half the horizon.
 *
 * @param B2 the square of the band's width, with what an expiry adds to it, ETH². @param a2 ETH² per year.
 */
export function lookAhead(B2: number, a2: number, horizon: number): number {
  return Math.min(horizon / 2, (0.03 * B2) / a2);
}

/** What `effectiveGamma` needs to know of the book and the band. */
export interface EffectiveGammaInput {
  readonly deltaAt: DeltaAt;
  /** USD per ETH. */
  readonly spot: number;
  /** Fraction per root year. */
  readonly sigma: number;
  /** Net gamma now, ETH per USD. */
  readonly gamma: number;
  /** Years until the book's gamma is gone. */
  readonly horizon: number;
  /** The long-run b, ETH, for a given gamma. */
  readonly bandOf: (gamma: number) => number;
  /** G/(h·tau), ETH²: how much the expiry widens b². */
  readonly widening: number;
}

/**
 * The gamma to size the band with, when the book's gamma is not of one sign.
 *
 * It is `dispersionGamma` over the stretch θ of `lookAhead`, B² = b² + G/(h·tau). As θ and b depend on the answer it is a fixed point,
 * approached by the geometric mean of old and new until it moves by less than 1 %.
 */
export function effectiveGamma(input: EffectiveGammaInput): number {
  const { deltaAt, spot, sigma, horizon, bandOf, widening } = input;
  const longest = horizon / 2;
  let gamma = Math.abs(input.gamma);
  const farthest = dispersionGamma(deltaAt, spot, sigma, longest);
  // A geometric mean never leaves 0: at an exact sign change start from the longest look ahead.
  if (gamma < 1e-3 * farthest) gamma = farthest;
  for (let i = 0; i < 6 && gamma > 0; i++) {
    const stretch = lookAhead(bandOf(gamma) ** 2 + widening, (gamma * spot * sigma) ** 2, horizon);
    const seen = stretch < longest ? dispersionGamma(deltaAt, spot, sigma, stretch) : farthest;
    const next = Math.sqrt(gamma * seen);
    if (Math.abs(next - gamma) <= 0.01 * gamma) return next;
    gamma = next;
  }
  return gamma;
}
