import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { parseProject } from "./ast.ts";
import { findMutants, type Mutant } from "./findMutants.ts";
import { findFaults, keysOf } from "./survivors.ts";
import { SWITCH_FILE, SWITCH_SOURCE, switchedSource } from "./switchedSource.ts";

const SAMPLE = `pragma solidity 0.8.28;

library Rounding {
    function half(uint256 x) internal pure returns (uint256) { return x / 2; }
    function halfUp(uint256 x) internal pure returns (uint256) { return half(x + 1); }
    function ceilDiv(uint256 x, uint256 y) internal pure returns (uint256) { return (x + y - 1) / y; }
}

contract Sample {
    using Rounding for uint256;
    error TooMuch();

    constructor(uint256 x) { require(x != 0, "none"); }

    function take(uint256 a, uint256 b) external pure returns (uint256 c) {
        // a < b – is not code
        if (a.half() > b) { c = 1; revert TooMuch(); }
        if (b == 7) return a.ceilDiv(b + 1);
        string memory text = "a < b";
        c = bytes(text).length;
        assembly ("memory-safe") { c := lt(a, add(b, c)) }
        return Rounding.halfUp(c);
    }
}
`;

describe("test:mutants", () => {
  const root = mkdtempSync(join(tmpdir(), "keel-mutants-"));
  let mutants: Mutant[];
  before(() => {
    mkdirSync(join(root, "contracts"));
    writeFileSync(join(root, "contracts/Sample.sol"), SAMPLE);
    mutants = findMutants(parseProject(root, ["contracts/Sample.sol"]));
  });
  after(() => {
    rmSync(root, { recursive: true });
  });

  it("finds each require, comparison and rounding once, in code alone", () => {
    const found = mutants.map(({ line, inFunction, kind, text, becomes }) =>
      [line, inFunction, kind, text, becomes].join(" | "),
    );
    expect(found).to.deep.equal([
      "5 | halfUp | rounding | half(x + 1) | halfUp",
      "13 | constructor | never reverts | x != 0 | true",
      "13 | constructor | comparison | x != 0 | ==",
      "17 | take | never reverts | a.half() > b | false",
      "17 | take | comparison | a.half() > b | >=",
      "17 | take | rounding | a.half() | halfUp",
      "18 | take | comparison | b == 7 | !=",
      "18 | take | rounding | a.ceilDiv(b + 1) | /",
      "21 | take | comparison | lt(a, add(b, c)) | lt or eq",
      "22 | take | rounding | Rounding.halfUp(c) | half",
    ]);
  });

  it("puts all of them behind their switches in one source that compiles", () => {
    const numbered = mutants.map((mutant, i) => ({ id: i + 1, mutant }));
    const switched = switchedSource("contracts/Sample.sol", Buffer.from(SAMPLE), numbered);
    const call = "(MutantSwitch.on(6) ? a.halfUp() : a.half())";
    for (const part of [
      `require((MutantSwitch.on(2) || ((MutantSwitch.on(3) ? x == 0 : x != 0))), "none")`,
      `if ((!MutantSwitch.on(4) && ((MutantSwitch.on(5) ? ${call} >= b : ${call} > b))))`,
      "return (MutantSwitch.on(8) ? (a) / (b + 1) : a.ceilDiv(b + 1));",
      `bool mutant9 = MutantSwitch.on(9); assembly ("memory-safe") { c := xor(lt(a, add(b, c)), and(mutant9, eq(a, add(b, c)))) }`,
      "return (MutantSwitch.on(10) ? Rounding.half(c) : Rounding.halfUp(c));",
    ]) {
      expect(switched).to.contain(part);
    }
    writeFileSync(join(root, "contracts/Sample.sol"), switched);
    writeFileSync(join(root, SWITCH_FILE), SWITCH_SOURCE);
    expect(parseProject(root, ["contracts/Sample.sol"]).sources).to.have.length(1);
  });

  it("fails on a survivor nobody explained, and on an explanation nothing needs", () => {
    const [first, second, third] = keysOf([mutants[0]!, mutants[0]!, mutants[1]!]) as [
      string,
      string,
      string,
    ];
    const { file, inFunction, kind, text } = mutants[0]!;
    const explanation = { file, inFunction, kind, text, why: "" };
    const outcomes = new Map([
      [first, "killed"],
      [second, "survived"],
      [third, "survived"],
    ] as const);
    expect(findFaults([...outcomes.keys()], outcomes, [{ ...explanation, nth: 2 }])).to.deep.equal([
      `survives unexplained: ${third}`,
    ]);
    expect(
      findFaults([...outcomes.keys()], outcomes, [explanation, { ...explanation, nth: 3 }]),
    ).to.deep.equal([
      `is killed, so needs no explanation: ${first}`,
      `survives unexplained: ${second}`,
      `survives unexplained: ${third}`,
      `explains no mutant: ${first} #3`,
    ]);
  });
});
