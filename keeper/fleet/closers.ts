import { describeError } from "../log/describeError.ts";
import type { Log } from "../log/logger.ts";

export type Closer = () => Promise<void> | void;

/**
 * Does the work, however it ends, and afterwards runs what it has put among its closers, the last first. One that fails keeps no other from
 * running, and is logged. Throws what the work threw, else the first that a closer threw.
 */
export async function closingAfter(log: Log, work: (closers: Closer[]) => Promise<void>): Promise<void> {
  const closers: Closer[] = [];
  const failures: unknown[] = [];
  await work(closers).catch((error: unknown) => failures.push(error));
  for (const close of closers.toReversed()) {
    try {
      await close();
    } catch (error) {
      failures.push(error);
      log.error({ error: describeError(error) }, "A part of the keeper could not be closed.");
    }
  }
  if (failures.length > 0) throw failures[0] as Error;
}
