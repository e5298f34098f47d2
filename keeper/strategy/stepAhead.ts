import { stepThresholds, type Thresholds } from "../math/expiryStep.ts";
import { SECONDS_PER_YEAR } from "../math/units.ts";
import { bookDelta, bookRisk } from "./bookRisk.ts";
import { localBand, SHORTEST_HORIZON, type BandMarket, type LocalBand } from "./localBand.ts";
import type { OptionLeg } from "./types.ts";

/** Part of the rest's band that delta must step by at an expiry for half of it to count. */
const NOTICED = 0.35;
/** How soon the long run fades: e^-1 of it is left at an expiry that is half as far as drift takes through its band. */
const FADE = 0.5;
/** Less than this part of it is none. */
const DEAD = 1e-3;

/** What a band is to become because part of the book expires before the rest. */
export interface StepAhead {
  readonly thresholds: Thresholds;
  /** How much of the long run is left in them, from 1 to 0. */
  readonly longRun: number;
}

/**
 * The thresholds of a book of several expiries, whose delta steps at the first of them; null where it has only one, or the step is
 * nothing.
 *
 * Two bands are joined: that of the whole book in the long run, and that of one who does not trade until the expiry
 * (`stepThresholds`). The long run fades as exp(−T/(2·tau)), T = (m² + w²/12)/a² being how long drift takes through its band: what
 * is left of it and the other are joined by cubes, as at the last expiry (`expiryFloor`). A step that is small against the
 * band of the rest, an option out of the money, counts for r/(1 + r), r the square of step/(0.35·b). Both numbers were chosen on books of
 * two to four expiries against the numerical optimum (`keeper benchmark`).
 *
 * @param band Of the whole book.
 */
export function stepAhead(
  market: BandMarket,
  legs: readonly OptionLeg[],
  timestamp: number,
  band: LocalBand,
  A: number,
): StepAhead | null {
  const first = Math.min(...legs.map(({ expiry }) => expiry));
  const rest = legs.filter(({ expiry }) => expiry > first);
  if (rest.length === 0) return null;
  const ending = legs.filter(({ expiry }) => expiry === first);
  const step = bookDelta(ending, market.spot, timestamp);
  const tau = Math.max(SHORTEST_HORIZON, (first - timestamp) / SECONDS_PER_YEAR);
  const at = timestamp + tau * SECONDS_PER_YEAR;
  const after = localBand(market, rest, at, bookRisk(rest, market.spot, at), A);
  const r = (step / (NOTICED * after.b)) ** 2;
  const weight = r === Infinity ? 1 : r / (1 + r);
  if (!(weight > DEAD)) return null;

  const { longRun, model } = band;
  const passage = model.a2 > 0 ? (longRun.m ** 2 + longRun.w ** 2 / 12) / model.a2 : Infinity;
  const left = Math.exp((-FADE * passage) / tau);
  const near = stepThresholds({ model: after.model, levels: after, shape: after.shape, tau, step });
  const join = (far: number, soon: number): number => Math.cbrt(left * far ** 3 + soon ** 3);
  const mix = (stepped: number, level: number): number => weight * stepped + (1 - weight) * level;
  const highTarget = join(longRun.t, near.highTarget);
  const lowTarget = -join(longRun.t, -near.lowTarget);
  return {
    thresholds: {
      low: mix(lowTarget - join(longRun.w, near.lowTarget - near.low), -band.b),
      lowTarget: mix(lowTarget, -band.t),
      highTarget: mix(highTarget, band.t),
      high: mix(highTarget + join(longRun.w, near.high - near.highTarget), band.b),
    },
    longRun: weight * left + (1 - weight) * band.curvature,
  };
}
