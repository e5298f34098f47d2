import { expect } from "chai";

import { runCase, type StrategyResult } from "../../../keeper/optimum/benchmarkCase.ts";
import { BOOKS, named } from "../../../keeper/optimum/benchmarkCases.ts";
import { tune } from "../../../keeper/optimum/tune.ts";
import { judge, type MeasuredCase } from "../../../keeper/optimum/verdict.ts";
import { PolicyInputError } from "../../../keeper/math/policyInputError.ts";
import { expectNear } from "../../support/near.ts";
import { runCli } from "../utils/runCli.ts";
import { problemOf } from "./problems.ts";

describe("tuning", () => {
  it("finds the best of each parameter, from wherever it starts", async () => {
    const cost = ({ x, y }: Readonly<Record<string, number>>) =>
      Math.log(x! / 30) ** 2 + (Math.log(y! / 0.2) + 0.3 * Math.log(x! / 30)) ** 2;
    const ranges = [
      { key: "x", from: 1, to: 1000 },
      { key: "y", from: 0.01, to: 10 },
    ];
    const best = await tune({ x: 900, y: 0.01, z: 7 }, ranges, cost);
    expectNear(Math.log(best["x"]! / 30), 0, 0.25);
    expectNear(Math.log(best["y"]! / 0.2), 0, 0.25);
    expect(best["z"]).to.equal(7);
  });

  it("finds parameters that only help together", async () => {
    // A valley that neither enters alone.
    const cost = ({ x, y }: Readonly<Record<string, number>>) =>
      x! < 0.1 && y! > 10 ? 1 : x === 1 && y === 1 ? 1.5 : 2;
    const ranges = [
      { key: "x", from: 0.01, to: 1 },
      { key: "y", from: 1, to: 100 },
    ];
    const best = await tune({ x: 1, y: 1 }, ranges, cost);
    expect(best["x"]).to.be.below(0.1);
    expect(best["y"]).to.be.above(10);
  });

  it("keeps what is given where nothing is better, and never leaves a range", async () => {
    expect(await tune({ x: 5 }, [{ key: "x", from: 1, to: 10 }], () => 1)).to.deep.equal({ x: 5 });
    const seen: number[] = [];
    await tune({ x: 5 }, [{ key: "x", from: 1, to: 10 }], ({ x }) => seen.push(x!) && 1 / x!);
    expect(Math.max(...seen)).to.equal(10);
    expect(Math.min(...seen)).to.be.at.least(1);
  });
});

describe("a case of the benchmark", function () {
  this.timeout(60_000);

  it("has the default near the optimum, and the rules of others far from it, tuned or not", async () => {
    const { optimum, strategies } = await runCase({
      problem: problemOf("short call", { steps: 200, gasUsd: 32.4 }),
      strategies: ["optimal-impulse", "periodic", "whalley-wilmott"],
      paths: 30,
      isTuned: true,
    });
    expect(optimum).to.be.within(850, 950);
    expect(strategies.map(({ name, kind }) => `${name} ${kind}`)).to.deep.equal([
      "optimal-impulse published",
      "periodic published",
      "periodic tuned",
      "whalley-wilmott published",
      "whalley-wilmott tuned",
    ]);
    const [ours, ...others] = strategies;
    expect(ours!.excess).to.be.within(0, 0.012);
    for (const { excess, standardError } of others) expect(excess - 3 * standardError).to.be.above(0.3);
  });

  it("has numbers for whoever cannot bear any risk", async () => {
    const { strategies } = await runCase({
      problem: problemOf("short call", { steps: 100, gasUsd: 32.4, riskAversion: 1 }),
      ...{ strategies: ["optimal-impulse", "periodic"], paths: 5, isTuned: false },
    });
    for (const { name, excess, standardError } of strategies) {
      expect(excess, name).to.be.within(0, 1e6);
      expect(standardError, name).to.be.within(0, excess);
    }
  });

  it("refuses a strategy that is none", async () => {
    const request = { problem: problemOf("short call"), strategies: ["no-such"], paths: 1, isTuned: false };
    const refusal = await runCase(request).catch((error: unknown) => error);
    expect(refusal).to.be.instanceOf(PolicyInputError);
    expect((refusal as PolicyInputError).message).to.match(/must be of optimal-impulse/);
    expect(() => named("books", BOOKS, ["no-such"])).to.throw(PolicyInputError, "must be of short-call");
  });
});

describe("the verdict", () => {
  const measured = (isSingleSign: boolean, ...excesses: number[]): MeasuredCase => ({
    ...{
      book: "a book",
      isSingleSign,
      cost: "L2",
      gasUsd: 1,
      riskAversion: 1e-4,
      steps: 1,
      optimum: 1,
      lot: 1,
    },
    strategies: excesses.map((excess, i): StrategyResult => ({
      ...{ name: i === 0 ? "optimal-impulse" : "rival", title: "", kind: "tuned", params: {} },
      ...{ excess, standardError: 0, trades: 1 },
    })),
  });

  it("meets the targets by the worst case of each kind, and is ahead only if it is everywhere", () => {
    const good = judge([measured(true, 0.012, 0.1), measured(false, 0.02, 0.03), measured(true, 0.001, 1)]);
    expect(good).to.include({
      worstSingleSign: 0.012,
      worstMixed: 0.02,
      isWithinTargets: true,
      isAhead: true,
    });
    expect(good.leastLead!.strategy).to.equal("rival");
    expectNear(good.leastLead!.lead, 0.01, 1e-12);
    expect(judge([measured(true, 0.0121, 1)]).isWithinTargets).to.equal(false);
    expect(judge([measured(false, 0.0201, 1)]).isWithinTargets).to.equal(false);
    expect(judge([measured(true, 0.01, 0.5), measured(true, 0.01, 0.009)]).isAhead).to.equal(false);
    expect(judge([measured(true, 0.01)])).to.include({ leastLead: null, isAhead: true, worstMixed: null });
  });
});

describe("keeper benchmark", function () {
  this.timeout(120_000);
  const quick = ["benchmark", "--books", "short-call,butterfly", "--costs", "30-gwei", "--aversions", "1e-4"];

  it("prints the same JSON whatever the number of threads", async () => {
    const args = [...quick, "--steps", "120", "--paths", "10", "--strategies", "time", "--json", "-"];
    const [one, two] = await Promise.all(["1", "2"].map((n) => runCli([...args, "--workers", n])));
    expect(one!.stdout).to.equal(two!.stdout);
    const { cases, verdict } = JSON.parse(one!.stdout) as {
      cases: MeasuredCase[];
      verdict: { worstMixed: number };
    };
    expect(cases.map(({ book }) => book)).to.deep.equal(["short-call", "butterfly"]);
    expect(cases[0]!.strategies.map(({ name }) => name)).to.deep.equal(["optimal-impulse", "time", "time"]);
    expectNear(verdict.worstMixed, cases[1]!.strategies[0]!.excess, 1e-12);
  });

  it("says in a sentence whether the targets are met", async () => {
    const { stdout, code } = await runCli([
      ...quick,
      "--steps",
      "200",
      "--paths",
      "40",
      "--strategies",
      "none",
    ]);
    expect(stdout).to.match(/Optimal impulse +│ +│ +0\.\d+ ± 0\.\d+ %/);
    expect(stdout).to.match(/The default's largest excess is 0\.\d+ % on books of one sign .*: met\./);
    expect(code).to.equal(0);
  });

  it("refuses what it does not know in one line", async () => {
    const { stderr, code } = await runCli(["benchmark", "--books", "condor"]);
    expect(stderr).to.match(/^benchmark: --books must be of short-call, .*, got condor\n$/);
    expect(code).to.equal(2);
    for (const flags of [
      "--aversions x",
      "--aversions 1e-4,1e10",
      "--paths 1",
      "--steps 1",
      "--kappa 1e300",
    ]) {
      const [flag] = flags.split(" ");
      const { stdout, ...refused } = await runCli(["benchmark", ...flags.split(" ")]);
      expect({ code: refused.code, stdout }, flags).to.deep.equal({ code: 2, stdout: "" });
      expect(refused.stderr, flags).to.match(new RegExp(`^error: option '${flag!} [^\\n]+\\n$`));
    }
  });
});
