import { DAY_MOVE_EACH, GAMMA_EACH, impactPerEth, MAINNET_GAS_USD, SIGMA } from "./book.ts";
import { EXPERIMENTS, JITTERS, SHOCK_DAYS, type Case, type Experiment } from "./experiments.ts";
import { BLOCKS_PER_DAY, fundamentalPath, withShock } from "./fundamental.ts";
import { jitterCost, type JitterCost } from "./jitterCost.ts";
import { estimate, measuresOf, type Estimate, type MeasureName, type PathMeasures } from "./measures.ts";
import { ruleNamed, type BandSide, type HerdRule, type RuleName } from "./rule.ts";
import { simulatePath } from "./simulate.ts";

export interface RunOptions {
  readonly agents: number;
  readonly seed: number;
  readonly paths: number;
  /** That are measured; one more goes before. */
  readonly days: number;
  /** Ids; all when absent. */
  readonly only?: readonly string[] | undefined;
  /** Called before each path with how many are done. */
  readonly onProgress?: ((done: number) => void) | undefined;
}

export interface CaseResult {
  readonly setting: Case;
  readonly measures: Readonly<Record<MeasureName, Estimate>>;
}

export interface ExperimentResult extends Omit<Experiment, "cases"> {
  readonly rows: readonly CaseResult[];
}

/** The herd and its market in ETH, at a feedback gain of 0.3. */
export interface HerdScale {
  readonly gain: number;
  /** By how much 1 % of the price moves the delta of one agent, and how much has to be traded to move the price by 1 %. */
  readonly deltaPerPercent: number;
  readonly depthPerPercent: number;
  /** One standard deviation of one agent's delta over a day. */
  readonly dayMove: number;
  /** Drift at which a rule acts and lands, above and below. */
  readonly bands: readonly {
    readonly rule: RuleName;
    readonly upper: readonly [edge: number, landing: number];
    readonly lower: readonly [edge: number, landing: number];
  }[];
}

export interface HerdResult {
  readonly version: 1;
  readonly made: Pick<RunOptions, "agents" | "seed" | "paths" | "days">;
  readonly scale: HerdScale;
  readonly experiments: readonly ExperimentResult[];
  readonly jitter: readonly JitterCost[];
}

/** Of every path: until the herd has forgotten how it began. */
const WARM_UP = BLOCKS_PER_DAY;
/** Feedback gain of the market that jitter is priced in and scales are told for. */
const USUAL_GAIN = 0.3;
const PERCENT = 0.01;

/** Runs the experiments. Every case of a path sees the same fundamental and the same herd; same options, same result. */
export function runExperiments(options: RunOptions): HerdResult {
  const { agents, seed, paths, days, only, onProgress } = options;
  const asked = EXPERIMENTS.filter(({ id }) => only === undefined || only.includes(id));
  const cases = asked.flatMap((experiment) => experiment.cases);
  const measured = new Map<Case, PathMeasures[]>(cases.map((each) => [each, []]));
  const rules = new Rules(agents);

  for (let path = 0; path < paths; path++) {
    onProgress?.(path);
    const fundamentals = new Fundamentals(seed, path, days);
    for (const each of cases) {
      const { rule, gain } = each;
      const setting = { ...each, agents, rule: rule === null ? null : rules.named(rule, gain) };
      const record = simulatePath(setting, fundamentals.of(each), {
        ...{ seed, path, warmUp: WARM_UP },
        watch: each.shock === null ? null : WARM_UP + each.shock.at,
      });
      measured.get(each)!.push(measuresOf(record, rule === null ? 0 : agents));
    }
  }
  return {
    version: 1,
    made: { agents, seed, paths, days },
    scale: scaleOf(rules, agents),
    experiments: asked.map(({ cases: rows, ...experiment }) => ({
      ...experiment,
      rows: rows.map((setting) => ({ setting, measures: estimate(measured.get(setting)!) })),
    })),
    jitter: JITTERS.map((spread) =>
      jitterCost(spread, { perEth: impactPerEth(USUAL_GAIN, agents), gasUsd: MAINNET_GAS_USD }),
    ),
  };
}

function scaleOf(rules: Rules, agents: number): HerdScale {
  const sides = ({ edge, landings }: BandSide, sign: 1 | -1) => [sign * edge, sign * landings[0]!] as const;
  return {
    gain: USUAL_GAIN,
    deltaPerPercent: PERCENT * GAMMA_EACH,
    depthPerPercent: PERCENT / impactPerEth(USUAL_GAIN, agents),
    dayMove: DAY_MOVE_EACH,
    bands: (["threshold", "optimal", "optimal-l2"] as const).flatMap((name) => {
      const rule = rules.named(name, USUAL_GAIN);
      if (rule.kind !== "band") return [];
      const { above, below } = rule.bandAt(1);
      return [{ rule: name, upper: sides(above, 1), lower: sides(below, -1) }];
    }),
  };
}

/** The fundamentals of one path, made when first asked for. */
class Fundamentals {
  readonly #made = new Map<string, Float64Array>();
  readonly #seed: number;
  readonly #path: number;
  readonly #days: number;

  constructor(seed: number, path: number, days: number) {
    [this.#seed, this.#path, this.#days] = [seed, path, days];
  }

  of({ weather, shock }: Case): Float64Array {
    const key = `${weather} ${shock === null ? "" : "shock"}`;
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const blocks = WARM_UP + (shock === null ? this.#days : SHOCK_DAYS) * BLOCKS_PER_DAY;
    const path = fundamentalPath({ weather, sigma: SIGMA, blocks, seed: this.#seed, path: this.#path });
    const made = shock === null ? path : withShock(path, { ...shock, at: WARM_UP + shock.at });
    this.#made.set(key, made);
    return made;
  }
}

/** The rules at each gain, asked once: a strategy knows the impact of its own trades. */
class Rules {
  readonly #made = new Map<string, HerdRule>();
  readonly #agents: number;

  constructor(agents: number) {
    this.#agents = agents;
  }

  named(name: RuleName, gain: number): HerdRule {
    const key = `${name} ${String(gain)}`;
    const rule = this.#made.get(key) ?? ruleNamed(name, impactPerEth(gain, this.#agents));
    this.#made.set(key, rule);
    return rule;
  }
}
