import { CATALOGUE, strategyNamed, type CatalogueEntry } from "../competitors/catalogue.ts";
import { PolicyInputError } from "../math/policyInputError.ts";
import { gridFor } from "./gridFor.ts";
import { buildLattice } from "./lattice.ts";
import { solveOptimum } from "./optimum.ts";
import type { HedgingProblem } from "./problem.ts";
import { strategyRegret, type Regret } from "./regret.ts";
import { tune } from "./tune.ts";

/** Tuning looks at paths of its own, so that nothing is judged on what it was chosen by. */
const TUNING_SEED = 1;
const TUNING_PATHS = 60;
const MEASURING_SEED = 2;

export interface CaseRequest {
  readonly problem: HedgingProblem;
  /** Of the catalogue. */
  readonly strategies: readonly string[];
  readonly paths: number;
  /** Whether to measure each also with the parameters that are best here. */
  readonly isTuned: boolean;
}

/** A strategy in one case. */
export interface StrategyResult {
  readonly name: string;
  readonly title: string;
  readonly kind: "published" | "tuned";
  readonly params: Readonly<Record<string, number>>;
  /** Certainty-equivalent friction above the optimum's, as a part of it. */
  readonly excess: number;
  readonly standardError: number;
  /** A path, on average. */
  readonly trades: number;
}

export interface CaseResult {
  /** The optimum's certainty-equivalent friction, USD. */
  readonly optimum: number;
  /** Lot of the hedge, ETH. */
  readonly lot: number;
  readonly strategies: readonly StrategyResult[];
}

/** Solves a case and measures strategies against it. @throws {PolicyInputError} for a strategy that is none. */
export async function runCase({ problem, strategies, paths, isTuned }: CaseRequest): Promise<CaseResult> {
  const lattice = buildLattice(problem);
  const grid = gridFor(problem, lattice);
  const { friction, values } = solveOptimum(problem, lattice, grid, true);
  const context = { riskAversion: problem.riskAversion };

  const measure = (
    name: string,
    params: Readonly<Record<string, number>>,
    seed: number,
    count: number,
  ): Regret =>
    strategyRegret(strategyNamed(name, params, context), {
      problem,
      lattice,
      grid,
      values: values!,
      paths: count,
      seed,
    });
  const result = (
    { name, title }: CatalogueEntry,
    kind: StrategyResult["kind"],
    params: Readonly<Record<string, number>>,
  ): StrategyResult => {
    const { regret, standardError, trades } = measure(name, params, MEASURING_SEED, paths);
    return {
      name,
      title,
      kind,
      params,
      excess: regret / friction,
      standardError: standardError / friction,
      trades,
    };
  };

  const results: StrategyResult[] = [];
  for (const name of strategies) {
    const entry = entryOf(name);
    results.push(result(entry, "published", entry.defaults));
    // Everybody is told the true risk aversion.
    const ranges = entry.tunable.filter(({ key }) => key !== "riskAversion");
    if (!isTuned || ranges.length === 0) continue;
    const best = await tune(
      entry.defaults,
      ranges,
      (params) => measure(name, params, TUNING_SEED, TUNING_PATHS).regret,
    );
    results.push(result(entry, "tuned", best));
  }
  return { optimum: friction, lot: grid.lot, strategies: results };
}

function entryOf(name: string): CatalogueEntry {
  const entry = CATALOGUE.find((each) => each.name === name);
  if (entry === undefined) {
    const names = CATALOGUE.map((each) => each.name).join(", ");
    throw new PolicyInputError("strategies", `must be of ${names}, got ${name}`);
  }
  return entry;
}
