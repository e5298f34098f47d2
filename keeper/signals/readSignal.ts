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

/** Asks a source once. Never rejects: where it does not answer in JSON in time, the reading has a fault. */
export async function readSignal({ name, url, maxAge, timeout }: SignalSource): Promise<SignalReading> {
  try {
    const { status, value } = await fetchJson({ url, timeout });
    if (status < 200 || status > 299) return { name, maxAge, fault: `answered HTTP ${String(status)}` };
    return { name, maxAge, answer: value };
  } catch (error) {
    return { name, maxAge, fault: error instanceof FetchError ? error.message : "cannot be asked" };
  }
}
