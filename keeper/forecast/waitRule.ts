import { impulseBand, type BandLevels, type ImpulseModel } from "../math/impulseBand.ts";
import { Random } from "../math/random.ts";
import { effectiveGas } from "./gasTiming.ts";

export interface WaitSimulation {
  /** Of a rolling book; its G is the fixed cost at the median gas. */
  readonly model: ImpulseModel;
  /** Stationary standard deviation of the logarithm of gas. */
  readonly s: number;
  /** Hours in which a deviation of log gas halves. */
  readonly halfLifeHours: number;
  readonly seed: number;
  /** Crossings of the band, b²/a² each, that are simulated in all. */
  readonly crossings?: number;
}

/** What the wait rule saves. */
export interface WaitSaving {
  readonly s: number;
  /** k·b²/a² at the median gas. */
  readonly rho: number;
  /** Share of the trading cost saved at equal mean square delta, against bands of the median and of the current gas. */
  readonly againstMedian: Estimate;
  readonly againstCurrent: Estimate;
}

/** The mean of independent runs. */
export interface Estimate {
  readonly mean: number;
  readonly error: number;
}

/** How a rule takes the gas of the moment into account. */
type GasRule = "median" | "current" | "wait";

const HOURS_PER_YEAR = 8760;
/** The band is checked this often in a crossing at least, and in the time gas takes to revert. */
const CHECKS = 100;
const CHECKS_OF_GAS = 15;
/** Risk aversions tried, as factors, so that rules can be compared at equal risk. */
const AVERSIONS = [0.5, 1, 2];
/** Independent runs the crossings are split into, for the standard error. */
const RUNS = 8;
/** Bands are computed on a grid of log gas, in its standard deviations from the median. */
const GRID = 600;
const REACH = 5;

/** A residual delta and a gas price through time, the same for every rule. */
interface Path {
  /** Years. */
  readonly step: number;
  /** Standard normal moves of delta. */
  readonly moves: Float64Array;
  /** Cell of the gas grid. */
  readonly gas: Uint16Array;
}

/**
 * Simulates a residual delta and a mean-reverting log gas, trades by the bands of the median gas, of the current gas and of
 * {@link effectiveGas} on the same draws, and compares what they cost where they leave the same risk.
 */
export function waitSaving(simulation: WaitSimulation): WaitSaving {
  const { model, s, halfLifeHours } = simulation;
  const k = (Math.LN2 / halfLifeHours) * HOURS_PER_YEAR;
  const crossing = impulseBand(model).b ** 2 / model.a2;
  const rules = (rule: GasRule, aversions: readonly number[]) =>
    aversions.map((aversion) => {
      const own = { ...model, h: model.h * aversion };
      return { own, bands: bandsByGas(rule, own, s, k) };
    });
  const [wait] = rules("wait", [1]);
  const [median, current] = [rules("median", AVERSIONS), rules("current", AVERSIONS)];
  const runs = Array.from({ length: RUNS }, (_, index) => {
    const path = pathOf(simulation, index, k, crossing);
    const run = ({ own, bands }: (typeof median)[number]): Played => play(path, own, s, bands);
    const ours = run(wait!);
    const saved = (rule: typeof median): number => 1 - ours.cost / atRisk(rule.map(run), ours.risk);
    return { median: saved(median), current: saved(current) };
  });
  return {
    ...{ s, rho: k * crossing },
    againstMedian: estimate(runs.map((run) => run.median)),
    againstCurrent: estimate(runs.map((run) => run.current)),
  };
}

function estimate(values: readonly number[]): Estimate {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, error: Math.sqrt(squares / (values.length - 1) / values.length) };
}

function pathOf({ seed, crossings = 6000 }: WaitSimulation, run: number, k: number, crossing: number): Path {
  const step = Math.min(crossing / CHECKS, 1 / k / CHECKS_OF_GAS);
  const steps = Math.ceil(((crossings / RUNS) * crossing) / step);
  const random = new Random(seed, `wait rule ${String(run)}`);
  const decay = Math.exp(-k * step);
  const shock = Math.sqrt(1 - decay * decay);
  const [moves, gas] = [new Float64Array(steps), new Uint16Array(steps)];
  let z = random.normal();
  for (let i = 0; i < steps; i++) {
    moves[i] = random.normal();
    z = decay * z + shock * random.normal();
    gas[i] = Math.max(0, Math.min(GRID - 1, Math.round(((z + REACH) / (2 * REACH)) * (GRID - 1))));
  }
  return { step, moves, gas };
}

interface Played {
  /** USD per year. */
  readonly cost: number;
  /** E[d²], ETH². */
  readonly risk: number;
}

function play(
  { step, moves, gas }: Path,
  model: ImpulseModel,
  s: number,
  bands: readonly BandLevels[],
): Played {
  const deviation = Math.sqrt(model.a2 * step);
  const paid = Float64Array.from({ length: GRID }, (_, cell) => model.G * Math.exp(s * deviationOf(cell)));
  const triggers = Float64Array.from(bands, ({ b }) => b);
  let d = 0;
  let [cost, squares] = [0, 0];
  for (let i = 0; i < moves.length; i++) {
    d += deviation * moves[i]!;
    const cell = gas[i]!;
    const size = Math.abs(d);
    if (size >= triggers[cell]!) {
      const { t } = bands[cell]!;
      const w = size - t;
      cost += paid[cell]! + w * (model.ell + model.kappa * w);
      d = Math.sign(d) * t;
    }
    squares += d * d;
  }
  return { cost: cost / (moves.length * step), risk: squares / moves.length };
}

function bandsByGas(rule: GasRule, model: ImpulseModel, s: number, k: number): BandLevels[] {
  const { b } = impulseBand(model);
  return Array.from({ length: GRID }, (_, cell) => {
    const gas = model.G * Math.exp(s * deviationOf(cell));
    const taken = {
      median: model.G,
      current: gas,
      wait: effectiveGas({ gas, median: model.G, s, k, b, a2: model.a2 }),
    }[rule];
    return impulseBand({ ...model, G: taken });
  });
}

function deviationOf(cell: number): number {
  return -REACH + (2 * REACH * cell) / (GRID - 1);
}

/** Cost at a risk, between (or beyond) the nearest two on a frontier that falls as risk grows; straight in logarithms. */
function atRisk(frontier: readonly Played[], risk: number): number {
  const sorted = frontier.toSorted((a, b) => a.risk - b.risk);
  const above = sorted.findIndex((point) => point.risk >= risk);
  const right = above < 0 ? sorted.length - 1 : Math.max(1, above);
  const [low, high] = [sorted[right - 1]!, sorted[right]!];
  return low.cost * (high.cost / low.cost) ** (Math.log(risk / low.risk) / Math.log(high.risk / low.risk));
}
