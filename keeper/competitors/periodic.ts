import { time, type TimeOptions } from "../strategy/time.ts";
import type { Strategy } from "../strategy/types.ts";

/**
 * To zero every so many seconds: what the rules of most vaults come down to. As `time`, but as a competitor under no limits.
 *
 * @throws {PolicyInputError} if the seconds are not above 0.
 */
export function periodic(options: TimeOptions): Strategy {
  return { ...time(options), name: "periodic" };
}
