import type { TunableRange } from "../competitors/catalogue.ts";

/** Values looked at over a whole range, then between the neighbours of the best. */
const FIRST = 9;
const SECOND = 6;

/**
 * The parameters with the least cost, each searched over its range, evenly in the logarithm and then around the best; where there
 * are several, one after the other, twice.
 *
 * @param start Those not in `ranges` stay as they are.
 */
export function tune(
  start: Readonly<Record<string, number>>,
  ranges: readonly TunableRange[],
  costOf: (params: Readonly<Record<string, number>>) => number,
): Readonly<Record<string, number>> {
  let best = start;
  let least = costOf(start);
  const rounds = ranges.length > 1 ? 2 : 1;
  for (let round = 0; round < rounds; round++) {
    for (const { key, from, to } of ranges) {
      const span = Math.log(to / from);
      const look = (values: readonly number[]): void => {
        for (const value of values) {
          const params = { ...best, [key]: value };
          const cost = costOf(params);
          if (cost >= least) continue;
          least = cost;
          best = params;
        }
      };
      look(Array.from({ length: FIRST }, (_, i) => Math.min(to, from * Math.exp((span * i) / (FIRST - 1)))));
      const centre = best[key]!;
      const gap = span / (FIRST - 1);
      look(
        Array.from({ length: SECOND }, (_, i) => centre * Math.exp(gap * ((2 * i + 1) / SECOND - 1))).filter(
          (value) => value >= from && value <= to,
        ),
      );
    }
  }
  return best;
}
