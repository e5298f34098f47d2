const INV_SQRT_2PI = 0.3989422804014327;

/** Beyond it exp(-z²/2) is below the smallest double. */
const Z_MAX = 38.7;

/**
 * The standard normal density φ(x), to a few units in the last place of a double for every x.
 *
 * @param x In standard deviations.
 */
export function normalPdf(x: number): number {
  return INV_SQRT_2PI * gaussian(Math.abs(x));
}

/**
 * The standard normal distribution N(x). Both tails are accurate in relative terms for as long as a double can hold
 * them, and N(x) + N(-x) is 1 to rounding.
 *
 * @param x In standard deviations.
 */
export function normalCdf(x: number): number {
  const z = Math.abs(x);
  const tail = z > Z_MAX ? 0 : gaussian(z) * tailRatio(z);
  return x < 0 ? tail : 1 - tail;
}

/** exp(-z²/2). The square of a rounded z is exact, which keeps the rounding of z² out of the exponent. */
function gaussian(z: number): number {
  if (z > Z_MAX) return 0;
  const rounded = Math.fround(z);
  const rest = ((z - rounded) * (z + rounded)) / 2; // below 1e-4
  return Math.exp((-rounded * rounded) / 2) * (1 - rest * (1 - (rest / 2) * (1 - rest / 3)));
}

/**
 * N(-z)·exp(z²/2), which is Mills' ratio over √(2π): smooth, slow, and fit by rational functions whose coefficients are
 * all positive, so that Horner's rule loses nothing. The fits are weighted minimax in relative error, found offline at
 * 50 digits by iteratively reweighted least squares: degree 8 over 9 in z up to 5 (1.1e-19), degree 6 over 6 in 1/z²
 * beyond (2.4e-19).
 *
 * @param z At least 0.
 */
export function tailRatio(z: number): number {
  return z > 5 ? farTailRatio(z) : nearTailRatio(z);
}

function farTailRatio(z: number): number {
  const u = 1 / (z * z);
  let p = 0.28928117627845534;
  p = p * u + 1.7509545815043495;
  p = p * u + 1.5273910682272316;
  p = p * u + 0.43934152337080407;
  p = p * u + 0.05197465105023424;
  p = p * u + 0.0025961446041739013;
  p = p * u + 4.47960727854557e-5;
  let q = u + 2.7589204227502178;
  q = q * u + 1.885429826226064;
  q = q * u + 0.48657184594035957;
  q = q * u + 0.05448120350883747;
  q = q * u + 0.002640940676959357;
  q = q * u + 4.47960727854557e-5;
  return (INV_SQRT_2PI * p) / (q * z);
}

function nearTailRatio(z: number): number {
  let p = 0.3989423468587716;
  p = p * z + 11.075597370921802;
  p = p * z + 145.18025928954896;
  p = p * z + 1167.3009376636967;
  p = p * z + 6286.942172372991;
  p = p * z + 23275.41523937169;
  p = p * z + 58270.203769371066;
  p = p * z + 91548.23710237113;
  p = p * z + 72223.75189410865;
  let q = z + 27.762416731422647;
  q = q * z + 364.91257504016295;
  q = q * z + 2953.7598099471843;
  q = q * z + 16120.816872371825;
  q = q * z + 61214.77633582744;
  q = q * z + 161088.24331509808;
  q = q * z + 282364.6425307575;
  q = q * z + 298348.90732387424;
  q = q * z + 144447.5037882173;
  return p / q;
}
