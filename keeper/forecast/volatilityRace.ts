import { ewma, ewmaVariance, HALF_LIVES } from "./ewma.ts";
import { garch } from "./garch.ts";
import { harFeatures, harManyFeatures, logHar, type Features } from "./har.ts";
import { impliedForecaster, withImplied } from "./implied.ts";
import { boosted } from "./learner.ts";
import { challenger, race, type Entrant, type Race } from "./race.ts";
import { qlike, type Scored } from "./skill.ts";
import { plainForecast, type VarianceForecast, type VarianceForecaster } from "./varianceForecast.ts";
import { outcome, trailingMean, type VarianceHistory } from "./varianceHistory.ts";
import { walkForward } from "./walkForward.ts";

/** Days ahead. */
const VOLATILITY_HORIZONS = [1, 7, 30] as const;
const MONTH = 30;
/** A fit sees the newest of these days: a market's habits change within years. */
const WINDOW = 1000;
const WARM_UP = 365;

export type VolatilityRace = Race<VarianceForecast>;

/** What may take part beside the models of realised variance. */
export interface VolatilityExtras {
  /** Variance a day that options imply, day by day of the history. */
  readonly implied?: readonly (number | undefined)[] | undefined;
  /** Whether boosted trees take part; they are slow to fit. */
  readonly learned?: boolean;
}

/** Volatility 1, 7 and 30 days ahead. Loss: QLIKE of the variance. */
export function volatilityRaces(history: VarianceHistory, extras: VolatilityExtras = {}): VolatilityRace[] {
  const smoothed = HALF_LIVES.map((halfLife) => ewmaVariance(history, halfLife));
  return VOLATILITY_HORIZONS.flatMap((horizon) => {
    const terms = { horizon: `${String(horizon)} d`, steps: horizon, every: MONTH, minimum: 180 };
    const entrants = volatilityEntrants(history, horizon, { ...extras, smoothed });
    return race(entrants, terms, (forecast, day) => score(history, day, horizon, forecast)) ?? [];
  });
}

/** Every forecaster's forecasts at the end of every day, each made from the days until then. @param horizon days. */
export function volatilityEntrants(
  history: VarianceHistory,
  horizon: number,
  {
    implied,
    learned = false,
    smoothed,
  }: VolatilityExtras & { readonly smoothed?: readonly Float64Array[] } = {},
): Entrant<VarianceForecast>[] {
  const run = <Fit>(model: VarianceForecaster<Fit>, naive = false) => entrant(history, horizon, model, naive);
  const har = (name: string, features: Features) => run(logHar(name, history, features, horizon));
  const naive = [
    run(trailing(history, MONTH, "last 30 d"), true),
    ...(horizon === MONTH ? [] : [run(trailing(history, horizon, `last ${String(horizon)} d`), true)]),
  ];
  const models = [
    run(ewma(history, horizon, smoothed)),
    run(garch("GARCH(1,1), daily returns", history.daily, horizon)),
    run(garch("GARCH-type, hourly realised", history.hourly, horizon)),
    har("HAR, hourly returns", harFeatures(history.hourly)),
    har("HAR, 4-hour returns", harFeatures(history.fourHourly)),
    har("HAR, hourly ranges", harFeatures(history.range)),
    har("HAR, several frequencies", harManyFeatures(history)),
  ];
  const mean = averageOf("mean of the models", models);
  const trees = logHar("HAR, boosted trees", history, harManyFeatures(history), horizon, boosted);
  const challengers = learned ? [challenger(run(trees))] : [];
  if (implied === undefined) return [...naive, ...models, mean, ...challengers];
  const own = run(impliedForecaster(implied));
  return [
    ...naive,
    ...models,
    mean,
    own,
    har(
      "implied, scaled",
      withImplied(() => [1], implied),
    ),
    har("HAR, ranges and implied", withImplied(harFeatures(history.range), implied)),
    averageOf("mean of the models and implied", [mean, own]),
    ...challengers,
  ];
}

function score(
  history: VarianceHistory,
  day: number,
  horizon: number,
  { variance, logVolatility }: VarianceForecast,
): Scored | undefined {
  const realised = outcome(history, day, horizon);
  if (realised === undefined) return undefined;
  return { loss: qlike(realised, variance), error: logVolatility - Math.log(realised) / 2 };
}

function entrant<Fit>(
  { ends }: VarianceHistory,
  horizon: number,
  forecaster: VarianceForecaster<Fit>,
  naive = false,
): Entrant<VarianceForecast> {
  const walk = { length: ends.length, horizon, warmUp: WARM_UP, refit: MONTH, window: WINDOW };
  const values = walkForward(forecaster, walk);
  return { name: forecaster.name, values, ...(naive ? { naive } : {}) };
}

function trailing(history: VarianceHistory, days: number, name: string): VarianceForecaster<true> {
  return {
    name,
    fit: () => true,
    predict(_, day) {
      const variance = trailingMean(history.hourly, day, days);
      return variance === undefined ? undefined : plainForecast(variance);
    },
  };
}

/** The geometric mean of forecasts with equal weights, where all are there: weights that are not fit cannot be misfit. */
function averageOf(name: string, parts: readonly Entrant<VarianceForecast>[]): Entrant<VarianceForecast> {
  return {
    name,
    values: parts[0]!.values.map((_, day) => {
      const forecasts = parts.map(({ values }) => values[day]);
      let [variance, logVolatility] = [0, 0];
      for (const forecast of forecasts) {
        if (forecast === undefined) return undefined;
        variance += Math.log(forecast.variance) / parts.length;
        logVolatility += forecast.logVolatility / parts.length;
      }
      return { variance: Math.exp(variance), logVolatility };
    }),
  };
}
