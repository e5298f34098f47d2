import { createHash } from "node:crypto";

import { Random } from "../math/random.ts";
import { PHASE_BITS } from "../strategy/jitter.ts";
import { simulate } from "./engine.ts";
import { pricePath, type PricePath } from "./pricePath.ts";
import type { StrategyRun } from "./result.ts";
import { ENGINE_VERSION, type Scenario } from "./scenario.ts";
import { makeStrategy, type StrategyChoice } from "./strategyList.ts";

/** One strategy on one path: the unit that workers share. */
export interface SweepJob {
  readonly strategy: StrategyChoice;
  readonly path: number;
  /** The most samples of its series. */
  readonly points: number;
}

/** Digest of a scenario, which names it. */
export function scenarioKey(scenario: Scenario): string {
  return digest(scenario);
}

/**
 * Digest of all a job's result rests on, the code included.
 * @param scenario Its key. @param build Of the keeper's code.
 */
export function jobKey(scenario: string, { strategy, path, points }: SweepJob, build: string): string {
  const params = Object.entries(strategy.params).sort(([a], [b]) => (a < b ? -1 : 1));
  return digest([ENGINE_VERSION, build, scenario, strategy.label, strategy.name, params, path, points]);
}

function digest(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex");
}

/** A strategy with jitter is another vault's on every path, unless its phase is given: its draws would be the same on all. */
function withPhase(choice: StrategyChoice, seed: number, path: number): StrategyChoice {
  const { jitter, phase } = choice.params;
  if (jitter === undefined || phase !== undefined) return choice;
  const drawn = Math.floor(new Random(seed, `phase ${String(path)}`).uniform() * 2 ** PHASE_BITS);
  return { ...choice, params: { ...choice.params, phase: drawn } };
}

/** Makes the runs of one scenario; the last path is kept, as jobs of a path come one after the other. */
export class JobRunner {
  readonly #scenario: Scenario;
  #path: { readonly index: number; readonly prices: PricePath } | null = null;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
  }

  /** The same job, the same result, wherever and after whatever it is made. */
  run({ strategy: choice, path, points }: SweepJob): StrategyRun {
    const { prices, step, seed, riskAversion } = this.#scenario;
    if (this.#path?.index !== path) this.#path = { index: path, prices: pricePath(prices, step, seed, path) };
    const strategy = makeStrategy(withPhase(choice, seed, path), { riskAversion });
    const run = simulate(this.#scenario, this.#path.prices, strategy, { points });
    return {
      strategy: { name: strategy.name, params: strategy.params },
      label: choice.label,
      path,
      ...run,
    };
  }
}
