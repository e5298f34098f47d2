import { readFileSync } from "node:fs";

import type { Mutant, MutationKind } from "./findMutants.ts";
import type { Status } from "./judge.ts";

/** Why no test can tell a mutant from the original. */
export interface Explanation {
  readonly file: string;
  readonly inFunction: string;
  readonly kind: MutationKind;
  readonly text: string;
  /** Which of several alike in one function, from 1. */
  readonly nth?: number;
  readonly why: string;
}

const FILE = new URL("survivors.json", import.meta.url);

export function readExplanations(): Explanation[] {
  return JSON.parse(readFileSync(FILE, "utf8")) as Explanation[];
}

/** Names that stay when lines move: file, function, kind and text, and which of several alike. In the mutants' order. */
export function keysOf(mutants: readonly Mutant[]): string[] {
  const seen = new Map<string, number>();
  return mutants.map((mutant) => {
    const key = keyOf(mutant);
    const nth = (seen.get(key) ?? 0) + 1;
    seen.set(key, nth);
    return nth === 1 ? key : `${key} #${String(nth)}`;
  });
}

/**
 * What is wrong with a run: survivors nobody has explained, explanations of mutants that died, and those of none.
 * @param all Keys of every mutant of the files looked at.
 * @param outcomes By key, of the mutants that ran.
 */
export function findFaults(
  all: readonly string[],
  outcomes: ReadonlyMap<string, Status>,
  explanations: readonly Explanation[],
): string[] {
  const explained = new Set(explanations.map(explanationKey));
  const faults: string[] = [];
  for (const [key, status] of outcomes) {
    if (status === "survived" && !explained.has(key)) faults.push(`survives unexplained: ${key}`);
    if (status !== "survived" && explained.has(key))
      faults.push(`is killed, so needs no explanation: ${key}`);
  }
  const known = new Set(all);
  for (const key of explained) if (!known.has(key)) faults.push(`explains no mutant: ${key}`);
  return faults;
}

function explanationKey(explanation: Explanation): string {
  const { nth = 1 } = explanation;
  return nth === 1 ? keyOf(explanation) : `${keyOf(explanation)} #${String(nth)}`;
}

function keyOf(of: Pick<Mutant, "file" | "inFunction" | "kind" | "text">): string {
  return `${of.file} ${of.inFunction} [${of.kind}] ${of.text}`;
}
