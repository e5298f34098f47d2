import { signalSchema, type SignalReading } from "./signal.ts";

/** Seconds by which a signal's clock may be ahead of the chain's. */
const AHEAD = 60;

/**
 * The stress a reading stands for, from 0 to 1, or why it stands for none: it is absent, malformed, out of its range, of another
 * name, older than its `maxAge` or from the future. Pure. @param now Unix seconds, of the block.
 */
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
