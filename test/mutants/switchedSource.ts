import { dirname, relative } from "node:path";

import type { Range } from "./ast.ts";
import type { Mutant } from "./findMutants.ts";

/** Where the switch goes. */
export const SWITCH_FILE = "contracts/MutantSwitch.sol";

/** Far from precompiles and from every address in use. */
const SWITCH_BASE = 0x4b65656c4d757400000000n;

/** The coinbase under which the mutant of this number is on. 0 is none. */
export function coinbaseOf(id: number): string {
  return `0x${(SWITCH_BASE + BigInt(id)).toString(16).padStart(40, "0")}`;
}

/**
 * Tells which mutant is on by the block's coinbase: what a test cannot move by chance, no snapshot undoes, and costs 2 gas.
 * Pure functions carry mutants too, hence the cast.
 */
export const SWITCH_SOURCE = `// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

library MutantSwitch {
    function on(uint256 id) internal pure returns (bool) {
        function(uint256) view returns (bool) read = _on;
        function(uint256) pure returns (bool) asPure;
        assembly ("memory-safe") {
            asPure := read
        }
        return asPure(id);
    }

    function _on(uint256 id) private view returns (bool isOn) {
        assembly ("memory-safe") {
            isOn := eq(coinbase(), add(${String(SWITCH_BASE)}, id))
        }
    }
}
`;

interface Numbered {
  readonly id: number;
  readonly mutant: Mutant;
}

/**
 * A source with all of its mutants, each off until its number is on: one compilation serves them all.
 * @param mutants Those of this file with their numbers, in the order of the text, outer before inner.
 */
export function switchedSource(file: string, text: Buffer, mutants: readonly Numbered[]): string {
  const flags = new Map<number, string>();
  for (const { id, mutant } of mutants) {
    if (mutant.form.type !== "yul") continue;
    const { before } = mutant.form;
    flags.set(
      before,
      `${flags.get(before) ?? ""}bool mutant${String(id)} = MutantSwitch.on(${String(id)}); `,
    );
  }

  /** The text of `range` with the mutants inside it, less those not after `from` in the list. */
  const render = (range: Range, within: readonly Numbered[]): string => {
    let [result, at] = ["", range.start];
    const copyTo = (end: number) => {
      for (const [before, flag] of [...flags].sort(([a], [b]) => a - b)) {
        if (before < at || before >= end) continue;
        result += text.subarray(at, before).toString("utf8") + flag;
        at = before;
      }
      result += text.subarray(at, end).toString("utf8");
      at = end;
    };
    for (const [index, one] of within.entries()) {
      if (one.mutant.range.start < at || one.mutant.range.end > range.end) continue;
      copyTo(one.mutant.range.start);
      result += renderMutant(one, within.slice(index + 1));
      at = one.mutant.range.end;
    }
    copyTo(range.end);
    return result;
  };

  const renderMutant = ({ id, mutant }: Numbered, rest: readonly Numbered[]): string => {
    const { range, form } = mutant;
    const inner = rest.filter(
      ({ mutant: other }) => other.range.start >= range.start && other.range.end <= range.end,
    );
    const on = `MutantSwitch.on(${String(id)})`;
    const original = render(range, inner);
    switch (form.type) {
      case "force":
        return form.value ? `(${on} || (${original}))` : `(!${on} && (${original}))`;
      case "replace": {
        const before = render({ start: range.start, end: form.at.start }, inner);
        const after = render({ start: form.at.end, end: range.end }, inner);
        return `(${on} ? ${before}${form.by}${after} : ${original})`;
      }
      case "operator":
        return `(${on} ? (${render(form.left, inner)}) ${form.operator} (${render(form.right, inner)}) : ${original})`;
      case "append":
        return `(${on} ? ${original.slice(0, -1)}, ${form.argument}) : ${original})`;
      case "yul": {
        const equal = `eq(${render(form.left, inner)}, ${render(form.right, inner)})`;
        const flip = mutant.text.startsWith("eq") ? "1" : equal;
        return `xor(${original}, and(mutant${String(id)}, ${flip}))`;
      }
    }
  };

  const body = render({ start: 0, end: text.length }, mutants);
  if (mutants.length === 0) return body;
  const path = relative(dirname(file), SWITCH_FILE);
  const imported = `import {MutantSwitch} from "${path.startsWith(".") ? path : `./${path}`}";`;
  return body.replace(/^pragma solidity [^;]*;$/m, (pragma) => `${pragma}\n${imported}`);
}
