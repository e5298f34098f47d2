import {
  impulseBand,
  marketModel,
  tradeCost,
  type BandLevels,
  type ImpulseModel,
} from "../math/impulseBand.ts";
import { referenceMarket, type Costs } from "./book.ts";

/** What jitter costs the one who does it, as a part of what hedging costs without. */
export interface JitterCost {
  /** Half the width of the range of factors. */
  readonly spread: number;
  /** A band to zero and Keel's, scaled by one factor for good; and with the size of each trade drawn anew. */
  readonly thresholdWidths: number;
  readonly thresholdRedraw: number;
  readonly optimalWidths: number;
  readonly optimalRedraw: number;
}

/** Points at which the factors are averaged. */
const POINTS = 200;

/**
 * The long-run cost of a jittered band over that of the band, less 1: friction, that is holding risk and trading, both in USD.
 *
 * From t a drift leaves (−b, b) after (b² − t²)/a² years on average, in which it costs h·(b⁴ − t⁴)/(6a²) to carry; with edges
 * that are drawn anew the cost rate is E[K(b − t) + h·(b⁴ − t⁴)/(6a²)] / E[(b² − t²)/a²].
 */
export function jitterCost(spread: number, costs: Costs): JitterCost {
  const model = marketModel(referenceMarket(costs));
  const optimal = impulseBand(model);
  const threshold = { b: Math.sqrt(optimal.b ** 2 + optimal.t ** 2), t: 0 };
  const factors = Array.from({ length: POINTS }, (_, i) => 1 + spread * ((2 * i + 1) / POINTS - 1));
  const widths = (levels: BandLevels): number => {
    const scaled = factors.map((factor) => rate(model, [{ b: levels.b * factor, t: levels.t * factor }]));
    return scaled.reduce((sum, cost) => sum + cost, 0) / POINTS / rate(model, [levels]) - 1;
  };
  const redraw = ({ b, t }: BandLevels): number => {
    const drawn = factors.map((factor) => ({ b: t + (b - t) * factor, t }));
    return rate(model, drawn) / rate(model, [{ b, t }]) - 1;
  };
  return {
    spread,
    ...{ thresholdWidths: widths(threshold), thresholdRedraw: redraw(threshold) },
    ...{ optimalWidths: widths(optimal), optimalRedraw: redraw(optimal) },
  };
}

/** USD a year, when each trade is made at one of these bands, all equally often. */
function rate(model: ImpulseModel, bands: readonly BandLevels[]): number {
  let [cost, years] = [0, 0];
  for (const { b, t } of bands) {
    cost += tradeCost(model, b - t) + (model.h * (b ** 4 - t ** 4)) / (6 * model.a2);
    years += (b ** 2 - t ** 2) / model.a2;
  }
  return cost / years;
}
