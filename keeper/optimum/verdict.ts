import type { StrategyResult } from "./benchmarkCase.ts";

/** The strategy that is held to the targets. */
export const DEFAULT = "optimal-impulse";
/** Excess over the optimum that the default may have, as parts of it. */
export const TARGETS = { singleSign: 0.012, mixed: 0.02 } as const;

/** One case as the benchmark reports it. */
export interface MeasuredCase {
  readonly book: string;
  readonly isSingleSign: boolean;
  readonly cost: string;
  /** USD a trade. */
  readonly gasUsd: number;
  /** 1/USD. */
  readonly riskAversion: number;
  readonly steps: number;
  /** Certainty-equivalent friction, USD. */
  readonly optimum: number;
  /** ETH. */
  readonly lot: number;
  readonly strategies: readonly StrategyResult[];
}

/** What all cases come to. Excesses are parts of the optimum's friction. */
export interface Verdict {
  /** The default's largest excess on books of one sign of gamma, and on the others; null without such a book. */
  readonly worstSingleSign: number | null;
  readonly worstMixed: number | null;
  readonly isWithinTargets: boolean;
  /** The least lead of the default over another strategy in any case; null without another. */
  readonly leastLead: {
    readonly strategy: string;
    readonly kind: StrategyResult["kind"];
    readonly book: string;
    readonly cost: string;
    readonly riskAversion: number;
    readonly lead: number;
  } | null;
  readonly isAhead: boolean;
}

/** Judges the default: within the targets in every case, and ahead of every other strategy, published and tuned, in each. */
export function judge(cases: readonly MeasuredCase[]): Verdict {
  const excessOf = ({ strategies }: MeasuredCase): number =>
    strategies.find(({ name }) => name === DEFAULT)?.excess ?? NaN;
  const worst = (isSingleSign: boolean): number | null => {
    const excesses = cases.filter((each) => each.isSingleSign === isSingleSign).map(excessOf);
    return excesses.length === 0 ? null : Math.max(...excesses);
  };
  const worstSingleSign = worst(true);
  const worstMixed = worst(false);

  let leastLead: Verdict["leastLead"] = null;
  for (const each of cases) {
    const { book, cost, riskAversion } = each;
    for (const { name, kind, excess } of each.strategies) {
      const lead = excess - excessOf(each);
      if (name === DEFAULT || (leastLead !== null && lead >= leastLead.lead)) continue;
      leastLead = { strategy: name, kind, book, cost, riskAversion, lead };
    }
  }
  return {
    worstSingleSign,
    worstMixed,
    isWithinTargets: (worstSingleSign ?? 0) <= TARGETS.singleSign && (worstMixed ?? 0) <= TARGETS.mixed,
    leastLead,
    isAhead: leastLead === null || leastLead.lead > 0,
  };
}
