import { z } from "zod";

/**
 * What an external source says of the market's stress: the JSON that its endpoint answers, other fields being ignored.
 * `{"name": "sentiment", "value": 0.35, "at": 1735689600}`
 */
export const signalSchema = z.object({
  /** That of the settings: an endpoint that answers for another signal is mistaken. */
  name: z.string().min(1),
  /** Stress, from 0 (calm) to 1; what it asks for are the thresholds of `risk.signal`. */
  value: z.number().min(0).max(1),
  /** Unix seconds at which it was so. */
  at: z.int().nonnegative(),
});

/** One signal as it was read: as it came, or why nothing came. Whether it may count is for `stressOf` to say. */
export interface SignalReading {
  readonly name: string;
  /** Seconds after which it says nothing of now any more. */
  readonly maxAge: number;
  /** As the endpoint answered, unchecked; absent where it did not. */
  readonly answer?: unknown;
  /** Why there is no answer, in words without a secret. */
  readonly fault?: string;
}
