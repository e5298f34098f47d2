import type { TunableRange } from "../competitors/catalogue.ts";

/** Values looked at over a whole range, then between the neighbours of the best. */
const FIRST = 9;
const SECOND = 6;
/** Where in its range each of several parameters starts, every combination of them: what is best of one may hang on another. */
const STARTS = [1 / 4, 3 / 4];

/** Passes over several parameters at most. */
const ROUNDS = 3;

type Params = Readonly<Record<string, number>>;

/**
 * The parameters with the least cost found, each searched over its range, evenly in the logarithm and then around the best. Where there
 * are several it is from the best of a coarse grid of all of them, one after the other, until that finds nothing more or it has
 * been done three times. The costs of one look are asked for at once.
 *
 * @param start Those not in `ranges` stay as they are. @param costOf Asked of the same parameters it must say the same.
 */
export async function tune(
  start: Params,
  ranges: readonly TunableRange[],
  costOf: (params: Params) => number | Promise<number>,
): Promise<Params> {
  let best = start;
  let least = await costOf(start);
  const look = async (candidates: readonly Params[]): Promise<void> => {
    const costs = await Promise.all(candidates.map(costOf));
    for (const [i, cost] of costs.entries()) {
      if (cost >= least) continue;
      least = cost;
      best = candidates[i]!;
    }
  };
  if (ranges.length > 1) await look(combinations(start, ranges));
  const lookAlong = (key: string, values: readonly number[]): Promise<void> =>
    look(values.map((value) => ({ ...best, [key]: value })));
  const lookAround = ({ key, from, to }: TunableRange): Promise<void> => {
    const [centre, gap] = [best[key]!, gapOf({ from, to })];
    const near = Array.from(
      { length: SECOND },
      (_, i) => centre * Math.exp(gap * ((2 * i + 1) / SECOND - 1)),
    );
    return lookAlong(
      key,
      near.filter((value) => value >= from && value <= to),
    );
  };
  for (let round = 0, before = Infinity; round < ROUNDS && least < before; round++) {
    before = least;
    for (const range of ranges) {
      const { key, from, to } = range;
      const gap = gapOf(range);
      await lookAlong(
        key,
        Array.from({ length: FIRST }, (_, i) => Math.min(to, from * Math.exp(gap * i))),
      );
      await lookAround(range);
    }
    // One alone has nothing to move it.
    if (ranges.length === 1) break;
  }
  return best;
}

/** Between neighbours of the first look, of the logarithm. */
function gapOf({ from, to }: Pick<TunableRange, "from" | "to">): number {
  return Math.log(to / from) / (FIRST - 1);
}

function combinations(start: Params, ranges: readonly TunableRange[]): Params[] {
  return ranges.reduce<Params[]>(
    (all, { key, from, to }) =>
      all.flatMap((params) => STARTS.map((part) => ({ ...params, [key]: from * (to / from) ** part }))),
    [start],
  );
}
