import type { OptionLeg } from "../strategy/types.ts";
import { SECONDS_PER_YEAR } from "../math/units.ts";
import { UNCAPPED } from "./bookValuer.ts";
import type { BookEntry, BookSpec } from "./scenario.ts";

/** A leg whose volatility the engine moves with the market. */
export interface OpenLeg extends OptionLeg {
  sigma: number;
  /** The entry it was opened from. */
  readonly entry: BookEntry;
}

/** The legs of a book that is opened at `spot` (USD per ETH) and `timestamp` (unix seconds). Without what has expired by then. */
export function openBook(book: BookSpec, spot: number, timestamp: number, sigma: number): OpenLeg[] {
  return book.entries
    .map((entry) => openEntry(entry, book.rolls, spot, timestamp, sigma))
    .filter(({ expiry }) => expiry > timestamp);
}

/** One entry; a rolling book's strikes are those that are listed. */
export function openEntry(
  entry: BookEntry,
  isListed: boolean,
  spot: number,
  timestamp: number,
  sigma: number,
): OpenLeg {
  const priceOf = (price: number | undefined, ratio: number | undefined): number | undefined => {
    if (ratio === undefined) return price;
    return isListed ? listedStrike(spot * ratio) : spot * ratio;
  };
  const expiry = entry.expiry ?? timestamp + Math.round(entry.tau! * SECONDS_PER_YEAR);
  return {
    entry,
    type: entry.type,
    strike: priceOf(entry.strike, entry.strikeRatio)!,
    cap: priceOf(entry.cap, entry.capRatio) ?? (entry.type === "call" ? UNCAPPED : 0),
    expiry,
    quantity: entry.quantity,
    sigma: entry.sigma ?? sigma,
    forwardRatio: 1,
  };
}

/** The strike venues list nearest to a price: every 5 USD below 1,000, every 50 above, every 500 above 10,000. */
function listedStrike(price: number): number {
  const unit = 10 ** Math.floor(Math.log10(price)) / 20;
  return Math.max(unit, Math.round(price / unit) * unit);
}
