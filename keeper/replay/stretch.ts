import { getAddress, isAddress, type Address } from "viem";

import type { StoredDecision } from "../store/journal.ts";

/** A point of history: a block, or a time in unix seconds. */
export type Point = { readonly block: bigint } | { readonly time: bigint };

/** Which records to replay. Both ends belong to it; absent ends are open. */
export interface Stretch {
  readonly from?: Point;
  readonly to?: Point;
  readonly vault?: Address;
}

/** Text that is no point of history, or no address. */
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

/** An address in the one spelling of the journal. Throws {@link StretchError}. */
export function toVault(text: string): Address {
  if (!isAddress(text, { strict: false })) throw new StretchError("is not an address");
  return getAddress(text);
}

/** Whether a record belongs to the stretch. */
export function isWithin(
  { vault, block }: Pick<StoredDecision, "vault" | "block">,
  stretch: Stretch,
): boolean {
  const distance = (point: Point) =>
    "block" in point ? block.number - point.block : block.timestamp - point.time;
  return (
    (stretch.vault === undefined || stretch.vault === vault) &&
    (stretch.from === undefined || distance(stretch.from) >= 0n) &&
    (stretch.to === undefined || distance(stretch.to) <= 0n)
  );
}
