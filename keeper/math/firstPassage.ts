import { normalCdf } from "./gaussian.ts";
import { nonNegative, PolicyInputError, positive } from "./policyInputError.ts";

/** A price that moves as a martingale, and the open interval it is to stay in. */
export interface PassageInput {
  /** USD. */
  readonly spot: number;
  /** USD; 0 where nothing lies below. */
  readonly low: number;
  /** USD; Infinity where nothing lies above. */
  readonly high: number;
  /** Volatility, a fraction per root year. */
  readonly sigma: number;
  /** Years. */
  readonly time: number;
}

/** s/L from which the spectral series needs fewer terms than the images: both lose a factor e^(-π/2) and more a term. */
const SPECTRAL = 0.6;
/** Terms below this part of the sum no longer change it. */
const NEGLIGIBLE = 1e-18;
/** Standard deviations beyond which a tail comes from its asymptotic series, whose first term left out is below 1e-13. */
const FAR = 30;

/**
 * The probability that the price leaves (low, high) within `time`, looked at continuously. Exactly, for a geometric Brownian
 * motion without drift in price, dS = sigma·S·dW: x = ln S has the drift mu = -sigma²/2. With the barriers at -a < 0 < b,
 * L = a + b and s = sigma·√time, images of the start at y carry the weight e^(mu·y/sigma²) = e^(-y/2) (Girsanov), and only a, b
 * and s matter.
 *
 * The images are summed as an alternating series of probabilities (Anderson, 1960, "A modification of the sequential
 * probability ratio test", Ann. Math. Stat. 31): of reaching one barrier, less of reaching it and then the other, plus ...
 * Each begins at either barrier; the n-th event, whose last barrier is c and whose unfolded path is D long (b or a, and n-1
 * crossings of L), has the probability
 *
 *     e^(-c/2)·[e^(-D/2)·N(s/2 - D/s) + e^(D/2)·N(-s/2 - D/s)]
 *
 * so the sum keeps its relative accuracy down to the smallest double. Where s is not small against L the images converge slowly,
 * and the spectral series of the killed motion is summed instead, with k = nπ/L:
 *
 *     P(stay) = Σ (2/L)·e^(a/2 - s²/8 - k²s²/2)·sin(k·a)·k·(1 - (-1)^n·e^(-L/2))/(k² + 1/4)
 *
 * Spot on or outside a barrier has left: 1. Without volatility or time it stays: 0.
 *
 * @returns Within [0, 1].
 * @throws {PolicyInputError} if spot is not above 0, sigma or time are negative, a barrier is not a number, or low > high.
 */
export function exitProbability({ spot, low, high, sigma, time }: PassageInput): number {
  positive("spot", spot);
  if (!(low >= 0) || low > high) throw new PolicyInputError("low", "must be a number from 0 to high");
  if (Number.isNaN(high)) throw new PolicyInputError("high", "must be a number");
  if (spot <= low || spot >= high) return 1;
  const s = nonNegative("sigma", sigma) * Math.sqrt(nonNegative("time", time));
  const a = -logRatio(low, spot);
  const b = logRatio(high, spot);
  if (!(s > 0)) return 0;
  const width = a + b;
  const probability = s > SPECTRAL * width ? 1 - stayBySpectrum(a, width, s) : exitByImages(a, b, s);
  return Math.min(Math.max(probability, 0), 1);
}

function exitByImages(a: number, b: number, s: number): number {
  const width = a + b;
  let sum = reach(b, b, s) + reach(-a, a, s);
  // The probabilities fall with every crossing, so what is left out is less than the last term.
  for (let n = 2; Number.isFinite(width); n++) {
    const crossings = (n - 1) * width;
    const [fromHigh, fromLow] = n % 2 === 0 ? [-a, b] : [b, -a];
    const term = reach(fromHigh, b + crossings, s) + reach(fromLow, a + crossings, s);
    sum += n % 2 === 0 ? -term : term;
    if (!(term > NEGLIGIBLE * sum)) break;
  }
  return sum;
}

/** Of a path that is `distance` long when unfolded and ends its crossings at the log price `last`. */
function reach(last: number, distance: number, s: number): number {
  if (distance === Infinity) return 0;
  const z = distance / s;
  return scaledTail((-distance - last) / 2, z - s / 2) + scaledTail((distance - last) / 2, z + s / 2);
}

/** e^x·N(-z), also where the one is too large and the other too small for a double. */
function scaledTail(x: number, z: number): number {
  if (z < FAR) return Math.exp(x) * normalCdf(-z);
  const u = 1 / (z * z);
  const mills = (1 - u * (1 - 3 * u * (1 - 5 * u * (1 - 7 * u)))) / z;
  return (Math.exp(x - (z * z) / 2) * mills) / Math.sqrt(2 * Math.PI);
}

function stayBySpectrum(a: number, width: number, s: number): number {
  const start = a / 2 - (s * s) / 8;
  const far = Math.exp(-width / 2);
  let sum = 0;
  for (let n = 1; ; n++) {
    const k = (n * Math.PI) / width;
    const size = (Math.exp(start - (k * k * s * s) / 2) * k) / (k * k + 0.25);
    sum += size * Math.sin(k * a) * (n % 2 === 0 ? 1 - far : 1 + far);
    if (!(size > NEGLIGIBLE * width)) return (2 * sum) / width;
  }
}

/** ln(barrier/spot), near the spot from their exact difference. */
function logRatio(barrier: number, spot: number): number {
  const excess = (barrier - spot) / spot;
  return Math.abs(excess) < 0.5 ? Math.log1p(excess) : Math.log(barrier / spot);
}
