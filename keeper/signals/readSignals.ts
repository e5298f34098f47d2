import type { Secret } from "../config/secret.ts";
import { fetchJson, FetchError } from "../rpc/fetchJson.ts";
import type { SignalReading } from "./signal.ts";

/** Where a signal is asked for. */
export interface SignalSource {
  /** As its answer must name it. */
  readonly name: string;
  /** Read with GET; credentials in it go into the header they stand for, and no message shows it. */
  readonly url: Secret;
  /** Seconds after which what it said does not count any more. */
  readonly maxAge: number;
  /** Milliseconds to wait for its answer. */
  readonly timeout: number;
}

/**
 * Asks all sources at once, each at most for its time-out. Never rejects: a source that does not answer in JSON is a reading
 * with a fault, for `tightenBy` to report.
 * @returns One reading for each source, in their order.
 */
export function readSignals(sources: readonly SignalSource[]): Promise<SignalReading[]> {
  return Promise.all(sources.map(readOne));
}

async function readOne({ name, url, maxAge, timeout }: SignalSource): Promise<SignalReading> {
  try {
    const { status, value } = await fetchJson({ url, timeout });
    if (status < 200 || status > 299) return { name, maxAge, fault: `answered HTTP ${String(status)}` };
    return { name, maxAge, answer: value };
  } catch (error) {
    return { name, maxAge, fault: error instanceof FetchError ? error.message : "cannot be asked" };
  }
}
