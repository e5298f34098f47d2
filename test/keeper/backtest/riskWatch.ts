import { expect } from "chai";
import { readFileSync } from "node:fs";

import { simulate } from "../../../keeper/backtest/engine.ts";
import { readRiskSettings } from "../../../keeper/backtest/inputs/riskFile.ts";
import type { BacktestFile } from "../../../keeper/backtest/result.ts";
import type { Scenario } from "../../../keeper/backtest/scenario.ts";
import { AT_EASE } from "../../../keeper/risk/riskState.ts";
import { optimalImpulse } from "../../../keeper/strategy/optimalImpulse.ts";
import type { DecisionInput, Strategy } from "../../../keeper/strategy/types.ts";
import { withLimits } from "../../../keeper/strategy/withLimits.ts";
import { expectNear } from "../../support/near.ts";
import { costs, DAY, holding, rule, said, scenario, START } from "../utils/backtestScenarios.ts";
import { runCli } from "../utils/runCli.ts";
import { scratch } from "../utils/scratch.ts";

const SETTINGS = readRiskSettings(null);
/** Ten hours of nothing, two in which a third is lost, and two days of nothing. */
const CRASH = Array.from({ length: 10 * 12 + 24 + 48 * 12 }, (_, index) => {
  const fallen = Math.min(24, Math.max(0, index - 120)) / 24;
  return 3000 * (1 - fallen / 3);
});
const world = (changes: Partial<Scenario> = {}) =>
  scenario({
    ...{ step: 300, check: 300, risk: SETTINGS },
    limits: { delta: 0.2, minDrift: 0, maxAge: DAY, gamma: null, vega: null },
    ...changes,
  });

/** A rule beside which there is a risk state. */
const watched = (decide: Strategy["decide"]): Strategy => ({ ...rule(decide), isLimited: true });

describe("the risk state in a backtest", () => {
  const files = scratch();

  /** What a strategy is given in a crash, and what comes of it. */
  function seenIn(changes: Partial<Scenario> = {}) {
    const seen: DecisionInput[] = [];
    const strategy = watched((input) => {
      seen.push({ ...input });
      return holding(input);
    });
    const { risk } = simulate(world(changes), said(CRASH, 300), strategy);
    return { seen, risk };
  }

  it("tightens what strategies are given while the price falls, as the live one does, and lets go again", () => {
    const { seen, risk } = seenIn();
    expect(risk!.length).to.be.greaterThan(2);
    expect(risk![0]).to.deep.include({ from: AT_EASE.level });
    for (const [index, { to, at, why }] of risk!.entries()) {
      expect(why).to.not.equal("");
      expect(at - START).to.be.within(120 * 300, CRASH.length * 300);
      if (index > 0) expect(risk![index]!.from).to.equal(risk![index - 1]!.to);
      const { limits, caution } = seen.find(({ timestamp }) => timestamp === at)!;
      const { cautious, defensive } = SETTINGS.tighten;
      const part = to === "normal" ? 1 : to === "cautious" ? cautious.delta : defensive.delta;
      expectNear(limits.delta, 0.2 * part, 1e-12);
      const isCareful = to === "defensive" || to === "halt";
      expect(caution?.riskAversion).to.equal(isCareful ? defensive.riskAversion : undefined);
      expect(caution?.reduceOnly ?? false).to.equal(to === "halt");
    }
    expect(risk!.some(({ to }) => to === "defensive" || to === "halt")).to.equal(true);
    expect(risk!.at(-1)!.to).to.equal("normal");
    expect(seen.at(-1)!.limits.delta).to.equal(0.2);
  });

  it("is the same with impact and without, and shows strategies the impact there is", () => {
    const { seen, risk } = seenIn({ costs: costs({ kappa: 0.01 }) });
    expect(risk).to.deep.equal(seenIn().risk);
    expect(new Set(seen.map(({ kappa }) => kappa))).to.deep.equal(new Set([0.01]));
    expect(seenIn().seen[0]!.kappa).to.equal(0);
  });

  it("knows of a venue that may liquidate, and of a pool away from the oracle", () => {
    const calm = said(
      Array.from({ length: 50 }, (_, index) => (index < 25 ? 3000 : 3100)),
      300,
    );
    const whyOf = (changes: Partial<Scenario>) =>
      (simulate(world(changes), calm, watched(holding)).risk ?? []).map(({ why }) => why).join();
    // Of a long book the hedge is short: of 1.45 times the debt 78 % count.
    const margin = {
      ...{ collateralRatio: 1.45, liquidationThreshold: 0.78 },
      ...{ trigger: 0.1, closeFactor: 0.5, penalty: 0 },
    };
    const book = {
      ...{ name: "long", rolls: false },
      entries: [{ type: "call" as const, strikeRatio: 1, tau: 30 / 365, quantity: 1 }],
    };
    expect(whyOf({ margin, book })).to.match(/margin trigger over distance to liquidation rose to 0\.763/);
    expect(whyOf({ oracle: { deviation: 0.5, heartbeat: DAY } })).to.match(
      /the gap of pool and oracle rose to 0\.0333/,
    );
    expect(whyOf({ book })).to.not.match(/margin|gap/);
  });

  it("makes the default trade sooner in a crash, and changes nothing where it is not asked for", () => {
    const strategy = withLimits(optimalImpulse({ riskAversion: 1e-4 }));
    const bare = world({ costs: costs({ gasUnits: 500_000 }) });
    delete (bare as { risk?: unknown }).risk;
    const play = (one: Scenario) => simulate(one, said(CRASH, 300), strategy);
    const without = play(bare);
    expect(without.risk).to.equal(undefined);
    const careful = play({ ...bare, risk: SETTINGS });
    expect(careful.totals.trades).to.be.greaterThan(without.totals.trades);
    expect(careful.totals.riskUsd).to.be.lessThan(without.totals.riskUsd);
  });

  it("is beside what keeps to limits, and no rule of others", () => {
    const limitsOf = (make: typeof watched) => {
      const seen = new Set<number>();
      const strategy = make((input) => {
        seen.add(input.limits.delta);
        return holding(input);
      });
      return { risk: simulate(world(), said(CRASH, 300), strategy).risk, seen };
    };
    const other = limitsOf(rule);
    expect(other.risk).to.equal(undefined);
    expect([...other.seen]).to.deep.equal([0.2]);
    expect(limitsOf(watched).seen.size).to.be.greaterThan(1);
  });

  it("is told of for each strategy that has it, as are the limits", async () => {
    const play = async (strategy: string, ...more: readonly string[]) => {
      const args = [
        "backtest",
        "--model",
        "jumps",
        "--days",
        "20",
        "--step",
        "300",
        "--paths",
        "2",
        "--risk",
      ];
      const { code, stdout } = await runCli([...args, "--strategy", strategy, ...more], "", {
        DATABASE_URL: "",
      });
      expect(code).to.equal(0);
      return stdout;
    };
    const json = files.at("risk.json");
    const both = "optimal-impulse,time,band-to-edge";
    const limits = ["--delta-limit", "5", "--max-age", "86400", "--json", json];
    const [table, none] = await Promise.all([play(both, ...limits), play("band-to-edge,crab-v1")]);
    const { made, runs } = JSON.parse(readFileSync(json, "utf8")) as BacktestFile;
    const meanOf = (name: string) => {
      const counts = runs.filter(({ label }) => label === name).map(({ risk }) => risk!.length);
      expect(counts).to.have.length(2);
      return (counts[0]! + counts[1]!) / 2;
    };
    const [own, timed] = [meanOf("optimal-impulse"), meanOf("time")];
    expect(own).to.be.greaterThan(0);
    expect(runs.some(({ label, risk }) => label === "band-to-edge" && risk !== undefined)).to.equal(false);
    expect(table.split("\n")).to.include(
      `Changes of the risk state, mean of a path: optimal-impulse ${own.toFixed(1)}, time ${timed.toFixed(1)}. ` +
        "The rules of others have no risk state.",
    );
    const whose = "for the strategies that run live, not for the rules of others";
    expect(made).to.include({
      limits: `|drift| 5 ETH, age 86400 s; ${whose}`,
      risk: `as the live keeper's defaults have it; ${whose}`,
    });
    expect(none.split("\n")).to.include("These rules of others have no risk state.");
  });

  it("takes its settings from a file, and names what is wrong with them", async () => {
    const never = files.write(
      "never.json",
      JSON.stringify({ volatility: { cautious: 1e6, defensive: 1e7 } }),
    );
    expect(seenIn({ risk: readRiskSettings(never) }).risk!.length).to.be.lessThan(seenIn().risk!.length);
    const refused = async (text: string | null) => {
      const file = text === null ? "no.json" : files.write("bad.json", text);
      const args = ["backtest", "--model", "gbm", "--days", "1", "--strategy", "time", "--risk", file];
      const { code, stdout, stderr } = await runCli(args, "", { DATABASE_URL: "" });
      expect({ code, stdout }).to.deep.equal({ code: 2, stdout: "" });
      return stderr;
    };
    expect(await refused(null)).to.equal("backtest: --risk no.json does not exist\n");
    expect(await refused("{")).to.match(/^backtest: --risk \S+ cannot be read: [^\n]+\n$/);
    expect(await refused('{"dwell": -1}')).to.match(/^backtest: --risk \S+: dwell: [^\n]+\n$/);
    expect(await refused('{"mood": 1}')).to.match(/^backtest: --risk \S+: mood: [^\n]+\n$/);
  });
});
