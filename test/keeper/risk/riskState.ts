import { expect } from "chai";
import fc from "fast-check";

import type { RiskFacts } from "../../../keeper/risk/riskFacts.ts";
import { rankOf, RISK_LEVELS, type RiskLevel } from "../../../keeper/risk/riskRules.ts";
import { AT_EASE, nextState, type RiskState } from "../../../keeper/risk/riskState.ts";
import { calmAt, noisyFacts, RISK, states } from "../utils/riskFacts.ts";

const levelsOf = (all: readonly RiskState[]) => all.map(({ level }) => level);
/** Where each level begins: what differs from the one before. */
const changes = (all: readonly RiskState[]) =>
  [AT_EASE, ...all].flatMap(({ level, since }, at, list) =>
    at > 0 && level !== list[at - 1]!.level ? [{ from: list[at - 1]!.level, to: level, since: since! }] : [],
  );
const every = (step: number, until: number, facts: Partial<RiskFacts> = {}, from = 0) =>
  Array.from({ length: Math.floor((until - from) / step) }, (_, index) =>
    calmAt(from + (index + 1) * step, facts),
  );

describe("the risk state", () => {
  it("stays normal in a calm market", () => {
    expect(new Set(levelsOf(states(every(12, 3600))))).to.deep.equal(new Set(["normal"]));
  });

  const drivers: [string, keyof RiskFacts, readonly [number, RiskLevel][], RegExp][] = [
    [
      "the odds of a breach",
      "breach",
      [
        [0.0099, "normal"],
        [0.01, "cautious"],
        [0.05, "defensive"],
        [0.5, "halt"],
      ],
      /^the odds of a breach rose to 0\.05, from 0: defensive from 0\.05$/,
    ],
    [
      "volatility, which alone never halts",
      "volatility",
      [
        [1.99, "normal"],
        [2, "cautious"],
        [3, "defensive"],
        [50, "defensive"],
      ],
      /^realised over implied volatility rose to 3, from 0\.8: defensive from 3$/,
    ],
    [
      "depth",
      "thinness",
      [
        [1.99, "normal"],
        [2, "cautious"],
        [4, "defensive"],
        [20, "halt"],
      ],
      /^usual over present depth rose to 4, from 1: defensive from 4$/,
    ],
    [
      "the gap of pool and oracle",
      "gap",
      [
        [0.0099, "normal"],
        [0.01, "cautious"],
        [0.02, "defensive"],
        [0.05, "halt"],
      ],
      /^the gap of pool and oracle rose to 0\.02, from 0\.001: defensive from 0\.02$/,
    ],
    [
      "margin",
      "margin",
      [
        [0.74, "normal"],
        [0.75, "cautious"],
        [0.95, "defensive"],
        [2, "halt"],
      ],
      /^margin trigger over distance to liquidation rose to 0\.95, from 0\.5: defensive from 0\.95$/,
    ],
  ];
  for (const [name, fact, steps, why] of drivers) {
    it(`is driven by ${name}`, () => {
      for (const [value, level] of steps) {
        const [, state] = states([calmAt(0), calmAt(12, { [fact]: value })]);
        expect(state!.level, `${fact} ${String(value)}`).to.equal(level);
        expect(state!.since).to.equal(level === "normal" ? null : calmAt(12).at);
        if (level === "defensive" && value === steps[2]![0]) expect(state!.why).to.match(why);
      }
    });
  }

  it("is driven by the oracle: cautious while it is not open, halted while it is stale", () => {
    const [closed, stale] = [{ open: false }, { fresh: false, open: false }];
    expect(states([calmAt(0, closed)])[0]).to.include({
      level: "cautious",
      why: "the oracle is fit only for less drift or debt",
    });
    expect(states([calmAt(0, stale)])[0]).to.include({ level: "halt", why: "the oracle's price is stale" });
  });

  it("names every fact that asks for a level", () => {
    const [state] = states([calmAt(0, { gap: 0.03, volatility: 4, open: false })]);
    expect(state!.why).to.equal(
      "realised over implied volatility rose to 4: defensive from 3; the gap of pool and oracle rose to 0.03: defensive from 0.02",
    );
  });

  it("tightens at once, however far", () => {
    const all = states([calmAt(0), calmAt(12, { breach: 0.02 }), calmAt(24, { breach: 0.9 })]);
    expect(levelsOf(all)).to.deep.equal(["normal", "cautious", "halt"]);
  });

  it("relaxes one level at a time, each after the dwell", () => {
    const all = states([calmAt(0, { breach: 0.9 }), ...every(12, 3 * 1800 + 60)]);
    expect(changes(all).map(({ from, to, since }) => [from, to, since - calmAt(0).at])).to.deep.equal([
      ["normal", "halt", 0],
      // The first calm look begins the count.
      ["halt", "defensive", 12 + 1800],
      ["defensive", "cautious", 12 + 1800 + 12 + 1800],
      ["cautious", "normal", 3 * (12 + 1800)],
    ]);
    expect(all.at(-1)!.why).to.match(
      /^calm for 1800 s: the odds of a breach 0, below 0\.0025; realised over implied volatility 0\.8, below 1\.4; /,
    );
  });

  it("is held by a fact between its two thresholds", () => {
    const between = { volatility: 2.5 };
    const held = states([calmAt(0, { volatility: 3 }), ...every(12, 7200, between)]);
    expect(held.at(-1)!.level).to.equal("defensive");
    const [last] = states(every(12, 9012, { volatility: 2.09 }, 7200), held.at(-1)).slice(-1);
    // Below 0.7 · 3, but not below 0.7 · 2.
    expect(last!.level).to.equal("cautious");
  });

  it("begins its dwell again at every look that is not calm", () => {
    const broken = [...every(12, 1200), calmAt(1212, { gap: 0.009 }), ...every(12, 3000, {}, 1212)];
    const all = states([calmAt(0, { gap: 0.01 }), ...broken]);
    expect(all.at(-1)!.level).to.equal("cautious");
    expect(states([calmAt(3012), calmAt(3024), calmAt(3036)], all.at(-1)).at(-1)!.level).to.equal("normal");
  });

  it("does not take an outage for a calm: one look after it is not enough", () => {
    const [raised] = states([calmAt(0, { breach: 0.9 })]);
    const later = states(
      [86_400, 86_412, 86_424].map((seconds) => calmAt(seconds)),
      raised,
    );
    expect(levelsOf(later)).to.deep.equal(["halt", "halt", "halt"]);
    // Hourly looks count for a third of the dwell each.
    const hourly = states(every(3600, 6 * 3600), raised);
    expect(levelsOf(hourly)).to.deep.equal(["halt", "halt", "halt", "defensive", "defensive", "defensive"]);
  });

  it("neither relaxes nor tightens on a fact that is not a number", () => {
    const all = states([calmAt(0, { gap: 0.01 }), ...every(12, 7200, { volatility: NaN })]);
    expect(new Set(levelsOf(all))).to.deep.equal(new Set(["cautious"]));
  });

  it("takes a block of before, after a reorg, without losing its count", () => {
    const all = states([calmAt(0, { gap: 0.01 }), ...every(12, 1200), calmAt(1188), calmAt(1200)]);
    expect(all.at(-1)!.calm).to.be.greaterThan(1150);
  });

  it("does not flap: transitions are bounded by the time that passes, on the noisiest facts", () => {
    let transitions = 0;
    fc.assert(
      fc.property(noisyFacts, (sequence) => {
        const all = states(sequence);
        const found = changes(all);
        const relaxed = found.filter(({ from, to }) => rankOf(to) < rankOf(from));
        const passed = sequence.at(-1)!.at - sequence[0]!.at;
        expect(relaxed.length).to.be.at.most(passed / RISK.dwell);
        expect(found.length).to.be.at.most(2 * relaxed.length + RISK_LEVELS.length - 1);
        for (const { from, to } of relaxed) expect(rankOf(from) - rankOf(to)).to.equal(1);
        for (const [index, { since }] of found.entries()) {
          const next = found[index + 1];
          const isRelaxation = next !== undefined && rankOf(next.to) < rankOf(next.from);
          if (isRelaxation) expect(next.since - since).to.be.at.least(RISK.dwell);
        }
        transitions += found.length;
      }),
      { numRuns: 300 },
    );
    expect(transitions).to.be.greaterThan(300);
  });

  it("is never below what a fact asks for", () => {
    fc.assert(
      fc.property(noisyFacts, (sequence) => {
        for (const { level, facts } of states(sequence)) {
          const alone = nextState(AT_EASE, facts!, RISK).level;
          expect(rankOf(level)).to.be.at.least(rankOf(alone));
        }
      }),
      { numRuns: 100 },
    );
  });

  it("is a fold: cut anywhere and taken up from JSON, it makes the same transitions", () => {
    fc.assert(
      fc.property(noisyFacts, fc.nat(), (sequence, cut) => {
        const whole = states(sequence);
        const at = cut % sequence.length;
        const first = states(sequence.slice(0, at));
        const saved = JSON.parse(JSON.stringify(first.at(-1) ?? AT_EASE)) as RiskState;
        expect([...first, ...states(sequence.slice(at), saved)]).to.deep.equal(whole);
      }),
      { numRuns: 100 },
    );
  });
});
