import { HOUR_SECONDS, type Candle } from "../history/candle.ts";
import { formatInstant } from "../history/instant.ts";
import type { PublicServer } from "./publicServer.ts";

/** One hour; `volume` in ETH where the source has one. */
export interface Bar extends Candle {
  readonly volume?: number;
}

/** Where hourly bars come from. */
export interface BarSource {
  /** As it stands in messages and in the column `src`. */
  readonly name: string;
  /** Hours one question may span. */
  readonly pageHours: number;
  /** The whole hours that start in a stretch of at most `pageHours`, oldest first. @throws SourceError without a usable answer. */
  bars(from: number, to: number): Promise<Bar[]>;
}

/** Seconds for which an hour that has ended may still be corrected. */
const SETTLING = 60;

/**
 * What an answer holds of a stretch: only hours that have ended, checked.
 * @throws SourceError naming the bar that cannot be.
 */
export function wholeBars(server: PublicServer, bars: readonly Bar[], from: number, to: number): Bar[] {
  const kept = bars.filter(
    ({ timestamp }) =>
      timestamp >= from && timestamp < to && timestamp + HOUR_SECONDS + SETTLING <= server.now,
  );
  for (const [index, bar] of kept.entries()) {
    const wrong = faultOf(bar, kept[index - 1]);
    if (wrong !== null) throw server.unexpected(`answered a bar at ${formatInstant(bar.timestamp)} ${wrong}`);
  }
  return kept;
}

function faultOf(
  { timestamp, open, high, low, close, volume = 0 }: Bar,
  before: Bar | undefined,
): string | null {
  if (timestamp % HOUR_SECONDS !== 0) return "that does not start on the hour";
  if (before !== undefined && timestamp <= before.timestamp) return "that is not after the one before";
  if (Math.min(open, high, low, close) <= 0) return "whose price is not above 0";
  if (high < Math.max(open, low, close)) return "whose high is below its open, low or close";
  if (low > Math.min(open, close)) return "whose low is above its open or close";
  return volume < 0 ? "whose volume is below 0" : null;
}

/** Bars of a stretch of any length. */
export async function barsBetween(source: BarSource, from: number, to: number): Promise<Bar[]> {
  const bars: Bar[] = [];
  const span = source.pageHours * HOUR_SECONDS;
  for (let at = from; at < to; at += span) bars.push(...(await source.bars(at, Math.min(to, at + span))));
  return bars;
}

/** Hours of a stretch that no timestamp is of, as stretches of their own. Timestamps are in order. */
export function missingHours(timestamps: readonly number[], from: number, to: number): [number, number][] {
  const gaps: [number, number][] = [];
  let expected = from;
  for (const timestamp of [...timestamps, to]) {
    if (timestamp > expected) gaps.push([expected, timestamp]);
    expected = timestamp + HOUR_SECONDS;
  }
  return gaps;
}

/** Gaps that are told one by one. */
const MOST_NOTES = 10;

/** Hours that are missing in a file of hourly rows, in words: the last gaps, and how many there are before them. */
export function gapNotes(timestamps: readonly number[]): string[] {
  const [first, last] = [timestamps[0], timestamps.at(-1)];
  if (first === undefined || last === undefined) return [];
  const gaps = missingHours(timestamps, first, last + HOUR_SECONDS);
  const told = gaps.slice(-MOST_NOTES).map(([from, to]) => {
    const hours = (to - from) / HOUR_SECONDS;
    return `${String(hours)} ${hours === 1 ? "hour is" : "hours are"} missing from ${formatInstant(from)}`;
  });
  const more = gaps.length - told.length;
  return more === 0 ? told : [`${String(more)} earlier stretches are missing too`, ...told];
}
