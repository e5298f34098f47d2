import { TARGETS, type Verdict } from "../optimum/verdict.ts";

/** What the benchmark's cases come to, in words, a sentence a line. */
export function verdictSentence({
  worstSingleSign,
  worstMixed,
  isWithinTargets,
  leastLead,
  isAhead,
}: Verdict): string {
  const of = (worst: number | null, target: number, books: string) =>
    worst === null
      ? []
      : [`${(100 * worst).toFixed(2)} % on books of ${books} (target ${String(100 * target)} %)`];
  const excess = [
    ...of(worstSingleSign, TARGETS.singleSign, "one sign"),
    ...of(worstMixed, TARGETS.mixed, "mixed gamma"),
  ].join(" and ");
  const targets = `The default's largest excess is ${excess}: ${isWithinTargets ? "met" : "missed"}.`;
  if (leastLead === null) return targets;
  const { strategy, kind, book, cost, riskAversion, lead } = leastLead;
  const where = `${strategy} (${kind}) on ${book}, ${cost}, ${riskAversion.toExponential()}`;
  return `${targets}\n${
    isAhead
      ? `It is ahead of every other rule in every case, by ${(100 * lead).toFixed(2)} % of the optimum at least: ${where}.`
      : `It is not ahead in every case: ${where} costs ${(-100 * lead).toFixed(2)} % of the optimum less.`
  }`;
}
