import { nonNegative, positive } from "../math/policyInputError.ts";
import { bookRisk } from "../strategy/bookRisk.ts";
import { hasElapsed } from "../strategy/elapsed.ts";
import { ruleDecision } from "../strategy/ruleDecision.ts";
import type { Strategy } from "../strategy/types.ts";
import { inChunks } from "./inChunks.ts";

export interface DualOptions {
  /** Standard deviations. */
  readonly deviations: number;
  /** Part of a year's deviation. */
  readonly part: number;
  /** Least |drift| to act on, ETH. */
  readonly least: number;
  /** Value of one clip, USD, how many of them make a hedge, and the seconds between two hedges. */
  readonly clipUsd: number;
  readonly clips: number;
  readonly seconds: number;
}

/**
 * To zero, in clips, from `max(|Γ|·σ·z·S·part, least)` of drift on: what a move of z deviations over about a day (0.05 of a year's
 * deviation; √(1/365) is 0.052) adds to delta. (Dual Finance's delta hedger: z 1.282, 0.05; clips of 10,000 USD, 15 s apart, three of
 * them at most.)
 *
 * σ is that of the last ten minutes, per root year; without it that of the input. The clips of a hedge are one trade here, of as much as
 * they may come to: how many there were no decision knows, and each by itself would stop at the threshold and pay its own gas. The least
 * size is a setting there: the default of 0.1 ETH is ours.
 *
 * @throws {PolicyInputError} if a parameter is not above 0, or `least` negative; from `decide` if sigma or spot is not above 0.
 */
export function dual(options: DualOptions): Strategy {
  const deviations = positive("deviations", options.deviations);
  const part = positive("part", options.part);
  const least = nonNegative("least", options.least);
  const clipUsd = positive("clipUsd", options.clipUsd);
  const clips = positive("clips", options.clips);
  const seconds = positive("seconds", options.seconds);
  return {
    name: "dual",
    params: { deviations, part, least, clipUsd, clips, seconds },
    decide(input) {
      const { delta, gamma } = bookRisk(input.legs, input.spot, input.timestamp);
      const drift = delta + input.hedgeDelta;
      const sigma = nonNegative("sigma", input.observed?.sigma600 ?? input.sigma);
      const edge = Math.max(Math.abs(gamma) * sigma * deviations * input.spot * part, least);
      return ruleDecision(input, {
        drift,
        fires: Math.abs(drift) >= edge && hasElapsed(input, seconds),
        target: inChunks(input, drift, 0, clips * clipUsd),
      });
    },
  };
}
