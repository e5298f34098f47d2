import { PolicyInputError, positive } from "../math/policyInputError.ts";
import type { HardLimits } from "../strategy/types.ts";
import { signalSchema, type SignalReading } from "./signal.ts";

export interface TightenOptions {
  /** Unix seconds: of the block, so that a recorded decision can be made again. */
  readonly now: number;
  /** What the worst stress leaves of the delta limit, above 0 and at most 1: the operator's bound on what a signal may do. */
  readonly floor: number;
}

/** Limits under external signals, and all that explains them. */
export interface Tightened<Limits> {
  readonly limits: Limits;
  /** What stands for the delta limit's share, from `floor` to 1. */
  readonly factor: number;
  /** The signal that decides; null where none asks for less than the whole limit. */
  readonly by: string | null;
  /** The signals that count, in the order given. */
  readonly used: readonly { readonly name: string; readonly value: number; readonly factor: number }[];
  /** The ones without effect, and why: for the operator to be told. */
  readonly unused: readonly { readonly name: string; readonly why: string }[];
}

/** Seconds by which a signal's clock may be ahead of the chain's. */
const AHEAD = 60;

/**
 * Limits tightened by external signals; never loosened, whatever they say.
 *
 * Each signal's stress v in [0, 1] asks for the share 1 − (1 − floor)·v of the delta limit; the least share is taken, so that
 * one more signal never gives back what another took. The limit is not brought below `minDrift`, at which the chain would
 * refuse what it asks for, nor ever above what it was. The other limits stay. A signal that is absent, malformed, out of its
 * range, of another name, older than its `maxAge` or from the future has no effect and is reported.
 *
 * Pure: same readings, limits and options, same result.
 *
 * @throws {PolicyInputError} if `floor` is not above 0 and at most 1, or `now` is no number: the operator's mistakes, not a signal's.
 */
export function tightenBy<Limits extends Pick<HardLimits, "delta" | "minDrift">>(
  readings: readonly SignalReading[],
  limits: Limits,
  { now, floor }: TightenOptions,
): Tightened<Limits> {
  if (positive("signals.floor", floor) > 1) {
    throw new PolicyInputError("signals.floor", `must be at most 1, got ${String(floor)}`);
  }
  if (!Number.isFinite(now)) throw new PolicyInputError("now", `must be a finite number, got ${String(now)}`);
  const used: { name: string; value: number; factor: number }[] = [];
  const unused: { name: string; why: string }[] = [];
  for (const reading of readings) {
    const { name } = reading;
    const value = stressOf(reading, now);
    if (typeof value === "string") unused.push({ name, why: value });
    else used.push({ name, value, factor: Math.max(floor, Math.min(1, 1 - (1 - floor) * value)) });
  }
  const factor = used.reduce((least, signal) => Math.min(least, signal.factor), 1);
  const by = factor < 1 ? used.find((signal) => signal.factor === factor)!.name : null;
  const asked = Math.max(limits.delta * factor, limits.minDrift);
  const delta = asked < limits.delta ? asked : limits.delta;
  return { limits: { ...limits, delta }, factor, by, used, unused };
}

/** The stress a reading stands for, or why it stands for none. @param now Unix seconds. */
export function stressOf({ name, maxAge, answer, fault }: SignalReading, now: number): number | string {
  if (fault !== undefined) return fault;
  if (answer === undefined) return "gave no answer";
  const fits = signalSchema.safeParse(answer);
  if (!fits.success) {
    const [issue] = fits.error.issues;
    const place = issue!.path.length === 0 ? "" : `${issue!.path.map(String).join(".")}: `;
    return `answered what is no signal (${place}${issue!.message})`;
  }
  const { name: answered, value, at } = fits.data;
  if (answered !== name) return "answered for a signal of another name";
  if (at > now + AHEAD) return `is from the future, ${String(Math.round(at - now))} s ahead`;
  // Also without effect where the age it may have is no number.
  if (!(now - at <= maxAge))
    return `is ${String(Math.round(now - at))} s old, at most ${String(maxAge)} s counts`;
  return value;
}
