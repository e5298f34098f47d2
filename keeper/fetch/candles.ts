import { HOUR_SECONDS } from "../history/candle.ts";
import type { Dataset, Page, Stretch } from "./dataset.ts";
import { barsBetween, missingHours, type Bar, type BarSource } from "./hourlyBars.ts";
import { SourceError } from "./sourceError.ts";

type Sourced = Bar & { readonly src: string };

/**
 * Hourly candles of ETH. The first source is asked; the second takes its place for a new file that the first has no answer
 * for at all, and has the hours that the first lacks. A file keeps the source of its last rows; the column `src` says whose
 * each row is. With one source the hours it lacks stay missing, and a note says so.
 */
export function candles(sources: readonly [BarSource, ...BarSource[]]): Dataset {
  return {
    columns: ["ts", "open", "high", "low", "close", "volume_eth", "src"],
    step: HOUR_SECONDS,
    resumeAt: ([ts]) => Number(ts) + HOUR_SECONDS,
    pages: (stretch) => pages(sources, stretch),
  };
}

async function* pages(
  sources: readonly [BarSource, ...BarSource[]],
  { from, to, tail }: Stretch,
): AsyncGenerator<Page> {
  let source = sourceOf(sources, tail);
  let hasBegun = tail.length > 0;
  for (let at = from; at < to;) {
    const end = Math.min(to, at + source.pageHours * HOUR_SECONDS);
    const notes: string[] = [];
    let bars: Bar[];
    try {
      bars = await source.bars(at, end);
    } catch (error) {
      const spare = sources.find((other) => other !== source);
      if (hasBegun || spare === undefined || !(error instanceof SourceError)) throw error;
      notes.push(`${error.message}; taking ${spare.name} instead`);
      [source, hasBegun] = [spare, true];
      yield { rows: [], until: at, notes };
      continue;
    }
    hasBegun = true;
    const whole = await filled(source, sources, bars, at, end);
    yield { rows: whole.map(cells), until: end, notes };
    at = end;
  }
}

/** The source that most of a file's last rows are from, as single ones may have filled a gap; else the first. */
function sourceOf(sources: readonly [BarSource, ...BarSource[]], tail: Stretch["tail"]): BarSource {
  const rowsOf = (source: BarSource) => tail.filter((row) => row.at(-1) === source.name).length;
  return sources.reduce((most, source) => (rowsOf(source) > rowsOf(most) ? source : most), sources[0]);
}

/** A stretch with the hours that its source lacks taken from the other ones. */
async function filled(
  source: BarSource,
  sources: readonly BarSource[],
  bars: readonly Bar[],
  from: number,
  to: number,
): Promise<Sourced[]> {
  let whole: Sourced[] = bars.map((bar) => ({ ...bar, src: source.name }));
  for (const other of sources) {
    if (other === source) continue;
    const timestamps = whole.map(({ timestamp }) => timestamp);
    for (const [gapFrom, gapTo] of missingHours(timestamps, from, to)) {
      const more = await barsBetween(other, gapFrom, gapTo);
      whole = [...whole, ...more.map((bar) => ({ ...bar, src: other.name }))];
    }
    whole.sort((a, b) => a.timestamp - b.timestamp);
  }
  return whole;
}

function cells({ timestamp, open, high, low, close, volume = 0, src }: Sourced): string[] {
  return [timestamp, open, high, low, close, volume].map(String).concat(src);
}
