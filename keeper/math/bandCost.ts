import { tradeCost, type BandLevels, type ImpulseModel } from "./impulseBand.ts";

/** What following a band costs in the long run, per year. */
export interface BandCost {
  /** USD per year: holding plus trading. */
  readonly c: number;
  /** Infinity when the band has no width. */
  readonly tradesPerYear: number;
  readonly holdingRate: number;
  readonly tradingRate: number;
  /** E[d²], ETH². */
  readonly meanSquareDelta: number;
}

/**
 * The long-run cost of any band, optimal or not:
 *
 *     J(b, t) = h·(b² + t²)/6 + K(b−t)·a2/(b² − t²),     trades a year a2/(b² − t²),     E[d²] = (b² + t²)/6
 *
 * A band of no width (b = t) costs `a2·ell/(2b)` in trades when they have no fixed cost, and infinitely much when they have.
 */
export function bandCost(model: ImpulseModel, levels: BandLevels): BandCost {
  const { b, t } = levels;
  const meanSquareDelta = (b * b + t * t) / 6;
  const holdingRate = model.h * meanSquareDelta;
  const tradesPerYear = model.a2 === 0 ? 0 : model.a2 / ((b - t) * (b + t));
  const tradingRate =
    b > t
      ? tradeCost(model, b - t) * tradesPerYear
      : model.a2 === 0
        ? 0
        : model.G > 0
          ? Infinity
          : narrow(model, b);
  return { c: holdingRate + tradingRate, tradesPerYear, holdingRate, tradingRate, meanSquareDelta };
}

function narrow(model: ImpulseModel, b: number): number {
  return model.ell === 0 ? 0 : (model.a2 * model.ell) / (2 * b);
}
