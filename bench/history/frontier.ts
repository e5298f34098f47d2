/** What a rule came to with one parameter. USD. */
export interface Outcome {
  readonly value: number;
  readonly costUsd: number;
  readonly riskUsd: number;
}

/**
 * What a rule's cost would have been at a given risk, USD, had its parameter been chosen afterwards: the least of any parameter
 * with no more risk, and over stretches between neighbouring ones that span it, evenly in logarithms; null where all risk more.
 */
export function costAtRisk(outcomes: readonly Outcome[], riskUsd: number): number | null {
  const sorted = [...outcomes].sort((one, other) => one.value - other.value);
  const within = sorted.filter((outcome) => outcome.riskUsd <= riskUsd).map(({ costUsd }) => costUsd);
  let least: number | null = within.length === 0 ? null : Math.min(...within);
  for (let i = 1; i < sorted.length; i++) {
    const [one, other] = [sorted[i - 1]!, sorted[i]!];
    const [low, high] = one.riskUsd <= other.riskUsd ? [one, other] : [other, one];
    if (
      riskUsd < low.riskUsd ||
      riskUsd > high.riskUsd ||
      !(low.costUsd > 0 && high.costUsd > 0 && low.riskUsd > 0)
    )
      continue;
    const span = Math.log(high.riskUsd / low.riskUsd);
    const weight = span > 0 ? Math.log(riskUsd / low.riskUsd) / span : 0;
    const cost = low.costUsd * (high.costUsd / low.costUsd) ** weight;
    least = least === null ? cost : Math.min(least, cost);
  }
  return least;
}
