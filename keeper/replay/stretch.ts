import type { DecisionRange, Subject } from "../store/journal.ts";

/** A point of history: a block, or a time in unix seconds. */
export type Point = { readonly block: bigint } | { readonly time: bigint };

/** Which records to replay. Both ends belong to it; absent ends are open. */
export interface Stretch {
  readonly from?: Point;
  readonly to?: Point;
  /** Absent: every vault. */
  readonly subject?: Partial<Subject>;
}

/** Text that is no point of history. */
export class StretchError extends Error {
  override readonly name = "StretchError";
}

/** A block number, or a date or time in ISO 8601; one without a zone is UTC. Throws {@link StretchError}. */
export function toPoint(text: string): Point {
  if (/^\d+$/.test(text)) return { block: BigInt(text) };
  const isIso = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/.test(text);
  const hasZone = /(Z|T.*[+-]\d{2}:\d{2})$/.test(text);
  const milliseconds = Date.parse(isIso && text.includes("T") && !hasZone ? `${text}Z` : text);
  if (!isIso || Number.isNaN(milliseconds)) {
    throw new StretchError("is neither a block number nor a time such as 2026-01-31T12:00:00Z");
  }
  return { time: BigInt(Math.floor(milliseconds / 1000)) };
}

/** The stretch as the journal is asked for it. */
export function rangeOf({ from, to, subject }: Stretch): DecisionRange {
  return {
    ...subject,
    ...(from === undefined ? {} : "block" in from ? { from: from.block } : { since: from.time }),
    ...(to === undefined ? {} : "block" in to ? { to: to.block } : { until: to.time }),
  };
}
