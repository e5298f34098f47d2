import { boosted, linear, type Learned, type Learner } from "./learner.ts";
import { isUnbroken, logVolatility, meanDepth, type PoolHistory } from "./poolHistory.ts";
import { challenger, race, type Entrant, type Race } from "./race.ts";
import { hourOfWeek } from "./season.ts";
import { walkForward, type Forecaster } from "./walkForward.ts";

/** Minutes between two moments at which a forecast is made. */
const STRIDE = 5;
/** Minutes over which depth is forecast. */
const DEPTH_HORIZONS = [5, 60, 360] as const;
const HOUR = 60;
const DAY = 24 * HOUR;
/** Minutes of the past a forecast needs. */
const PAST = 6 * HOUR;
/** In moments. */
const DAILY = DAY / STRIDE;
const [WARM_UP, WINDOW] = [7 * DAILY, 30 * DAILY];

type DepthForecaster<Fit> = Forecaster<Fit, number>;
/** Features of a minute; relative ones, so that a model outlives a change of level. */
type DepthFeatures = (minute: number) => number[];

/**
 * Mean ln(in-range liquidity) over the next 5 minutes, hour and 6 hours: what a trade within that time can expect.
 * Loss: its squared error. @param learned whether boosted trees take part; they are slow to fit.
 */
export function depthRaces(history: PoolHistory, learned = false): Race<number>[] {
  return DEPTH_HORIZONS.flatMap((horizon) => {
    const name = horizon < HOUR ? `${String(horizon)} min` : `${String(horizon / HOUR)} h`;
    const terms = { horizon: name, steps: horizon / STRIDE, every: DAILY, minimum: 3 * DAILY };
    return (
      race(depthEntrants(history, horizon, learned), terms, (forecast, moment) => {
        const outcome = outcomeOf(history, minuteOf(moment), horizon);
        if (outcome === undefined) return undefined;
        const error = forecast - outcome;
        return { loss: error * error, error };
      }) ?? []
    );
  });
}

/** Every forecaster's forecasts at every fifth minute. @param horizon minutes. */
export function depthEntrants(history: PoolHistory, horizon: number, learned = false): Entrant<number>[] {
  const entrant = <Fit>(forecaster: DepthForecaster<Fit>, naive = false): Entrant<number> => {
    const length = Math.floor((history.times.length - 1) / STRIDE) + 1;
    const walk = { length, horizon: horizon / STRIDE, warmUp: WARM_UP, refit: DAILY, window: WINDOW };
    return { name: forecaster.name, values: walkForward(forecaster, walk), ...(naive ? { naive } : {}) };
  };
  const fit = (name: string, learner: Learner, ...parts: readonly DepthFeatures[]) => {
    const features: DepthFeatures = (minute) => [1, ...parts.flatMap((part) => part(minute))];
    return entrant(learntDepth(name, history, horizon, features, learner));
  };

  const means: DepthFeatures = (minute) =>
    [5, HOUR, PAST].map((minutes) => meanDepth(history, minute, minutes) - history.depth[minute]!);
  const time: DepthFeatures = (minute) => hourOfWeek(history.times[minute]!);
  const volatility: DepthFeatures = (minute) =>
    [5, HOUR, PAST].map((minutes) => logVolatility(history, minute, minutes));
  return [
    entrant(lastValue("last value", history, 1), true),
    entrant(lastValue("mean of the past hour", history, HOUR), true),
    fit("past means", linear, means),
    fit("past means, time of week", linear, means, time),
    fit("past means, volatility", linear, means, volatility),
    fit("all of these", linear, means, time, volatility),
    ...(learned ? [challenger(fit("all of these, boosted trees", boosted, means, time, volatility))] : []),
  ];
}

function minuteOf(moment: number): number {
  return moment * STRIDE;
}

function outcomeOf(history: PoolHistory, minute: number, horizon: number): number | undefined {
  return isUnbroken(history, minute, horizon) ? meanDepth(history, minute + horizon, horizon) : undefined;
}

function hasPast(history: PoolHistory, minute: number): boolean {
  return isUnbroken(history, minute - PAST, PAST);
}

function lastValue(name: string, history: PoolHistory, minutes: number): DepthForecaster<true> {
  return {
    name,
    fit: () => true,
    predict(_, moment) {
      const minute = minuteOf(moment);
      return hasPast(history, minute) ? meanDepth(history, minute, minutes) : undefined;
    },
  };
}

/** The change from the last value, learnt from features. */
function learntDepth(
  name: string,
  history: PoolHistory,
  horizon: number,
  features: DepthFeatures,
  learner: Learner,
): DepthForecaster<Learned> {
  return {
    name,
    fit(origins) {
      const rows: number[][] = [];
      const changes: number[] = [];
      for (const moment of origins) {
        const minute = minuteOf(moment);
        const outcome = hasPast(history, minute) ? outcomeOf(history, minute, horizon) : undefined;
        if (outcome === undefined) continue;
        rows.push(features(minute));
        changes.push(outcome - history.depth[minute]!);
      }
      return rows.length < 3 * DAILY ? undefined : learner(rows, changes);
    },
    predict(fit, moment) {
      const minute = minuteOf(moment);
      if (!hasPast(history, minute)) return undefined;
      return history.depth[minute]! + fit.predict(features(minute));
    },
  };
}
